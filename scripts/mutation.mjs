// Changes the core in every small way that Stryker knows, and asks for each change whether a spec notices:
//
//   npm run test:mutation                    all of the core, which takes about an hour
//   npm run test:mutation -- pager spill     these files of it
//   npm run test:mutation -- pager:1-150     these lines of it
//   npm run test:mutation -- --show          nothing new: what came of the last runs
//   npm run test:mutation -- --again pager   only what survived there, after there is a spec for it
//
// Stryker's runner does not know mocha 12, and three quarters of what Stryker installs are of no use to anybody
// else: so it is installed in a folder of its own, .mutation, where it also finds a copy of what it is to change.
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const folder = join(root, '.mutation');
const reports = join(folder, 'reports');

const STRYKER = {
  '@stryker-mutator/core': '9.6.1',
  '@stryker-mutator/mocha-runner': '9.6.1',
  mocha: '11.8.0',
};

/** The score, in percent, below which this fails. */
const ENOUGH = 85;

/**
 * What is changed: files of lib, and the specs that are asked, those first that know most of it. Those that begin
 * processes are not: they take seconds for what these notice in milliseconds.
 */
const GROUPS = [
  {
    nouns: 'lines message prefix batch duplex-destination',
    specs:
      'lines.spec message.spec prefix.spec batch.spec duplex-destination.spec source.spec relay.spec simulation/mutation',
  },
  {
    nouns: 'source',
    specs:
      'source.spec transform-failure.spec transform.spec transforms/no-http.spec bypass.spec relay.spec close.spec client.spec simulation/mutation',
  },
  {
    nouns: 'chain stage',
    specs:
      'chain.spec chain-failures.spec bypass.spec transform-failure.spec transform.spec simulation/mutation close.spec',
  },
  {
    nouns: 'room-log segment spans runs times pager spill reader pacing invariant',
    specs:
      'invariant.spec room-log.spec segment.spec reader.spec pager.spec pacing.spec spill-files.spec spill.spec times.spec disk-full.spec simulation/mutation relay.spec',
  },
  {
    nouns: 'client relay listener descriptors transcripts output',
    specs:
      'listener.spec relay.spec descriptors.spec client.spec close.spec output.spec simulation/mutation transform-failure.spec transform.spec source.spec spill.spec disk-full.spec pacing.spec options.spec engine/shared-log.spec',
  },
].map(({ nouns, specs }) => ({ nouns: nouns.split(' '), specs: specs.split(' ') }));
const CORE = GROUPS.flatMap(({ nouns }) => nouns);

/** Stryker takes mocha's limits of time away, and would wait for a spec as long as for all of them. */
const HOOKS = 'export const mochaHooks = { beforeEach() { this.currentTest.timeout(10000); } };\n';

/** The copy: what is compiled, with the versions of everything that this project has but for mocha's. */
function copy() {
  mkdirSync(reports, { recursive: true });
  for (const name of ['lib', 'bin', 'spec', 'bench', 'scripts', 'tsconfig.json', 'package-lock.json']) {
    rmSync(join(folder, name), { recursive: true, force: true });
    cpSync(join(root, name), join(folder, name), { recursive: true });
  }
  const { name, version, type, dependencies, devDependencies } = JSON.parse(
    readFileSync(join(root, 'package.json'), 'utf8'),
  );
  const manifest = { name, version, type, dependencies, devDependencies: { ...devDependencies, ...STRYKER } };
  writeFileSync(join(folder, 'package.json'), JSON.stringify(manifest, null, 2));
  writeFileSync(join(folder, 'hooks.mjs'), HOOKS);
  execFileSync('npm', ['install', '--silent', '--no-audit', '--no-fund'], { cwd: folder, stdio: 'inherit' });
}

/** Changes some files of one group, or some lines of them; what became of each change is in the report. */
function mutate(places, specs) {
  const config = {
    packageManager: 'npm',
    testRunner: 'mocha',
    mutate: places,
    // Once, with all changes in it: which one is there is said when it runs.
    buildCommand: 'tsc',
    // There is nothing in it that would point out of the copy, and TypeScript 7 has nothing to read it by.
    tsconfigFile: 'none',
    coverageAnalysis: 'perTest',
    mochaOptions: {
      'no-config': true,
      require: ['./hooks.mjs'],
      spec: specs.map((spec) => `dist/spec/${spec}.js`),
    },
    ignorePatterns: ['reports'],
    reporters: ['json', 'progress-append-only'],
    jsonReporter: { fileName: join(reports, `${Date.now()}.json`) },
    concurrency: 2,
    timeoutMS: 15_000,
    timeoutFactor: 2,
    // Not in what is compared with what it was made from.
    disableTypeChecks: 'lib/!(prefix-wasm).ts',
    warnings: { slow: false },
  };
  writeFileSync(join(folder, 'stryker.json'), JSON.stringify(config, null, 2));
  // What does not come within this time in one process does not come at all.
  const env = { ...process.env, MINI_SERV_WAIT_LIMIT_MS: '3000' };
  const stryker = join(folder, 'node_modules/@stryker-mutator/core/bin/stryker.js');
  const { status } = spawnSync(process.execPath, [stryker, 'run', 'stryker.json'], {
    cwd: folder,
    env,
    stdio: 'inherit',
  });
  if (status !== 0) throw new Error(`Stryker ended with ${status}`);
}

