// Three relays under load for a long time, and what they cost meanwhile. Linux only: reads /proc.
//
//   npm run soak -- --minutes 60 [--out folder]
//
// Each load has a room of its own, all at the same time, so that whatever grows is known to belong to it, and a
// reader that stops for an hour lags one megabyte a second and not eleven. The disk has to have room for that:
// 3.6 GB an hour.
import { mkdirSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { now } from './soak/lines.js';
import { draw, type Timed, toCsv, toRow, verdicts } from './soak/results.js';
import { Room } from './soak/rooms.js';

const MB = 1e6;
const EVERY = 10_000;
/** Before that a relay has not even filled the memory that it may use, and all that is told is whether all was heard. */
const TELLING = 5;
/** A week. */
const MOST = 7 * 24 * 60;

function refuse(why: string): never {
  process.stderr.write(`${why}\n`);
  process.exit(2);
}

function read() {
  const options = {
    minutes: { type: 'string', default: '60' },
    out: { type: 'string', default: 'bench/results' },
  } as const;
  try {
    return parseArgs({ options }).values;
  } catch (error) {
    return refuse((error as Error).message);
  }
}

const values = read();
const minutes = Number(values.minutes);
if (!(minutes * 60_000 >= EVERY && minutes <= MOST)) refuse(`--minutes is a number from 0.2 to ${MOST}`);
const needed = minutes * 60 * MB * 1.1 + 1000 * MB;
const { bavail, bsize } = statfsSync(tmpdir());
if (bavail * bsize < needed) refuse(`${tmpdir()} must have ${Math.ceil(needed / MB)} MB free`);
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));

const stopped = await Room.open('stopped', 1 * MB);
await stopped.withStopped();
const resuming = await Room.open('resuming', 10 * MB);
await resuming.withResuming();
const churn = await Room.open('churn', 5000);
churn.withChurn(50);
const rooms = [stopped, resuming, churn];

for (const room of rooms) room.begin();
const began = now();
const samples: Timed[] = [];
process.stdout.write(`${toRow()}\n`);
for (let round = 1; round * EVERY <= minutes * 60_000; round++) {
  await delay(began + round * EVERY - now());
  const seconds = Math.round((now() - began) / 1000);
  for (const room of rooms) {
    const sample = { seconds, ...room.sample() };
    samples.push(sample);
    process.stdout.write(`${toRow(sample)}\n`);
  }
}
mkdirSync(values.out, { recursive: true });
writeFileSync(join(values.out, 'soak.csv'), toCsv(samples));
writeFileSync(join(values.out, 'soak.svg'), draw(samples));
// Even where a slope is wrong, what was said is to be there.
for (const room of rooms) process.stdout.write(`${await room.end()}\n`);
if (minutes < TELLING) process.stdout.write(`no slopes are told: that takes ${TELLING} minutes\n`);
const found = minutes < TELLING ? [] : verdicts(samples);
for (const { text } of found) process.stdout.write(`${text}\n`);
process.stdout.write(`${join(values.out, 'soak.csv')}, ${join(values.out, 'soak.svg')}\n`);
process.exit(found.every(({ passed }) => passed) ? 0 : 1);
