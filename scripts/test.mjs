// The test command: npm test, npm run test:long, and npm test -- FILE... [--grep TITLE] for single specs.
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { killAll, start } from './test/children.mjs';
import {
  addFastData,
  checkCoverage,
  clearData,
  FAST_DATA,
  LONG_DATA,
  ONLY_LONG,
  prepareData,
  stampFastData,
} from './test/coverage.mjs';
import { estimate, findSpecs, groupSpecs, recordDurations } from './test/groups.mjs';
import { runSpecs } from './test/mocha.mjs';
import { createReport, formatSeconds } from './test/report.mjs';
import { findMissingTools, formatMissingTools } from './test/tools.mjs';

/** How many groups and checks run at once. Two more than there are cores, since many specs wait for processes. */
const PARALLEL_JOBS = Math.min(availableParallelism() + 2, 4);
/** Checks of the built files. They run at the same time as the specs. */
const BUILD_CHECKS = ['api:check', 'pack:check', 'test:runtimes'];
const EXIT_CODES = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 };

const { values: options, positionals: chosen } = readArguments();

const all = [...findSpecs(false), ...findSpecs(true)];
const files =
  chosen.length > 0
    ? all.filter((file) => chosen.some((name) => isNamedBy(file, name)))
    : findSpecs(options.long);
const isWhole = chosen.length === 0 && options.grep === undefined;
const unknown = chosen.filter((name) => !all.some((file) => isNamedBy(file, name)));
if (unknown.length > 0) refuse(`no spec file matches ${unknown.join(', ')}`);

const groups = groupSpecs(files);
const checks = checksOf(isWhole, options.long);
const report = createReport(groups.length + checks.length + Number(isWhole));
const measured = new Map();
let unusable = false;

for (const signal of Object.keys(EXIT_CODES)) process.once(signal, () => interrupt(signal));
report.print(introduction());
try {
  await Promise.all(checks.filter((name) => !BUILD_CHECKS.includes(name)).map(check));
  if (!unusable) await runAll();
} catch (error) {
  killAll();
  report.fail(report.begin('the test runner'), { title: error.message, text: error.stack });
}
finish();

function readArguments() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        /** The specs named `*.long.spec.ts` instead of all others. */
        long: { type: 'boolean', default: false },
        /** Only the tests whose full title contains this text. */
        grep: { type: 'string' },
        /** Writes what was measured to test/durations.json. */
        record: { type: 'boolean', default: false },
      },
    });
  } catch (error) {
    return refuse(error.message);
  }
}

function checksOf(whole, long) {
  if (!whole) return ['build'];
  return long ? ['build', 'test:runtimes'] : ['lint', 'build', 'api:check', 'pack:check'];
}

function refuse(message) {
  process.stderr.write(`npm test: ${message}\n`);
  process.exit(2);
}

