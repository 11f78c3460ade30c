// Changes the core in every small way that Stryker knows, and asks for each change whether a spec notices:
//
//   npm run test:mutation                    all of the core, which takes about an hour
//   npm run test:mutation -- pager spill     these files of it
//
// Stryker's runner does not know mocha 12, and three quarters of what Stryker installs are of no use to anybody
// else: so it is installed in a folder of its own, .mutation, where it also finds a copy of what it is to change.
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
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

/** What is changed: files of lib, and in which order they are reported. */
const CORE = [
  ...['lines', 'message', 'source', 'chain', 'stage'],
  ...['room-log', 'segment', 'spans', 'runs', 'times', 'pager', 'spill'],
  ...['reader', 'pacing', 'duplex-destination', 'client', 'relay', 'listener', 'descriptors', 'transcripts', 'output'],
];

/** Specs that begin processes take seconds for what the others notice in milliseconds. */
const SLOW = /support\/(command|stopped|terminal)\.js|node:child_process/;
/** And these are of other things than the core. */
const ELSEWHERE = /^(conformance|docs-|load-|audit|arguments|command|formats|escape|size|transform-spec|transforms\/)/;

/** The copy: what is compiled, with the versions of everything that this project has but for mocha's. */
function copy() {
  mkdirSync(reports, { recursive: true });
  for (const name of ['lib', 'bin', 'spec', 'bench', 'tsconfig.json', 'package-lock.json']) {
    rmSync(join(folder, name), { recursive: true, force: true });
    cpSync(join(root, name), join(folder, name), { recursive: true });
  }
  const { name, version, type, dependencies, devDependencies } = JSON.parse(
    readFileSync(join(root, 'package.json'), 'utf8'),
  );
  const manifest = { name, version, type, dependencies, devDependencies: { ...devDependencies, ...STRYKER } };
  writeFileSync(join(folder, 'package.json'), JSON.stringify(manifest, null, 2));
  execFileSync('npm', ['install', '--silent', '--no-audit', '--no-fund'], { cwd: folder, stdio: 'inherit' });
}

function killers() {
  return readdirSync(join(root, 'spec'), { recursive: true })
    .filter((path) => path.endsWith('.spec.ts') && !ELSEWHERE.test(path))
    .filter((path) => !SLOW.test(readFileSync(join(root, 'spec', path), 'utf8')))
    .map((path) => `dist/spec/${path.replace(/ts$/, 'js')}`);
}

/** Changes some files of the core; what became of each change is in the report. */
function mutate(nouns) {
  const config = {
    packageManager: 'npm',
    testRunner: 'mocha',
    mutate: nouns.map((noun) => `lib/${noun}.ts`),
    // Once, with all changes in it: which one is there is said when it runs.
    buildCommand: 'tsc',
    // There is nothing in it that would point out of the copy, and TypeScript 7 has nothing to read it by.
    tsconfigFile: 'none',
    coverageAnalysis: 'perTest',
    mochaOptions: { 'no-config': true, spec: killers() },
    ignorePatterns: ['reports'],
    reporters: ['json', 'progress-append-only'],
    jsonReporter: { fileName: join(reports, `${nouns.join('+')}.json`) },
    concurrency: 2,
    timeoutMS: 4000,
    disableTypeChecks: true,
    warnings: { slow: false },
  };
  writeFileSync(join(folder, 'stryker.json'), JSON.stringify(config, null, 2));
  // What does not come within this time in one process does not come at all.
  const env = { ...process.env, MINI_SERV_PATIENCE: '1500' };
  const stryker = join(folder, 'node_modules/@stryker-mutator/core/bin/stryker.js');
  const { status } = spawnSync(process.execPath, [stryker, 'run', 'stryker.json'], {
    cwd: folder,
    env,
    stdio: 'inherit',
  });
  if (status !== 0) throw new Error(`Stryker ended with ${status}`);
}

/** Every change that was tried in the last run of each file. */
function changes() {
  const found = new Map();
  const runs = readdirSync(reports).map((name) => JSON.parse(readFileSync(join(reports, name), 'utf8')));
  for (const { files } of runs) for (const [path, file] of Object.entries(files)) found.set(path, file);
  return CORE.filter((noun) => found.has(`lib/${noun}.ts`)).map((noun) => [noun, found.get(`lib/${noun}.ts`)]);
}

function show() {
  const all = { killed: 0, total: 0 };
  const row = (name, killed, total) =>
    `| ${name.padEnd(20)} | ${String(killed).padStart(6)} | ${String(total).padStart(5)} | ${((100 * killed) / total).toFixed(1).padStart(6)} % |\n`;
  let table = '| file                 | killed | of    | score    |\n| --- | --- | --- | --- |\n';
  let alive = '';
  for (const [noun, { mutants, source }] of changes()) {
    const real = mutants.filter(({ status }) => !['CompileError', 'Ignored'].includes(status));
    const survivors = real.filter(({ status }) => ['Survived', 'NoCoverage'].includes(status));
    const killed = real.length - survivors.length;
    all.killed += killed;
    all.total += real.length;
    table += row(noun, killed, real.length);
    const lines = source.split('\n');
    for (const { location, mutatorName, replacement = '', status } of survivors) {
      const line = lines[location.start.line - 1].trim();
      const short = replacement.replace(/\s+/g, ' ').slice(0, 80);
      alive += `lib/${noun}.ts:${location.start.line}:${location.start.column} ${status} ${mutatorName}\n    ${line}\n    → ${short}\n`;
    }
  }
  process.stdout.write(`${alive}\n${table}${row('all', all.killed, all.total)}`);
  return (100 * all.killed) / all.total;
}

const asked = process.argv.slice(2);
const unknown = asked.filter((noun) => !CORE.includes(noun));
if (unknown.length > 0) throw new Error(`no part of the core: ${unknown.join(', ')}`);
copy();
if (asked.length === 0) rmSync(reports, { recursive: true, force: true });
mutate(asked.length > 0 ? asked : CORE);
process.exitCode = show() >= ENOUGH ? 0 : 1;
