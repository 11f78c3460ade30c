import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { addCleanup } from '../support/cleanup.js';
import { startNats } from '../support/nats.js';
import { describeWith } from '../support/tools.js';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const PAGE = readFileSync(join(ROOT, 'docs/api.md'), 'utf8');
const [IMPORTS = '', ...EXAMPLES] = [...PAGE.matchAll(/^```js\n([\s\S]*?)^```$/gm)].map(
  ([, code = '']) => code,
);

/** Imports the modules one after another and writes the failures to a file. */
const RUNNER = `
  import { appendFileSync, writeFileSync } from 'node:fs';
  writeFileSync('failures', '');
  for (const name of process.argv.slice(2)) {
    try {
      await import('./' + name);
    } catch (error) {
      appendFileSync('failures', name + ': ' + error.stack);
    }
  }
  process.exit();`;

/** Returns the failures. The examples run in a folder inside the package, so that they can import it by its name. */
async function run(examples: string[]): Promise<string> {
  const cwd = mkdtempSync(join(ROOT, 'dist', 'api-'));
  addCleanup(() => rmSync(cwd, { recursive: true }));
  writeFileSync(join(cwd, 'shout.mjs'), 'export default (message) => message;');
  writeFileSync(join(cwd, 'run.mjs'), RUNNER);
  const names = examples.map((example, i) => {
    const code = example.replaceAll('listen(4242)', 'listen(0)');
    writeFileSync(join(cwd, `example-${i}.mjs`), `${IMPORTS}\n{\n${code}\n}\n`);
    return `example-${i}.mjs`;
  });
  await promisify(execFile)(process.execPath, ['run.mjs', ...names], { cwd });
  return readFileSync(join(cwd, 'failures'), 'utf8');
}

describe('docs/api.md', () => {
  const needsNats = (example: string): boolean => example.includes('nats://');

  it('has examples that run', async () => {
    expect(EXAMPLES.length).to.be.at.least(20);
    expect(await run(EXAMPLES.filter((example) => !needsNats(example)))).to.equal('');
  });

  describeWith('nats-server', 'with a NATS server', () => {
    it('has examples of shared rooms that run', async () => {
      const nats = await startNats();
      const examples = EXAMPLES.filter(needsNats).map((example) =>
        example.replace(/nats:\/\/[\w.]+:4222/g, `nats://127.0.0.1:${nats.port}`),
      );
      expect(examples.length).to.be.at.least(1);
      expect(await run(examples)).to.equal('');
    });
  });
});
