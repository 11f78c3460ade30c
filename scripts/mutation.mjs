// Changes the core in every small way that Stryker knows, and runs the specs for each change:
//
//   npm run test:mutation                           all of the core, in about an hour
//   npm run test:mutation -- fanout protocol/render a folder and a file
//   npm run test:mutation -- fanout/pager:1-150     some lines of a file
//   npm run test:mutation -- --again fanout         only the changes that survived in the last runs
//   npm run test:mutation -- --show                 the survivors and the score of the last runs
//
// Stryker is installed in a folder of its own, .mutation, because its runner supports only older versions of mocha.
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const copyFolder = join(root, '.mutation');
const reports = join(copyFolder, 'reports');

const STRYKER = {
  '@stryker-mutator/core': '9.6.1',
  '@stryker-mutator/mocha-runner': '9.6.1',
  mocha: '11.8.0',
};
/** The lowest score that is a success, in percent. */
const MIN_SCORE = 85;
/** A wait in one process that takes longer counts as a failure. */
const WAIT_LIMIT_MS = 10_000;
const TEST_LIMIT_MS = 30_000;

/** Files below lib/ that are changed, and specs that are run. A folder stands for the files or specs in it. */
const GROUPS = [
  { files: ['protocol', 'sinks/duplex-sink'], specs: ['protocol', 'sinks/duplex-sink', 'relay'] },
  { files: ['fanout', 'util/invariant'], specs: ['fanout', 'relay'] },
  { files: ['transforms/chain', 'transforms/stage'], specs: ['transforms', 'relay'] },
  {
    files: ['relay', 'util/descriptors'],
    specs: ['relay', 'util/descriptors', 'transforms', 'fanout', 'room/shared/shared-log'],
  },
];
/** Specs that start processes take seconds for each change, and most of them find nothing that others do not find. */
const STARTS_PROCESSES = /support\/(?:command|stopped|nats)|child_process|describeBacklog/;
const SIMULATION = 'simulation/mutation';
/** Generated, and compared with its source by a spec. */
const GENERATED = 'protocol/prefix-wasm';

const CORE = GROUPS.flatMap(({ files }) => files.flatMap(filesBelow));

/** Returns the files that a name stands for, such as `fanout` or `fanout/pager`. */
function filesBelow(name) {
  const folder = join(root, 'lib', name);
  if (!existsSync(folder)) return [name];
  return readdirSync(folder)
    .filter((entry) => entry.endsWith('.ts'))
    .map((entry) => `${name}/${entry.slice(0, -'.ts'.length)}`)
    .filter((file) => file !== GENERATED);
}

/** Returns the compiled specs that a name stands for, except those that start processes. */
function specsBelow(name) {
  const folder = join(root, 'spec', name);
  const names = existsSync(folder)
    ? readdirSync(folder)
        .filter((entry) => entry.endsWith('.spec.ts') && !entry.endsWith('.long.spec.ts'))
        .map((entry) => `${name}/${entry.slice(0, -'.spec.ts'.length)}`)
    : [name];
  return names
    .filter((spec) => !STARTS_PROCESSES.test(readFileSync(join(root, 'spec', `${spec}.spec.ts`), 'utf8')))
    .map((spec) => `dist/spec/${spec}.spec.js`);
}

/** Copies the sources to `.mutation`, and installs the packages there. */
function copy() {
  mkdirSync(reports, { recursive: true });
  for (const name of ['lib', 'bin', 'spec', 'bench', 'scripts', 'tsconfig.json', 'package-lock.json']) {
    rmSync(join(copyFolder, name), { recursive: true, force: true });
    cpSync(join(root, name), join(copyFolder, name), { recursive: true });
  }
  const { name, version, type, dependencies, devDependencies } = JSON.parse(
    readFileSync(join(root, 'package.json'), 'utf8'),
  );
  const manifest = { name, version, type, dependencies, devDependencies: { ...devDependencies, ...STRYKER } };
  writeFileSync(join(copyFolder, 'package.json'), JSON.stringify(manifest, null, 2));
  // Stryker removes mocha's own limits, and would wait for one test as long as for all of them.
  const hooks = `export const mochaHooks = { beforeEach() { this.currentTest.timeout(${TEST_LIMIT_MS}); } };\n`;
  writeFileSync(join(copyFolder, 'hooks.mjs'), hooks);
  const options = ['--silent', '--no-audit', '--no-fund'];
  execFileSync('npm', ['install', ...options], { cwd: copyFolder, stdio: 'inherit' });
}

/** Runs Stryker, which writes a report. `places` are files, or lines of files. */
function mutate(places, specs) {
  const config = {
    packageManager: 'npm',
    testRunner: 'mocha',
    mutate: places,
    // Compiled once with all changes in it. A run selects one of them.
    buildCommand: 'node node_modules/typescript/bin/tsc',
    // The copy has no references to other projects, and Stryker cannot read the configuration of TypeScript 7.
    tsconfigFile: 'none',
    coverageAnalysis: 'perTest',
    mochaOptions: { 'no-config': true, require: ['./hooks.mjs'], spec: specs },
    ignorePatterns: ['reports'],
    reporters: ['json', 'progress-append-only'],
    jsonReporter: { fileName: join(reports, `${Date.now()}.json`) },
    concurrency: 2,
    timeoutMS: 15_000,
    timeoutFactor: 2,
    disableTypeChecks: 'lib/**/!(prefix-wasm).ts',
    warnings: { slow: false },
  };
  writeFileSync(join(copyFolder, 'stryker.json'), JSON.stringify(config, null, 2));
  const stryker = join(copyFolder, 'node_modules/@stryker-mutator/core/bin/stryker.js');
  const { status } = spawnSync(process.execPath, [stryker, 'run', 'stryker.json'], {
    cwd: copyFolder,
    env: { ...process.env, MINI_SERV_WAIT_LIMIT_MS: String(WAIT_LIMIT_MS) },
    stdio: 'inherit',
  });
  if (status !== 0) throw new Error(`Stryker ended with exit code ${status}`);
}

