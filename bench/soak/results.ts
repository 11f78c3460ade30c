import { chart, type Panel } from './chart.js';
import type { Sample } from './room.js';
import { judge, type Point, settled, slopeOf } from './slope.js';

export interface TimedSample extends Sample {
  /** Time since the start. */
  readonly seconds: number;
}

type Quantity = Exclude<keyof TimedSample, 'room' | 'seconds'>;

const MB = 1e6;
const MIB = 1024 * 1024;

/** How each quantity is shown: `divisor` converts the sampled value to `unit`. */
const QUANTITIES: Record<Quantity, { title: string; unit: string; divisor: number }> = {
  residentBytes: { title: 'resident memory', unit: 'MiB', divisor: MIB },
  diskBytes: { title: 'spilled to disk', unit: 'MB', divisor: MB },
  descriptors: { title: 'file descriptors', unit: 'open', divisor: 1 },
  lagBytes: { title: 'lag of the slowest reader', unit: 'MB', divisor: MB },
  p99Ms: { title: 'delivery to a reader that keeps up, p99', unit: 'ms', divisor: 1 },
  ownDelayMs: { title: 'longest delay of the measuring process itself', unit: 'ms', divisor: 1 },
  sentBytes: { title: 'sent', unit: 'MB', divisor: MB },
};

/** Allowed growth per hour, in the unit of the quantity. The lag of a stopped reader grows with each byte sent. */
const MAX_GROWTH: readonly { quantity: Quantity; rooms: readonly string[]; hourly: number }[] = [
  { quantity: 'residentBytes', rooms: ['stopped', 'resuming', 'churn'], hourly: 24 },
  { quantity: 'diskBytes', rooms: ['resuming', 'churn'], hourly: 100 },
  { quantity: 'descriptors', rooms: ['resuming', 'churn'], hourly: 6 },
  { quantity: 'lagBytes', rooms: ['resuming', 'churn'], hourly: 100 },
  { quantity: 'p99Ms', rooms: ['stopped', 'resuming', 'churn'], hourly: 50 },
];

/** At most 96 spill files, and about thirty other descriptors. */
const MAX_DESCRIPTORS = 140;
/** The disk holds the lag of the stopped reader, with prefixes and the index of each segment. */
const MAX_DISK_PER_LAG = 1.25;

export interface Finding {
  readonly text: string;
  readonly passed: boolean;
}

/** Judges the slopes of the last two thirds of a run. */
export function verdicts(samples: readonly TimedSample[]): Finding[] {
  const slopes = MAX_GROWTH.flatMap(({ quantity, rooms, hourly }) =>
    rooms.map((room) => {
      const { title, unit } = QUANTITIES[quantity];
      const hours = pointsOf(samples, room, quantity).map(([time, value]): Point => [time / 60, value]);
      const slope = slopeOf(settled(hours));
      const verdict = judge(slope, hourly);
      const range = `${slope.lower.toFixed(1)} to ${slope.upper.toFixed(1)}`;
      const text = `${room}, ${title}: ${verdict} (${slope.median.toFixed(1)} ${unit}/h, 99 %: ${range}; at most ${hourly})`;
      return { text, passed: verdict !== 'grows' };
    }),
  );
  return [...slopes, ...limits(samples.filter(({ room }) => room === 'stopped'))];
}

/** Judges what grows with the lag of a stopped reader. */
function limits(samples: readonly TimedSample[]): Finding[] {
  const descriptors = Math.max(...samples.map((sample) => sample.descriptors));
  const share = Math.max(
    ...samples.map(({ diskBytes, lagBytes }) => (lagBytes === 0 ? 0 : diskBytes / lagBytes)),
  );
  return [
    {
      text: `stopped, file descriptors: up to ${descriptors} (at most ${MAX_DESCRIPTORS})`,
      passed: descriptors <= MAX_DESCRIPTORS,
    },
    {
      text: `stopped, spilled to disk: up to ${share.toFixed(2)} of the lag (at most ${MAX_DISK_PER_LAG})`,
      passed: share <= MAX_DISK_PER_LAG,
    },
  ];
}

/** Points in minutes and in the unit of the quantity. */
function pointsOf(samples: readonly TimedSample[], room: string, quantity: Quantity): Point[] {
  const { divisor } = QUANTITIES[quantity];
  return samples
    .filter((sample) => sample.room === room && Number.isFinite(sample[quantity]))
    .map((sample): Point => [sample.seconds / 60, sample[quantity] / divisor]);
}

const PANELS = ['residentBytes', 'diskBytes', 'descriptors', 'lagBytes', 'p99Ms'] as const;

export function draw(samples: readonly TimedSample[]): string {
  const rooms = [...new Set(samples.map(({ room }) => room))];
  const panels = PANELS.map((quantity): Panel => {
    const { title, unit } = QUANTITIES[quantity];
    return {
      title,
      unit,
      series: rooms.map((room) => ({ name: ROOMS[room] ?? room, points: pointsOf(samples, room, quantity) })),
    };
  });
  const date = new Date().toISOString().slice(0, 10);
  const minutes = Math.round((samples.at(-1)?.seconds ?? 0) / 60);
  const head = `mini-serv under load for ${minutes} minutes`;
  const below = `three relays at the same time, one room each; ${date}, Node ${process.versions.node}, ${process.platform}`;
  return chart(head, below, panels);
}

const ROOMS: Record<string, string> = {
  stopped: '1 MB/s, a stopped reader',
  resuming: '10 MB/s, a reader that stops and resumes',
  churn: '50 connections a second',
};

const COLUMNS = [
  'seconds',
  'room',
  'residentBytes',
  'diskBytes',
  'descriptors',
  'sentBytes',
  'lagBytes',
  'p99Ms',
  'ownDelayMs',
] as const;

export function toCsv(samples: readonly TimedSample[]): string {
  const rows = samples.map((sample) =>
    COLUMNS.map((name) => (name.endsWith('Ms') ? (sample[name] as number).toFixed(3) : sample[name])).join(
      ',',
    ),
  );
  return `${[COLUMNS.join(','), ...rows].join('\n')}\n`;
}

/** A row of the table on the terminal; without a sample, its head. */
export function toRow(sample?: TimedSample): string {
  const cells = COLUMNS.map((name) => {
    if (name === 'room') return (sample?.room ?? name).padEnd(9);
    const { divisor, unit } = name === 'seconds' ? { divisor: 1, unit: '' } : QUANTITIES[name];
    const label = name.replace(/Bytes$|Ms$/, '');
    const head = `${label}${unit === '' || unit === 'open' ? '' : ` ${unit}`}`;
    const digits = divisor === 1 && !name.endsWith('Ms') ? 0 : 1;
    return (sample === undefined ? head : (sample[name] / divisor).toFixed(digits)).padStart(13);
  });
  return cells.join(' ');
}
