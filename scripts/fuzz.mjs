// Runs the fuzz specs with more cases, or repeats a failure: npm run test:fuzz -- --runs 1000000 --seed 42
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const root = fileURLToPath(new URL('..', import.meta.url));
const options = {
  /** Cases in total, divided among the properties. */
  runs: { type: 'string', default: '1000000' },
  seed: { type: 'string' },
  /** Path of one case, as a failure prints it; needs --seed and --grep. */
  path: { type: 'string' },
  /** Only the specs whose title contains this text. */
  grep: { type: 'string' },
};

function refuse(message) {
  process.stderr.write(`test:fuzz: ${message}\n`);
  process.exit(2);
}

function parse() {
  try {
    return parseArgs({ options }).values;
  } catch (error) {
    return refuse(error.message);
  }
}

const { runs, seed, path, grep } = parse();
if (!/^[1-9]\d*$/.test(runs)) refuse(`--runs: expected a positive integer, got '${runs}'`);
if (seed !== undefined && !/^-?\d+$/.test(seed)) refuse(`--seed: expected an integer, got '${seed}'`);
if (path !== undefined && (seed === undefined || grep === undefined)) {
  refuse('--path: expected together with the --seed and the --grep of the failed spec');
}
const env = { ...process.env, FUZZ_RUNS: runs };
if (seed !== undefined) env.FUZZ_SEED = seed;
if (path !== undefined) env.FUZZ_PATH = path;
const mocha = join(root, 'node_modules/mocha/bin/mocha.js');
// --fail-zero: a --grep that matches no spec is a mistake.
const args = [mocha, '--no-config', '--timeout', '0', '--fail-zero', '--reporter', 'spec'];
if (grep !== undefined) args.push('--grep', grep);
const child = spawn(process.execPath, [...args, 'dist/spec/fuzz/*.spec.js'], {
  cwd: root,
  env,
  stdio: 'inherit',
});
child.once('close', (code) => {
  process.exitCode = code ?? 1;
});