/** A loop that does not end is noticed by its count; one that only took too long may be a busy machine's. */
const isLate = ({ status, statusReason }) => status === 'Timeout' && !/hit limit/i.test(statusReason ?? '');
const isAlive = (mutant) => ['Survived', 'NoCoverage'].includes(mutant.status) || isLate(mutant);

/** Every change that was tried in a file as it is now, with what became of it the last time, by file. */
function changes() {
  const found = new Map();
  const names = existsSync(reports) ? readdirSync(reports) : [];
  for (const name of names.sort()) {
    const { files } = JSON.parse(readFileSync(join(reports, name), 'utf8'));
    for (const [path, { source, mutants }] of Object.entries(files)) {
      if (source !== readFileSync(join(root, path), 'utf8')) continue;
      const all = found.get(path) ?? new Map();
      for (const mutant of mutants) {
        const { location, mutatorName, replacement = '' } = mutant;
        all.set(JSON.stringify([location, mutatorName, replacement]), { ...mutant, replacement });
      }
      found.set(path, all);
    }
  }
  return CORE.map((noun) => [noun, [...(found.get(`lib/${noun}.ts`)?.values() ?? [])]]);
}

/** The lines in which something survived. */
function survivingLines(noun) {
  const [, mutants] = changes().find(([name]) => name === noun);
  const lines = mutants.filter(isAlive).map(({ location: { start, end } }) => `${start.line}-${end.line}`);
  return [...new Set(lines)].map((range) => `lib/${noun}.ts:${range}`);
}

/** Says what survived, and how much did not; gives that in percent. */
function show() {
  const sum = { killed: 0, total: 0 };
  const rows = [];
  const row = (name, { killed, total }) =>
    rows.push(`| ${name} | ${killed} | ${total} | ${percent(killed, total)} % |`);
  for (const [noun, mutants] of changes()) {
    const real = mutants.filter(({ status }) => status !== 'CompileError' && status !== 'Ignored');
    const alive = real.filter(isAlive).sort((a, b) => a.location.start.line - b.location.start.line);
    const killed = real.length - alive.length;
    sum.killed += killed;
    sum.total += real.length;
    if (real.length > 0) row(noun, { killed, total: real.length });
    const lines = readFileSync(join(root, `lib/${noun}.ts`), 'utf8').split('\n');
    for (const mutant of alive) {
      const { location, replacement, status } = mutant;
      const { line, column } = location.start;
      const change = replacement.replace(/\s+/g, ' ').slice(0, 90);
      const where = `lib/${noun}.ts:${line}:${column}${status === 'NoCoverage' ? ', which no spec runs' : isLate(mutant) ? ', which took too long' : ''}`;
      process.stdout.write(`${where}\n    ${lines[line - 1].trim()}\n  → ${change}\n`);
    }
  }
  row('all', sum);
  process.stdout.write(`\n| file | killed | of | score |\n| --- | --- | --- | --- |\n${rows.join('\n')}\n`);
  return (100 * sum.killed) / sum.total;
}

const percent = (part, whole) => ((100 * part) / whole).toFixed(1);

const [mode] = process.argv.slice(2).filter((argument) => argument.startsWith('--'));
const asked = process.argv
  .slice(2)
  .filter((argument) => argument !== mode)
  .map((argument) => argument.split(':'));
const unknown = asked.filter(([noun]) => !CORE.includes(noun));
if (unknown.length > 0 || ![undefined, '--again', '--show'].includes(mode)) {
  const what = unknown.length > 0 ? `no part of the core: ${unknown.join(', ')}` : `no option ${mode}`;
  process.stderr.write(`${what}; the core is ${CORE.join(' ')}\n`);
  process.exit(2);
}
if (asked.length === 0 && mode === undefined) rmSync(reports, { recursive: true, force: true });
if (mode !== '--show') copy();
const wanted = asked.length > 0 ? asked : CORE.map((noun) => [noun]);
for (const { nouns, specs } of mode === '--show' ? [] : GROUPS) {
  const places = wanted
    .filter(([noun]) => nouns.includes(noun))
    .flatMap(([noun, lines]) => {
      if (mode === '--again') return survivingLines(noun);
      return [`lib/${noun}.ts${lines === undefined ? '' : `:${lines}`}`];
    });
  if (places.length > 0) mutate(places, specs);
}
process.exitCode = show() >= ENOUGH ? 0 : 1;
