import { BATCHED, BROKER, CHAT, EXAM, HUB, LIMIT, MINI, PLAIN } from './relays.js';

/** What is measured of a sample: a number by its name, as bench/load prints them. */
export type Sample = Readonly<Record<string, number>>;

/** One of those who are measured in turn. */
export interface Entry {
  readonly name: string;
  /** The relay's name; undefined for what is none. */
  readonly relay?: string;
  /** More arguments for the relay, before its port. */
  readonly relayArgs?: readonly string[];
  /** The load, with its options. */
  readonly load: readonly string[];
  /** Standard output to a file, or the relay under strace, instead of as it is. */
  readonly under?: 'file' | 'strace';
  /** Whether a goal needs it; all else is measured less often. */
  readonly goal: boolean;
}

/** A load, and who is measured under it, in turn. */
export interface Contest {
  readonly name: string;
  /** The number by which they are compared, and what it is. */
  readonly metric: string;
  readonly unit: string;
  /** Whether less is better. */
  readonly less?: boolean;
  /** Seconds of the load before it is measured, where the usual ones are too few. */
  readonly warmup?: number | undefined;
  readonly entries: readonly Entry[];
}

export const FILTERED = 'mini-serv + filter';
export const UNDISTURBED = 'mini-serv, none stalled';
export const TO_FILE = 'mini-serv > file';
export const ONE_MORE = 'mini-serv, one more reader';
export const NODE = 'node -e 0';

const ALL = [MINI, LIMIT, EXAM, PLAIN, BATCHED, HUB, BROKER, CHAT];
/** Those that number clients and tell of arrivals as mini_serv does. */
const LIKE = [MINI, LIMIT, EXAM, PLAIN, BATCHED, HUB];

function compete(names: readonly string[], load: readonly string[], goals: readonly string[]): Entry[] {
  return names.map((relay) => ({ name: relay, relay, load, goal: goals.includes(relay) }));
}

function fanOut(readers: number, size: number): Contest {
  const load = ['--readers', String(readers), '--size', String(size), 'fan-out'];
  const goals: Record<string, string[]> = {
    '1x100': [MINI, LIMIT],
    '10x100': [MINI, LIMIT, EXAM, BROKER],
    '100x100': [MINI, LIMIT, EXAM, BROKER],
    '500x100': [MINI, LIMIT, EXAM],
    '10x16': [MINI, LIMIT],
  };
  const entries = compete(ALL, load, goals[`${readers}x${size}`] ?? []);
  if (readers === 10 && size === 100) {
    entries.push({
      name: FILTERED,
      relay: MINI,
      relayArgs: ['-t', 'filter=drop:secret'],
      load,
      goal: true,
    });
  }
  return { name: nameOf(readers, size), metric: 'rate', unit: 'lines delivered/s', entries };
}

export function nameOf(readers: number, size: number): string {
  return `fan-out, ${readers} reader${readers === 1 ? '' : 's'}, ${size} B`;
}

/** A chat says so little that Node takes a second or two to compile what a fan-out has compiled in a tenth of one. */
const CHAT_WARMUP = 2;

const TEN = ['--readers', '10', '--size', '100'];

export const PACED = 'chat, 100 clients, 10 lines/s each';
export const CLOSED_100 = 'closed-loop chat, 100 clients';
export const CLOSED_10 = 'closed-loop chat, 10 clients';
export const CHURN = 'churn in a room of 100';
export const STALLED = 'one reader stalled, 10 others';
export const OUTPUT = 'standard output';
export const START = 'start to the first client';
export const WRITES = 'write system calls';
export const idleName = (connections: number): string => `idle, ${connections} connections`;

function idle(connections: number): Contest {
  const load = ['--clients', String(connections), 'idle'];
  // select(2) ends at 1,024 descriptors; and with as many pipes as clients it takes minutes to fill a room.
  const names = connections < 1024 ? LIKE : connections > 5000 ? [MINI, LIMIT] : [MINI, LIMIT, PLAIN];
  const entries = compete(names, load, connections === 5000 ? [] : [MINI]);
  return { name: idleName(connections), metric: 'each', unit: 'KiB resident each', less: true, entries };
}

function chat(name: string, load: readonly string[]): Contest {
  const entries = compete(ALL, load, [MINI, LIMIT]);
  return { name, metric: 'p50', unit: 'ms, p50', less: true, warmup: CHAT_WARMUP, entries };
}

/** All of them, in the order in which they are measured. */
export function contests(): Contest[] {
  const paced = ['--clients', '100', '--rate', '10', 'chat'];
  const closed = (clients: number): string[] => ['--clients', String(clients), 'chat'];
  const stalled = [...TEN, '--stalled', '1', 'fan-out'];
  const mini = { relay: MINI, goal: true };
  return [
    ...[100, 16, 1000].flatMap((size) => [1, 10, 100, 500].map((readers) => fanOut(readers, size))),
    chat(PACED, paced),
    { ...chat(CLOSED_100, closed(100)), metric: 'rate', unit: 'lines delivered/s', less: false },
    chat(CLOSED_10, closed(10)),
    {
      name: CHURN,
      metric: 'rate',
      unit: 'clients that came and left/s',
      entries: compete(LIKE, ['--clients', '100', 'churn'], [MINI, LIMIT, EXAM]),
    },
    {
      name: STALLED,
      metric: 'rate',
      unit: 'lines delivered/s to the others',
      entries: [
        { ...mini, name: UNDISTURBED, load: [...TEN, 'fan-out'] },
        ...compete([MINI, LIMIT, PLAIN, HUB, BROKER], stalled, [MINI]),
      ],
    },
    {
      name: OUTPUT,
      metric: 'each',
      unit: 'lines delivered/s to each reader',
      entries: [
        { ...mini, name: TO_FILE, load: [...TEN, 'fan-out'], under: 'file' },
        { ...mini, name: ONE_MORE, load: ['--readers', '11', '--size', '100', 'fan-out'] },
      ],
    },
    {
      name: WRITES,
      metric: 'writes',
      unit: 'per line and reader, 10 readers, 100 B',
      less: true,
      entries: [{ ...mini, name: MINI, load: [...TEN, 'fan-out'], under: 'strace' }],
    },
    {
      name: START,
      metric: 'ms',
      unit: 'ms',
      less: true,
      entries: [
        { ...mini, name: MINI, load: ['start'] },
        { name: NODE, load: ['run', process.execPath, '-e', '0'], goal: true },
      ],
    },
    idle(1000),
    idle(5000),
    idle(10_000),
  ];
}

/** What the picture shows. */
export const DRAWN: readonly string[] = [
  ...[1, 10, 100, 500].map((readers) => nameOf(readers, 100)),
  PACED,
  CLOSED_100,
  CHURN,
  STALLED,
  idleName(10_000),
  START,
];
