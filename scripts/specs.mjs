// The specs, in several mochas side by side: much of what they do is to wait for other processes. Not mocha's own
// --parallel, which ends its workers whatever they still hold: a mocha that does not end by itself has found a leak.
import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const mocha = join(root, 'node_modules/mocha/bin/mocha.js');

/** How many at a time: two at work, and one that waits for something. */
const AT_ONCE = 3;

/** The files that take long, in groups that take about as long as each other; all others are one more group. */
const LONG = [
  /^transcript.transcript\.spec/,
  /^transcript.(audit|audit-random|verify)\.spec/,
  /^(fanout.backlog|bin)/,
  /^transcript.(audit-faults)\.spec/,
  /^conformance.relay/,
  /^conformance/,
  /^simulation/,
  /^faults/,
  /^(fuzz|security)/,
  /^room.nats/,
];

const files = readdirSync(join(root, 'dist/spec'), { recursive: true }).filter((name) =>
  name.endsWith('.spec.js'),
);
const groupOf = (name) => LONG.findIndex((pattern) => pattern.test(name));
const groups = [...LONG.keys(), -1].map((group) => files.filter((name) => groupOf(name) === group));

/** Runs a group; gives what mocha printed when it has ended by itself, and whether all was well. */
function run(group) {
  const specs = group.map((name) => join('dist/spec', name));
  const options = { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] };
  // What is given here would be added to what .mocharc.json names.
  const child = spawn(
    process.execPath,
    [mocha, '--no-config', '--timeout', '180000', '--reporter', 'dot', ...specs],
    options,
  );
  let printed = '';
  child.stdout.setEncoding('utf8').on('data', (text) => {
    printed += text;
  });
  return new Promise((resolve) => child.once('close', (code) => resolve({ printed, code })));
}

const results = [];
const left = groups.filter((group) => group.length > 0);
const work = async () => {
  for (let group = left.shift(); group !== undefined; group = left.shift()) results.push(await run(group));
};
await Promise.all(Array.from({ length: AT_ONCE }, work));
const count = (word) =>
  results
    .map(({ printed }) => Number(new RegExp(`^\\s*(\\d+) ${word}`, 'm').exec(printed)?.[1] ?? 0))
    .reduce((sum, number) => sum + number, 0);
for (const { printed } of results) process.stdout.write(printed);
const counts = `${count('passing')} passed, ${count('failing')} failed, ${count('pending')} skipped`;
process.stdout.write(`${counts}, on Node ${process.version}\n`);
// Also where one of them could not even begin.
process.exitCode = results.every(({ code }) => code === 0) ? 0 : 1;
