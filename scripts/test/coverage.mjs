// How much of lib and bin the specs have run. Node writes what each process has covered (NODE_V8_COVERAGE); c8 merges it.
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

export const FAST_DATA = join(ROOT, 'coverage/fast');
export const LONG_DATA = join(ROOT, 'coverage/long');

/** An empty folder for the processes to write to. */
export function clearData(folder) {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
}

/** Adds the data of the fast specs to that of the long ones, so that both are counted. */
export function addFastData() {
  if (!existsSync(FAST_DATA)) return;
  for (const name of readdirSync(FAST_DATA)) linkSync(join(FAST_DATA, name), join(LONG_DATA, name));
}

/**
 * Compares the coverage with the thresholds of `.c8rc.json`.
 *
 * @param {string} folder where the data is
 * @param {string[]} uncounted source folders that cannot be covered on this machine, such as `lib/room/nats/`
 * @returns {Promise<{ passed: boolean, text: string }>} `text` has the totals, and the files below the thresholds
 */
export async function checkCoverage(folder, uncounted) {
  for (const name of readdirSync(folder)) prepare(join(folder, name));
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

function readResult(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8')).result;
  } catch {
    // The process was killed while it wrote the file.
    return [];
  }
}

/** Rewrites what a process has covered: only our modules, also those that the bundled command consists of. */
function prepare(path) {
  const result = readResult(path);
  const modules = result.flatMap((script) => {
    if (script.url.startsWith(`${DIST}command/`)) return traceToModules(script);
    return script.url.startsWith(`${DIST}lib/`) || script.url.startsWith(`${DIST}bin/`) ? [script] : [];
  });
  writeFileSync(path, JSON.stringify({ result: modules }));
}
