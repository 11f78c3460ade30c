import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { parseCommand } from '../../../bin/arguments.js';
import { describeRelay } from '../../../bin/commands/introduction.js';
import { connectAs } from '../../support/client.js';
import { runCommand, shell, startServer } from '../../support/command.js';
import { folder } from '../../support/modules.js';

const { version } = JSON.parse(readFileSync(new URL('../../../../package.json', import.meta.url), 'utf8'));
const VERSIONS = `version ${version} on Node.js ${process.versions.node} (${process.platform} ${process.arch})`;

function describeCommand(...args: string[]): string[] {
  const command = parseCommand([...args, '4242']);
  if (command.kind !== 'run') throw new Error(`${args} gave ${JSON.stringify(command)}`);
  return describeRelay(command, []).map((line) => line.replace(/\d+ (file|clients)/g, 'N $1'));
}

describe('mini-serv --verbose <port>', () => {
  it('prints its address, versions, limits, files, room and transforms at the start', async () => {
    const audit = join(await folder({}), 'audit');
    const args = [
      '--verbose',
      '--max-line',
      '10K',
      '--memory',
      '1.5M',
      '--spill-limit',
      '2G',
      '-t',
      'no-http',
    ];
    const server = await startServer({ args: [...args, '--audit', audit], env: { TMPDIR: tmpdir() } });
    await server.stderr.until('transforms: no-http\n');
    const lines = server.stderr.text.replace(/\d+ (file|clients)/g, 'N $1').split('\n');
    expect(lines).to.deep.equal([
      `mini-serv: listening on 127.0.0.1:${server.port}; join with: mini-serv join ${server.port}, or nc 127.0.0.1 ${server.port}`,
      `mini-serv: ${VERSIONS}`,
      'mini-serv: limits: N file descriptors, N clients, lines of 10K, backlog of 1536K in memory and 2G on disk',
      `mini-serv: files: spill directory ${tmpdir()}, audit ${audit} (text), no pid file`,
      'mini-serv: room: of this relay alone',
      'mini-serv: transforms: no-http',
      '',
    ]);
  });

  it('prints the limits that are in effect', async () => {
    const limited = shell('ulimit -n 256 && exec "$@"');
    const server = await startServer({ args: ['--verbose'], command: limited });
    await server.stderr.until('transforms: none\n');
    const [, descriptors, clients] =
      /limits: (\d+) file descriptors, (\d+) clients/.exec(server.stderr.text) ?? [];
    expect(Number(descriptors)).to.equal(256);
    expect(Number(clients)).to.be.within(200, 255);
    await connectAs(server);
  });

  it('prints nothing but the fatal error if the port is not available', async () => {
    const busy = await startServer();
    const { stderr } = await runCommand(['--verbose', `${busy.port}`]);
    expect(stderr).to.match(/^Fatal error\nmini-serv: cannot listen [^\n]+\n$/);
  });
});

describe('describeRelay()', () => {
  it('names the defaults', () => {
    expect(describeCommand()).to.deep.equal([
      VERSIONS,
      'limits: N file descriptors, N clients, lines of 64M, backlog of 64M in memory and all but 10 % (at most 1G) of the disk',
      `files: spill directory ${tmpdir()}, no audit, no pid file`,
      'room: of this relay alone',
      'transforms: none',
    ]);
  });

  it('names all files, and a shared room without its credentials', () => {
    const lines = describeCommand(
      ...['--spill-dir', '/spill', '--audit', 'a.json', '--audit-format', 'json', '--pid-file', 'pid'],
      ...['--room', 'nats://user:secret@host:4222/lobby', '-t', 'log', '-t', 'filter=drop:x'],
    );
    expect(lines.slice(2)).to.deep.equal([
      'files: spill directory /spill, audit a.json (json), pid file pid',
      'room: nats://***@host:4222/lobby',
      'transforms: log, filter=drop:x',
    ]);
  });
});
