// How much of lib and bin the specs have run. Node writes what each process has covered (NODE_V8_COVERAGE); c8 merges it.
import { createHash } from 'node:crypto';
import { existsSync, linkSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Report } from 'c8';
import { traceToModules } from './bundle-coverage.mjs';
import { ROOT } from './children.mjs';
import { formatTable } from './report.mjs';

/** Only the files of this build: specs may also start copies of it. */
const DIST = pathToFileURL(join(ROOT, 'dist/')).href;
const METRICS = ['lines', 'branches', 'functions', 'statements'];
const config = JSON.parse(readFileSync(join(ROOT, '.c8rc.json'), 'utf8'));

/** The build that the data of the fast specs belongs to. */
const STAMP = join(ROOT, 'coverage/fast-build');
const prepared = new Set();

export const FAST_DATA = join(ROOT, 'coverage/fast');
export const LONG_DATA = join(ROOT, 'coverage/long');

/** Source folders that the fast specs run only in part. They are counted when the long specs have run too. */
export const ONLY_LONG = ['lib/conformance/cases/'];

/** Empties the folder that the processes write to. */
export function clearData(folder) {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  prepared.clear();
}

/** Keeps only our modules in the files that have been written by now. Takes time, so it is done between the groups. */
export function prepareData(folder) {
  for (const name of readdirSync(folder)) {
    if (!prepared.has(name) && prepare(join(folder, name))) prepared.add(name);
  }
}

/** Notes for which build the data of the fast specs is. */
export function stampFastData() {
  writeFileSync(STAMP, hashOfBuild());
}

/** Adds the data of the fast specs to that of the long ones; returns false if there is none for this build. */
export function addFastData() {
  if (!existsSync(STAMP) || readFileSync(STAMP, 'utf8') !== hashOfBuild()) return false;
  for (const name of readdirSync(FAST_DATA)) linkSync(join(FAST_DATA, name), join(LONG_DATA, name));
  return true;
}

/**
 * Compares the coverage with the thresholds of `.c8rc.json`.
 *
 * @param {string} folder where the data is
 * @param {string[]} uncounted source folders that cannot be covered on this machine, such as `lib/room/nats/`
 * @returns {Promise<{ passed: boolean, text: string }>} `text` has the totals, and the files below the thresholds
 */
export async function checkCoverage(folder, uncounted) {
  prepareData(folder);
  // `exclude` is not given: it would replace c8's defaults, declaration files among them.
  const report = Report({
    include: config.include,
    all: true,
    src: [ROOT],
    tempDirectory: folder,
    resolve: '',
  });
  const map = await report.getCoverageMapFromAllCoverageFiles();
  const sourceOf = (file) => relative(join(ROOT, 'dist'), file).replace(/\.js$/, '.ts');
  map.filter((file) => !uncounted.some((prefix) => sourceOf(file).startsWith(prefix)) && hasCode(file));
  const totals = map.getCoverageSummary();
  const isLow = (summary) => METRICS.some((metric) => summary[metric].pct < config[metric]);
  const low = map.files().flatMap((file) => {
    const summary = map.fileCoverageFor(file).toSummary();
    return isLow(summary) ? [rowOf(sourceOf(file), summary)] : [];
  });
  const passed = !isLow(totals);
  const lines = [`coverage: ${METRICS.map((metric) => `${totals[metric].pct} % of ${metric}`).join(', ')}`];
  if (!passed)
    lines.push(`expected: ${METRICS.map((metric) => `${config[metric]} % of ${metric}`).join(', ')}`);
  if (low.length > 0) lines.push('files below the threshold:', formatTable([['file', ...METRICS], ...low]));
  return { passed, text: lines.join('\n') };
}

/** False for a module that has only types. */
const hasCode = (file) => readFileSync(file, 'utf8').trim() !== 'export {};';
const rowOf = (file, summary) => [file, ...METRICS.map((metric) => `${summary[metric].pct} %`)];

/** Rewrites the coverage of a process, and traces the bundled command back to its modules. */
function prepare(path) {
  const result = readResult(path);
  if (result === undefined) return false;
  const modules = result.flatMap((script) => {
    if (script.url.startsWith(`${DIST}command/`)) return traceToModules(script);
    return script.url.startsWith(`${DIST}lib/`) || script.url.startsWith(`${DIST}bin/`) ? [script] : [];
  });
  writeFileSync(path, JSON.stringify({ result: modules }));
  return true;
}

function readResult(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8')).result;
  } catch {
    // The process is still writing the file, or was killed while it wrote.
    return undefined;
  }
}

function hashOfBuild() {
  const hash = createHash('sha256');
  for (const folder of ['dist/bin', 'dist/lib']) {
    const names = readdirSync(join(ROOT, folder), { recursive: true }).filter((name) => name.endsWith('.js'));
    for (const name of names.sort()) hash.update(readFileSync(join(ROOT, folder, name)));
  }
  return hash.digest('hex');
}
