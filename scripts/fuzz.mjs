// The fuzz specs for longer than `npm test` has them, or again: npm run test:fuzz -- --runs 1000000 --seed 42
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const root = fileURLToPath(new URL('..', import.meta.url));
const options = {
  /** In all; the properties have their shares of it. */
  runs: { type: 'string', default: '1000000' },
  seed: { type: 'string' },
  /** The counterexample itself, as a failure prints it: only together with its spec. */
  path: { type: 'string' },
  /** Only the specs of this name. */
  grep: { type: 'string' },
};

function refuse(why) {
  process.stderr.write(`${why}\n`);
  process.exit(2);
}

function read() {
  try {
    return parseArgs({ options }).values;
  } catch (error) {
    return refuse(error.message);
  }
}

const values = read();
if (!/^[1-9]\d*$/.test(values.runs)) refuse(`--runs wants a number from 1 on, not '${values.runs}'`);
if (!/^-?\d+$/.test(values.seed ?? '0')) refuse(`--seed wants an integer, not '${values.seed}'`);
if (values.path !== undefined && (values.seed === undefined || values.grep === undefined)) {
  refuse('--path leads nowhere without its --seed, and the --grep that names its spec');
}
const env = { ...process.env, FUZZ_RUNS: values.runs };
if (values.seed !== undefined) env.FUZZ_SEED = values.seed;
if (values.path !== undefined) env.FUZZ_PATH = values.path;
const mocha = join(root, 'node_modules/mocha/bin/mocha.js');
// A name that no spec has is a mistake, and not a success.
const args = [mocha, '--no-config', '--fail-zero', '--reporter', 'spec', 'dist/spec/fuzz/*.spec.js'];
if (values.grep !== undefined) args.push('--grep', values.grep);
const child = spawn(process.execPath, args, { cwd: root, env, stdio: 'inherit' });
child.once('close', (code) => {
  process.exitCode = code ?? 1;
});
