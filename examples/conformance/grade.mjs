// Tests mini_serv.c in each folder of a folder of submissions, writes report.html next to it, and prints the points as CSV:
//
//   node examples/conformance/grade.mjs submissions > grades.csv
//
// Further arguments are options of `mini-serv conformance`, such as --timeout 10s.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

/** The points of a rank, in proportion to its cases that passed. */
const POINTS = { subject: 60, exam: 40 };
const COMMAND = fileURLToPath(
  new URL('dist/command/mini-serv.cjs', import.meta.resolve('mini-serv/package.json')),
);

/** Tests the server in a folder; returns the JSON report, or the reason why there is none. */
async function test(folder, options) {
  const source = join(folder, 'mini_serv.c');
  if (!existsSync(source)) return { problem: 'there is no mini_serv.c' };
  const reports = ['--reporter', 'json', '--reporter', 'html', '--output', join(folder, 'report.html')];
  const args = [COMMAND, 'conformance', '--rank', 'exam', ...reports, ...options, source];
  const kit = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const [report, errors, [code]] = await Promise.all([
    text(kit.stdout),
    text(kit.stderr),
    once(kit, 'close'),
  ]);
  // 0: passed, 1: failed, 3: the machine was too busy to judge all cases.
  return code === 2 || code === null ? { problem: errors.trim() } : JSON.parse(report);
}

/** Only a case that passed counts. */
function pointsFor({ rank, passed, failed, skipped, undecided }) {
  return (POINTS[rank] * passed) / (passed + failed + skipped + undecided);
}

/** Quotes a field. A text that begins like a formula would be one in a spreadsheet. */
function field(value) {
  const quoted = /^[=+@-]/.test(value) ? `'${value}` : `${value}`;
  return `"${quoted.replaceAll('"', '""').replaceAll('\n', ' ')}"`;
}

const [submissions = '.', ...options] = process.argv.slice(2);
console.log('submission,points,verdict');
for (const entry of readdirSync(submissions, { withFileTypes: true })) {
  if (!entry.isDirectory()) continue;
  const { ranks = [], sentence, problem } = await test(join(submissions, entry.name), options);
  const points = ranks.reduce((sum, rank) => sum + pointsFor(rank), 0);
  console.log([field(entry.name), Math.round(points), field(sentence ?? problem)].join(','));
}
