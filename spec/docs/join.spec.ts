import { chmodSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { COMMANDS } from '../../bin/options/commands.js';
import { connectAs } from '../support/client.js';
import { serverCommand, startServer } from '../support/command.js';
import { folder } from '../support/modules.js';
import { startProgram } from '../support/program.js';
import { leftNotice, relayed } from '../support/wire.js';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const PAGE = readFileSync(join(ROOT, 'docs/join.md'), 'utf8');

const SCRIPTS = [...PAGE.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].flatMap(([, text = '']) =>
  text.trimEnd().split('\n'),
);

describe('docs/join.md', () => {
  it('contains no command that is not tested', () => {
    expect(SCRIPTS).to.deep.equal([
      // spec/bin/join/session.spec.ts runs these two on a terminal.
      'mini-serv join 4242',
      'mini-serv join --reconnect 4242',
      'seq 1 1000 | mini-serv join 4242',
      'mini-serv join 4242 < /dev/null > room.txt',
      'sleep 3600 | mini-serv join 4242 > room.txt',
    ]);
  });

  it('shows how a script sends lines', async () => {
    const server = await startServer();
    const a = await connectAs(server);
    const words = serverCommand().map((word) => `'${word}'`);
    const numbers = Array.from({ length: 1000 }, (_, i) => String(i + 1));
    const dir = await folder({
      'mini-serv': `#!/bin/sh\nexec ${words.join(' ')} "$@"\n`,
      seq: `#!/bin/sh\nexec ${words[0]} -e 'for (let i = 1; i <= 1000; i++) console.log(i)'\n`,
    });
    for (const name of ['mini-serv', 'seq']) chmodSync(join(dir, name), 0o755);
    const env = { ...process.env, PATH: `${dir}:${process.env.PATH}` };
    const run = (i: number) => SCRIPTS[i]?.replace('4242', String(server.port)) ?? '';
    startProgram('sh', ['-c', `${run(2)} && ${run(3)}`], { cwd: dir, env });
    await a.until(relayed(1, ...numbers) + leftNotice(1));
    await a.until(leftNotice(2));
  });

  it('has the exit codes of the help', () => {
    for (const [code] of COMMANDS.join.exitCodes) expect(PAGE).to.match(new RegExp(`^\\| ${code} \\|`, 'm'));
  });
});
