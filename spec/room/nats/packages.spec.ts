import { cpSync, mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { runCommand, startServer } from '../../support/command.js';
import { temporaryFolder } from '../../support/nats.js';

const ROOT = fileURLToPath(new URL('../../../../', import.meta.url));

describe('the command without the NATS packages', () => {
  it('names the packages to install if a room needs them', async () => {
    const folder = temporaryFolder();
    mkdirSync(join(folder, 'node_modules'));
    for (const name of ['split2', 'through2']) {
      symlinkSync(join(ROOT, 'node_modules', name), join(folder, 'node_modules', name));
    }
    cpSync(join(ROOT, 'package.json'), join(folder, 'package.json'));
    cpSync(join(ROOT, 'dist/command'), join(folder, 'dist/command'), { recursive: true });
    // The coverage of a copy cannot be traced to the modules.
    const command = [
      'env',
      'NODE_V8_COVERAGE=',
      process.execPath,
      join(folder, 'dist/command/mini-serv.cjs'),
    ];
    const { code, stderr } = await runCommand(['--room', 'nats://127.0.0.1/lobby', '0'], command);
    expect(code).to.equal(1);
    expect(stderr).to.equal(
      'mini-serv: a room over NATS requires two more packages: npm install @nats-io/transport-node @nats-io/jetstream\n',
    );
    // Without a room they are not needed.
    const { port } = await startServer({ command });
    expect(port).to.be.above(0);
  });
});
