import { chart, type Panel } from './chart.js';
import type { Sample } from './rooms.js';
import { judge, type Point, settled, slopeOf } from './slope.js';

export interface Timed extends Sample {
  readonly seconds: number;
}

type Quantity = Exclude<keyof Timed, 'room' | 'seconds'>;

const MB = 1e6;
const MIB = 1024 * 1024;

/** What is measured, in which unit it is told, and how many of what it is measured in are one of that. */
const QUANTITIES: Record<Quantity, { title: string; unit: string; one: number }> = {
  resident: { title: 'resident memory', unit: 'MiB', one: MIB },
  disk: { title: 'spilled to disk', unit: 'MB', one: MB },
  descriptors: { title: 'file descriptors', unit: 'open', one: 1 },
  lag: { title: 'lag of the slowest reader', unit: 'MB', one: MB },
  p99: { title: 'delivery to a reader that keeps up, p99', unit: 'ms', one: 1 },
  own: { title: 'longest delay of the measuring process itself', unit: 'ms', one: 1 },
  said: { title: 'said', unit: 'MB', one: MB },
};

/** By how much it may grow in an hour, in its unit. What a stopped reader lags grows with every byte that is said. */
const BOUNDS: readonly { quantity: Quantity; rooms: readonly string[]; hourly: number }[] = [
  { quantity: 'resident', rooms: ['stopped', 'resuming', 'churn'], hourly: 24 },
  { quantity: 'disk', rooms: ['resuming', 'churn'], hourly: 100 },
  { quantity: 'descriptors', rooms: ['resuming', 'churn'], hourly: 6 },
  { quantity: 'lag', rooms: ['resuming', 'churn'], hourly: 100 },
  { quantity: 'p99', rooms: ['stopped', 'resuming', 'churn'], hourly: 50 },
];

/** Files of the spill are at most 96, and what a room has beside them are some thirty. */
const MOST_DESCRIPTORS = 140;
/** What is on disk for a reader that has stopped is what it lags, with the prefixes and what lies beside the bytes. */
const MOST_DISK = 1.25;

export interface Finding {
  readonly text: string;
  readonly passed: boolean;
}

/** What is found in the last two thirds. */
export function verdicts(samples: readonly Timed[]): Finding[] {
  const slopes = BOUNDS.flatMap(({ quantity, rooms, hourly }) =>
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

/** What grows with the lag of a stopped reader, and how far it may. */
function limits(samples: readonly Timed[]): Finding[] {
  const most = Math.max(...samples.map(({ descriptors }) => descriptors));
  const share = Math.max(...samples.map(({ disk, lag }) => (lag === 0 ? 0 : disk / lag)));
  return [
    {
      text: `stopped, file descriptors: ${most} at most (at most ${MOST_DESCRIPTORS})`,
      passed: most <= MOST_DESCRIPTORS,
    },
    {
      text: `stopped, spilled to disk: ${share.toFixed(2)} of the lag at most (at most ${MOST_DISK})`,
      passed: share <= MOST_DISK,
    },
  ];
}

/** In minutes, and in the quantity's unit. */
function pointsOf(samples: readonly Timed[], room: string, quantity: Quantity): Point[] {
  const { one } = QUANTITIES[quantity];
  return samples
    .filter((sample) => sample.room === room && Number.isFinite(sample[quantity]))
    .map((sample): Point => [sample.seconds / 60, sample[quantity] / one]);
}

export function draw(samples: readonly Timed[]): string {
  const rooms = [...new Set(samples.map(({ room }) => room))];
  const panels = (['resident', 'disk', 'descriptors', 'lag', 'p99'] as const).map((quantity): Panel => {
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
  const below = `three relays at once, each with a room of its own; ${date}, Node ${process.versions.node}, ${process.platform}`;
  return chart(head, below, panels);
}

const ROOMS: Record<string, string> = {
  stopped: '1 MB/s, a stopped reader',
  resuming: '10 MB/s, a reader that stops and resumes',
  churn: '50 connects a second',
};

const COLUMNS = ['seconds', 'room', 'resident', 'disk', 'descriptors', 'said', 'lag', 'p99', 'own'] as const;

/** In bytes and milliseconds. */
export function toCsv(samples: readonly Timed[]): string {
  const rows = samples.map((sample) =>
    COLUMNS.map((name) => (name === 'p99' || name === 'own' ? sample[name].toFixed(3) : sample[name])).join(
      ',',
    ),
  );
  return `${[COLUMNS.join(','), ...rows].join('\n')}\n`;
}

/** A line of a table; without a sample, its head. */
export function toRow(sample?: Timed): string {
  const cells = COLUMNS.map((name) => {
    if (name === 'room') return (sample?.room ?? name).padEnd(9);
    const { one, unit } = name === 'seconds' ? { one: 1, unit: '' } : QUANTITIES[name];
    const head = `${name}${unit === '' || unit === 'open' ? '' : ` ${unit}`}`;
    const digits = one === 1 && name !== 'p99' && name !== 'own' ? 0 : 1;
    return (sample === undefined ? head : (sample[name] / one).toFixed(digits)).padStart(13);
  });
  return cells.join(' ');
}