/** Whether a change may only have been slow. An endless loop is counted by Stryker and is no timeout of this kind. */
const isLate = ({ status, statusReason }) => status === 'Timeout' && !/hit limit/i.test(statusReason ?? '');
const hasSurvived = (mutant) => ['Survived', 'NoCoverage'].includes(mutant.status) || isLate(mutant);

/** Returns the latest result of each change by file. Results for older versions of a file do not count. */
function results() {
  const byPath = new Map();
  const names = existsSync(reports) ? readdirSync(reports).sort() : [];
  for (const name of names) {
    const { files } = JSON.parse(readFileSync(join(reports, name), 'utf8'));
    for (const [path, { source, mutants }] of Object.entries(files)) {
      const current = join(root, path);
      if (!existsSync(current) || source !== readFileSync(current, 'utf8')) continue;
      const latest = byPath.get(path) ?? new Map();
      for (const mutant of mutants) {
        const { location, mutatorName, replacement = '' } = mutant;
        latest.set(JSON.stringify([location, mutatorName, replacement]), { ...mutant, replacement });
      }
      byPath.set(path, latest);
    }
  }
  return CORE.map((file) => [file, [...(byPath.get(`lib/${file}.ts`)?.values() ?? [])]]);
}

function survivingLines(file) {
  const [, mutants] = results().find(([name]) => name === file);
  const ranges = mutants
    .filter(hasSurvived)
    .map(({ location: { start, end } }) => `${start.line}-${end.line}`);
  return [...new Set(ranges)].map((range) => `lib/${file}.ts:${range}`);
}

const percent = (part, whole) => ((100 * part) / whole).toFixed(1);

/** Prints the survivors and a table of scores. Returns the total score in percent. */
function show() {
  const total = { killed: 0, mutants: 0 };
  const rows = [];
  for (const [file, all] of results()) {
    const mutants = all.filter(({ status }) => status !== 'CompileError' && status !== 'Ignored');
    if (mutants.length === 0) continue;
    const survivors = mutants.filter(hasSurvived);
    const killed = mutants.length - survivors.length;
    total.killed += killed;
    total.mutants += mutants.length;
    rows.push(`| ${file} | ${killed} | ${mutants.length} | ${percent(killed, mutants.length)} % |`);
    printSurvivors(file, survivors);
  }
  if (rows.length === 0) {
    process.stderr.write('there are no results yet: run npm run test:mutation -- <file> first\n');
    process.exit(2);
  }
  rows.push(`| all | ${total.killed} | ${total.mutants} | ${percent(total.killed, total.mutants)} % |`);
  process.stdout.write(
    `\n| file | killed | mutants | score |\n| --- | --- | --- | --- |\n${rows.join('\n')}\n`,
  );
  return (100 * total.killed) / total.mutants;
}

function printSurvivors(file, survivors) {
  const lines = readFileSync(join(root, `lib/${file}.ts`), 'utf8').split('\n');
  for (const mutant of survivors.sort((a, b) => a.location.start.line - b.location.start.line)) {
    const { line, column } = mutant.location.start;
    const reason = mutant.status === 'NoCoverage' ? ' (not run)' : isLate(mutant) ? ' (too slow)' : '';
    const replacement = mutant.replacement.replace(/\s+/g, ' ').slice(0, 90);
    const where = `lib/${file}.ts:${line}:${column}${reason}`;
    process.stdout.write(`${where}\n    ${lines[line - 1].trim()}\n  → ${replacement}\n`);
  }
}

const args = process.argv.slice(2);
const [mode] = args.filter((arg) => arg.startsWith('--'));
const names = args.filter((arg) => arg !== mode).map((arg) => arg.split(':'));
const wanted = (names.length > 0 ? names : CORE.map((file) => [file])).flatMap(([name, lines]) =>
  filesBelow(name).map((file) => [file, lines]),
);
const unknown = wanted.filter(([file]) => !CORE.includes(file)).map(([file]) => file);
if (unknown.length > 0 || ![undefined, '--again', '--show'].includes(mode)) {
  const problem = unknown.length > 0 ? `not a part of the core: ${unknown.join(', ')}` : `unknown: ${mode}`;
  process.stderr.write(`${problem}\nexpected --again, --show, or files such as ${CORE.join(', ')}\n`);
  process.exit(2);
}
if (names.length === 0 && mode === undefined) rmSync(reports, { recursive: true, force: true });
if (mode !== '--show') copy();
for (const { files, specs } of mode === '--show' ? [] : GROUPS) {
  const members = files.flatMap(filesBelow);
  const places = wanted
    .filter(([file]) => members.includes(file))
    .flatMap(([file, lines]) => {
      if (mode === '--again') return survivingLines(file);
      return [`lib/${file}.ts${lines === undefined ? '' : `:${lines}`}`];
    });
  const compiled = [...new Set(specs.flatMap(specsBelow)), `dist/spec/${SIMULATION}.js`];
  if (places.length > 0) mutate(places, compiled);
}
process.exitCode = show() >= MIN_SCORE ? 0 : 1;
