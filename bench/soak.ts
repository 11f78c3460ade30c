// Puts three relays under load for a long time and records what they consume. Linux only: reads /proc.
//
//   npm run soak -- --minutes 60 [--out folder]
//
// Each load has a relay of its own, all at the same time, so that growth can be attributed to one load.
// The disk needs 3.6 GB for each hour, because one reader is stopped for the whole time.
import { mkdirSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { stopAllAtExit } from './processes.js';
import { now } from './soak/lines.js';
import { draw, type TimedSample, toCsv, toRow, verdicts } from './soak/results.js';
import { Room } from './soak/room.js';

const MB = 1e6;
const SAMPLE_INTERVAL_MS = 10_000;
/** Shorter runs report no slopes, because a relay has not yet filled its memory budget. */
const MIN_MINUTES_FOR_SLOPES = 5;
const MAX_MINUTES = 7 * 24 * 60;

function exitWithUsageError(message: string): never {
  process.stderr.write(`soak: ${message}\n`);
  process.exit(2);
}

function readOptions() {
  const options = {
    minutes: { type: 'string', default: '60' },
    out: { type: 'string', default: 'bench/results' },
  } as const;
  try {
    return parseArgs({ options }).values;
  } catch (error) {
    return exitWithUsageError((error as Error).message);
  }
}

const values = readOptions();
const minutes = Number(values.minutes);
if (!(minutes * 60_000 >= SAMPLE_INTERVAL_MS && minutes <= MAX_MINUTES))
  exitWithUsageError(`--minutes: expected a number from 0.2 to ${MAX_MINUTES}, got "${values.minutes}"`);
const neededBytes = minutes * 60 * MB * 1.1 + 1000 * MB;
const { bavail, bsize } = statfsSync(tmpdir());
if (bavail * bsize < neededBytes)
  exitWithUsageError(
    `${tmpdir()}: ${Math.ceil(neededBytes / MB)} MB needed, ${Math.floor((bavail * bsize) / MB)} MB free`,
  );
stopAllAtExit();

const stopped = await Room.open('stopped', 1 * MB);
await stopped.addStoppedReader();
const resuming = await Room.open('resuming', 10 * MB);
await resuming.addResumingReader();
const churn = await Room.open('churn', 5000);
churn.addChurn(50);
const rooms = [stopped, resuming, churn];

for (const room of rooms) room.start();
const startedAt = now();
const samples: TimedSample[] = [];
process.stdout.write(`${toRow()}\n`);
for (let round = 1; round * SAMPLE_INTERVAL_MS <= minutes * 60_000; round++) {
  await delay(startedAt + round * SAMPLE_INTERVAL_MS - now());
  const seconds = Math.round((now() - startedAt) / 1000);
  for (const room of rooms) {
    const sample = { seconds, ...room.sample() };
    samples.push(sample);
    process.stdout.write(`${toRow(sample)}\n`);
  }
}
mkdirSync(values.out, { recursive: true });
writeFileSync(join(values.out, 'soak.csv'), toCsv(samples));
writeFileSync(join(values.out, 'soak.svg'), draw(samples));
// Delivery is checked to the end even if a slope is already too steep.
for (const room of rooms) process.stdout.write(`${await room.finish()}\n`);
const hasSlopes = minutes >= MIN_MINUTES_FOR_SLOPES;
if (!hasSlopes) process.stdout.write(`no slopes: they need at least ${MIN_MINUTES_FOR_SLOPES} minutes\n`);
const findings = hasSlopes ? verdicts(samples) : [];
for (const { text } of findings) process.stdout.write(`${text}\n`);
process.stdout.write(`${join(values.out, 'soak.csv')}, ${join(values.out, 'soak.svg')}\n`);
process.exit(findings.every(({ passed }) => passed) ? 0 : 1);
