// A mocha reporter that sends each event as a line of JSON to file descriptor 3, where the test runner reads it.
// It is CommonJS because mocha loads reporters with require().
const { readFileSync, writeSync } = require('node:fs');
const { relative } = require('node:path');
const { format } = require('node:util');
const { reporters } = require('mocha');

const EVENTS_FD = 3;
/** How long after the last spec the process may still be alive before its open handles are reported. */
const EXIT_GRACE_MS = Number(process.env.MINI_SERV_EXIT_GRACE_MS ?? 10_000);
const CLOCK_TICKS_PER_SECOND = 100;

/** CPU time of this process and of the child processes that it has waited for, in seconds. */
function cpuSeconds() {
  try {
    const stat = readFileSync('/proc/self/stat', 'latin1');
    // proc(5): fields 14 to 17, counted from the state, which follows the name in brackets.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const ticks = fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0);
    return ticks / CLOCK_TICKS_PER_SECOND;
  } catch {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1e6;
  }
}

/** The text that mocha's own reporters print for a failure: title, message, difference and stack. */
function describeFailure(test) {
  const lines = [];
  const { consoleLog } = reporters.Base;
  reporters.Base.consoleLog = (...args) => lines.push(format(...args));
  try {
    reporters.Base.list([test]);
  } finally {
    reporters.Base.consoleLog = consoleLog;
  }
  return lines.join('\n').trim();
}

function send(event) {
  // Synchronous, so that an event is not lost when the process crashes right after it.
  writeSync(EVENTS_FD, `${JSON.stringify(event)}\n`);
}

const fileOf = ({ file }) => relative(process.cwd(), file ?? '');

class EventReporter {
  constructor(runner) {
    const report = (kind, test, more) => {
      send({ kind, file: fileOf(test), title: test.fullTitle(), ...more });
    };
    // A file takes until the next one begins: the hooks that end its processes count too.
    let since = { file: undefined, seconds: 0, cpu: 0 };
    const beginFile = (file) => {
      if (file === since.file) return;
      const now = { file, seconds: performance.now() / 1000, cpu: cpuSeconds() };
      const spent = { seconds: now.seconds - since.seconds, cpu: now.cpu - since.cpu };
      if (since.file !== undefined) send({ kind: 'time', file: since.file, ...spent });
      since = now;
    };
    runner.on('suite', (suite) => suite.file && beginFile(fileOf(suite)));
    runner.on('test', (test) => send({ kind: 'test', title: test.fullTitle() }));
    runner.on('pass', (test) => report('passed', test));
    runner.on('pending', (test) => report('skipped', test));
    runner.on('fail', (test, error) => {
      test.err = error;
      // A failed hook has no title to be run again by: the spec that it belongs to has.
      const again = test.type === 'hook' ? (test.ctx?.currentTest ?? test.parent) : test;
      report('failed', test, { text: describeFailure(test), again: again.fullTitle() });
    });
    runner.once('end', () => {
      beginFile(undefined);
      send({ kind: 'end' });
      const late = () => send({ kind: 'alive', resources: process.getActiveResourcesInfo() });
      setTimeout(late, EXIT_GRACE_MS).unref();
    });
  }
}

module.exports = EventReporter;
