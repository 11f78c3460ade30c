// The fuzz specs for longer than `npm test` has them, or again: npm run test:fuzz -- --runs 1000000 --seed 42
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const root = fileURLToPath(new URL('..', import.meta.url));
const { values } = parseArgs({
  options: {
    /** In all; the properties have their shares of it. */
    runs: { type: 'string', default: '1000000' },
    seed: { type: 'string' },
    /** The counterexample itself, as a failure prints it: only together with its spec. */
    path: { type: 'string' },
    /** Only the specs of this name. */
    grep: { type: 'string' },
  },
});
for (const name of ['runs', 'seed']) {
  if (values[name] === undefined || Number.isInteger(Number(values[name]))) continue;
  process.stderr.write(`--${name} wants an integer, not '${values[name]}'\n`);
  process.exit(1);
}
const env = { ...process.env, FUZZ_RUNS: values.runs };
if (values.seed !== undefined) env.FUZZ_SEED = values.seed;
if (values.path !== undefined) env.FUZZ_PATH = values.path;
const mocha = join(root, 'node_modules/mocha/bin/mocha.js');
const args = [mocha, '--no-config', '--reporter', 'spec', 'dist/spec/fuzz/*.spec.js'];
if (values.grep !== undefined) args.push('--grep', values.grep);
const child = spawn(process.execPath, args, { cwd: root, env, stdio: 'inherit' });
child.once('close', (code) => {
  process.exitCode = code ?? 1;
});
