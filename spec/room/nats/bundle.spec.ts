import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { build } from 'esbuild';
import { addCleanup } from '../../support/cleanup.js';
import { startNats } from '../../support/nats.js';
import { describeWith } from '../../support/tools.js';

const ROOT = fileURLToPath(new URL('../../../../', import.meta.url));

/** Two relays share a room; prints what a client of the second receives. */
const PROGRAM = `
  import { duplexPair } from 'node:stream';
  import { createRelay, openRoom } from 'mini-serv';
  async function join() {
    const relay = createRelay({ room: await openRoom(process.argv[2]) });
    const [client, connection] = duplexPair();
    await relay.handle(connection).id;
    return { relay, client };
  }
  async function main() {
    const [first, second] = [await join(), await join()];
    first.client.resume().write('hello\\n');
    for await (const chunk of second.client) {
      process.stdout.write(chunk);
      if (String(chunk).includes('hello')) break;
    }
    await Promise.all([first.relay.close(), second.relay.close()]);
  }
  main();`;

describeWith('nats-server', 'a bundle that has the NATS packages beside it', () => {
  for (const format of ['esm', 'cjs'] as const) {
    it(`opens a shared room from a bundle in the format ${format}`, async () => {
      const folder = mkdtempSync(join(ROOT, 'dist', 'bundle-'));
      addCleanup(() => rmSync(folder, { recursive: true }));
      const outfile = join(folder, format === 'esm' ? 'program.mjs' : 'program.cjs');
      const { warnings } = await build({
        stdin: { contents: PROGRAM, resolveDir: ROOT },
        bundle: true,
        platform: 'node',
        format,
        outfile,
        logLevel: 'silent',
      });
      expect(warnings).to.deep.equal([]);
      const nats = await startNats();
      const { stdout } = await promisify(execFile)(process.execPath, [
        outfile,
        `nats://127.0.0.1:${nats.port}/lobby`,
      ]);
      expect(stdout).to.match(/^client 0: hello$/m);
    });
  }
});
