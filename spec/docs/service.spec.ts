import { chmodSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { connectAs } from '../support/client.js';
import { serverCommand, startServer } from '../support/command.js';
import { folder } from '../support/modules.js';
import { freePort, isListening } from '../support/ports.js';
import { isAlive, killAfterTest } from '../support/proc.js';
import { startProgram } from '../support/program.js';
import { eventually } from '../support/waiting.js';
import { relayed } from '../support/wire.js';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const PAGE = readFileSync(join(ROOT, 'docs/service.md'), 'utf8');

const COMMANDS = [...PAGE.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].flatMap(([, text = '']) =>
  text.trimEnd().split('\n'),
);

describe('docs/service.md', () => {
  it('contains no command that this file does not run, except those that need systemd as the first process', () => {
    expect(COMMANDS).to.deep.equal([
      'cp examples/systemd/mini-serv.* /etc/systemd/system/',
      'systemctl enable --now mini-serv.socket mini-serv.service',
      'nohup mini-serv --pid-file mini-serv.pid 4242 > room.log 2> mini-serv.err &',
      'until [ -s mini-serv.pid ]; do sleep 0.1; done',
      'kill "$(cat mini-serv.pid)"',
    ]);
  });

  it('shows how a script starts a relay, waits for it and ends it', async () => {
    const words = serverCommand().map((word) => `'${word}'`);
    const dir = await folder({ 'bin/mini-serv': `#!/bin/sh\nexec ${words.join(' ')} "$@"\n` });
    chmodSync(join(dir, 'bin/mini-serv'), 0o755);
    const env = { ...process.env, PATH: `${dir}/bin:${process.env.PATH}` };
    const port = await freePort();
    const [run = '', wait = '', kill = ''] = COMMANDS.slice(2);
    const script = [run.replace('4242', String(port)), wait, 'echo ready'].join('\n');
    const { output } = startProgram('sh', ['-c', script], { cwd: dir, env });
    const file = join(dir, 'mini-serv.pid');
    killAfterTest(file);
    await output.until('ready\n');
    expect(isListening(port)).to.not.equal(false);
    const a = await connectAs({ port } as never);
    const b = await connectAs({ port } as never, 1, a);
    const pid = Number(readFileSync(file, 'utf8'));
    process.kill(pid, 'SIGHUP');
    await a.send('hello\n');
    await b.until(relayed(0, 'hello'));
    startProgram('sh', ['-c', kill], { cwd: dir });
    await eventually('the end of the relay', () => !existsSync(file) && !isAlive(pid));
    expect(readFileSync(join(dir, 'room.log'), 'utf8')).to.include(relayed(0, 'hello'));
  });

  it('explains the names of the statistics that the relay prints, in their order', async () => {
    const server = await startServer();
    server.kill('SIGUSR2');
    await server.stderr.until('\n');
    const names = (line: string): string[] => [...line.matchAll(/(\w+)=/g)].map(([, name = '']) => name);
    const [, example = ''] = /^```text\n(.*)\n```$/m.exec(PAGE) ?? [];
    const [, table = ''] = /## Statistics([\s\S]*)$/.exec(PAGE) ?? [];
    const explained = [...table.matchAll(/^\| (`.*?) \|/gm)].flatMap(([, cell = '']) =>
      [...cell.matchAll(/`(\w+)`/g)].map(([, name = '']) => name),
    );
    expect(names(example)).to.deep.equal(names(server.stderr.text));
    expect(explained).to.deep.equal(names(example));
  });
});