/** `relay`, `relay/close`, `spec/relay/close.spec.ts` and `dist/spec/relay/close.spec.js` all name a spec. */
function isNamedBy(file, name) {
  return file.includes(name.replace(/^dist\//, '').replace(/\.spec\.js$/, '.spec.ts'));
}

function introduction() {
  const { tests, seconds, cpu } = estimate(files);
  const expected = Math.max(seconds / PARALLEL_JOBS, cpu / Math.min(PARALLEL_JOBS, availableParallelism()));
  const name = options.long ? 'npm run test:long' : 'npm test';
  const specs = `about ${tests} specs in ${files.length} files`;
  const others = checks.filter((check) => check !== 'build').join(', ');
  const what = others === '' ? specs : `${specs}, ${others}`;
  return `${name}: ${what}; about ${formatSeconds(expected)}`;
}

async function runAll() {
  const tools = await findMissingTools();
  if (tools.missing.length > 0) report.print(formatMissingTools(tools.missing));
  if (process.env.CI === 'true' && tools.required.length > 0) {
    const names = tools.required.map(({ name }) => name).join(', ');
    const job = report.begin('tools');
    report.fail(job, { title: `with CI=true no tool may be missing: ${names}`, text: '' });
  }
  const data = options.long ? LONG_DATA : FAST_DATA;
  const env = { ...tools.env };
  if (isWhole) {
    clearData(data);
    env.NODE_V8_COVERAGE = data;
  }
  const jobs = checks.filter((name) => BUILD_CHECKS.includes(name)).map((name) => () => check(name));
  jobs.push(...groups.map((group) => () => runGroup(group, env)));
  const work = async () => {
    for (let job = jobs.shift(); job !== undefined; job = jobs.shift()) await job();
  };
  await Promise.all(Array.from({ length: PARALLEL_JOBS }, work));
  const { passed, failed, skipped } = report.tally;
  if (options.grep !== undefined && passed + failed + skipped === 0) {
    const title = `no test in these files has a title that contains ${quote(options.grep)}`;
    report.fail(report.begin('grep'), { title, text: '' });
  }
  if (options.record) recordDurations(measured);
  if (isWhole) await compareCoverage(data, tools.uncounted);
}

/** Runs a script of package.json. */
async function check(name) {
  const job = report.begin(name);
  const run = start(['npm', 'run', '--silent', name]);
  const { code, signal, error } = await run.closed;
  if (code !== 0) {
    const title = `npm run ${name}: ${error?.message ?? `exit ${code ?? signal}`}`;
    report.fail(job, { title, text: run.output.trim(), again: `npm run ${name}` });
    if (name === 'build') unusable = true;
  }
  report.end(job);
  for (const [line] of run.output.matchAll(/^skipped: .*/gm)) report.print(`${name} ${line}`);
}

async function runGroup({ name, files: members }, env) {
  const job = report.begin(name);
  let failed = false;
  const output = await runSpecs(members, {
    grep: options.grep,
    env,
    onResult(kind, event) {
      if (kind !== 'failed') report.count(job, kind);
      measure(event.file).tests++;
    },
    onTime: (file, { seconds, cpu }) => Object.assign(measure(file), { seconds, cpu }),
    onFailure({ title, text, file, again }) {
      failed = true;
      const where = file === undefined ? members.join(' ') : file;
      const grep = again === undefined ? '' : ` --grep ${quote(again)}`;
      report.fail(job, { title, text, again: `npm test -- ${where}${grep}` });
    },
  });
  if (env.NODE_V8_COVERAGE !== undefined) prepareData(env.NODE_V8_COVERAGE);
  report.end(job, 'no test with that title');
  if (!failed && output.trim() !== '') report.print(`${name} printed:\n${output.trim()}`);
}

function measure(file) {
  if (!measured.has(file)) measured.set(file, { tests: 0, seconds: 0, cpu: 0 });
  return measured.get(file);
}

async function compareCoverage(data, uncounted) {
  const job = report.begin('coverage');
  if (options.long && !addFastData()) {
    report.print('coverage: not compared, because npm test has not run on this build');
  } else {
    const partly = options.long ? [] : ONLY_LONG;
    const { passed, text } = await checkCoverage(data, [...uncounted, ...partly]);
    if (!passed) report.fail(job, { title: 'below the threshold', text: '' });
    report.print(text);
    if (!options.long) stampFastData();
  }
  report.end(job);
}

function interrupt(signal) {
  killAll();
  report.close();
  process.stdout.write(`stopped by ${signal} after ${report.elapsed()}\n`);
  printTally();
  process.exit(EXIT_CODES[signal]);
}

function finish() {
  report.close();
  process.stdout.write(`${report.elapsed()} on Node ${process.version}\n`);
  printTally();
  process.exitCode = report.tally.failed === 0 ? 0 : 1;
}

function printTally() {
  const { passed, failed, skipped } = report.tally;
  process.stdout.write(`${passed} passed, ${failed} failed, ${skipped} skipped\n`);
}

function quote(text) {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
