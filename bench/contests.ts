import { BATCHED, BROKER, BROKERS, CHAT, EXAM, HUB, LIMIT, MINI, PLAIN } from './relays.js';

/** The figures of one measurement, by the names that bench/load prints. */
export type Sample = Readonly<Record<string, number>>;

/** One participant of a contest. */
export interface Entry {
  readonly name: string;
  /** The name of the relay; undefined for a command that is not a relay. */
  readonly relay?: string;
  /** Additional arguments for the relay, before its port. */
  readonly relayArgs?: readonly string[];
  /** Options and name of the load. */
  readonly load: readonly string[];
  /** Runs the relay with standard output in a file, or under strace. */
  readonly under?: 'file' | 'strace';
}

/** A load, and the entries that are measured under it in turn. */
export interface Contest {
  readonly name: string;
  /** The figure by which entries are compared, and its unit. */
  readonly metric: string;
  readonly unit: string;
  /** Whether a smaller figure is better. */
  readonly less?: boolean;
  /** Seconds of load before the measurement, if the default is too short. */
  readonly warmup?: number | undefined;
  /** Shorter measurements vary too much. */
  readonly minSeconds?: number;
  /** Whether the room has thousands of clients, and takes too long for `--quick`. */
  readonly isLarge?: boolean;
  /** Upper bound for the rounds, for loads that take minutes. */
  readonly maxRounds?: number;
  readonly entries: readonly Entry[];
}

export const FILTERED = 'mini-serv + filter';
export const UNDISTURBED = 'mini-serv, none stalled';
export const TO_FILE = 'mini-serv > file';
export const ONE_MORE = 'mini-serv, one more reader';
export const NODE = 'node -e 0';

const ALL = [MINI, LIMIT, EXAM, PLAIN, BATCHED, HUB, BROKER, CHAT];
/** The relays that number clients and announce arrivals as mini_serv does. */
const ANNOUNCING = [MINI, LIMIT, EXAM, PLAIN, BATCHED, HUB];

/** The numbers of readers that show how a fan-out grows. */
export const GROWTH = [1000, 2000, 3000, 5000];

export const BROKER_READERS = [1, 10, 100, 500];

function compete(names: readonly string[], load: readonly string[]): Entry[] {
  return names.map((relay) => ({ name: relay, relay, load }));
}

function fanOut(readers: number, size: number): Contest {
  const load = ['--readers', String(readers), '--size', String(size), 'fan-out'];
  // Slower relays take minutes to fill such a room.
  const entries = compete(readers >= 1000 ? [MINI, LIMIT] : ALL, load);
  if (readers <= 500 && size === 100) entries.push(...compete(Object.keys(BROKERS), load));
  if (readers === 10 && size === 100)
    entries.push({ name: FILTERED, relay: MINI, relayArgs: ['-t', 'filter=drop:secret'], load });
  return {
    name: nameOf(readers, size),
    metric: 'rate',
    unit: 'lines delivered/s',
    // A round of writes to thousands takes 10 to 50 ms.
    ...(readers >= 1000 ? { isLarge: true, minSeconds: 1 } : {}),
    ...(readers === 10 && size === 100 ? { warmup: FAN_OUT_WARMUP } : {}),
    entries,
  };
}

export function nameOf(readers: number, size: number): string {
  return `fan-out, ${readers} reader${readers === 1 ? '' : 's'}, ${size} B`;
}

/** In seconds: Node needs 2 s to compile the hot code of closed loops and churn, and 1 s that of transforms and spills. */
const WARMUP = 2;
const FAN_OUT_WARMUP = 1;
/** A paced chat sends so few lines that Node needs longer, and that p99 needs more of them. */
const PACED_WARMUP = 4;
const PACED_SECONDS = 2;

const TEN = ['--readers', '10', '--size', '100'];

export const PACED = 'chat, 100 clients, 10 lines/s each';
export const CLOSED_100 = 'closed-loop chat, 100 clients';
export const CLOSED_10 = 'closed-loop chat, 10 clients';
export const CHURN = 'churn in a room of 100';
export const STALLED = 'one reader stalled, 10 others';
export const OUTPUT = 'standard output';
export const START = 'start to the first client';
export const BACKLOG = 'one stalled reader, 512 MiB published';
export const WRITES = 'write system calls';
/** The numbers of clients that connect at once. */
export const STORMS = [1000, 4000];
export const stormName = (clients: number): string => `arrivals, ${clients} clients at once`;
export const idleName = (connections: number): string => `idle, ${connections} connections`;

function storm(clients: number): Contest {
  const load = ['--clients', String(clients), 'arrivals'];
  // select(2) is limited to 1,024 descriptors. Relays that write every line to every client take minutes for 1,000.
  const names = clients > 1000 ? [MINI, LIMIT] : [MINI, LIMIT, EXAM, BATCHED];
  return {
    name: stormName(clients),
    metric: 'seconds',
    unit: 's',
    less: true,
    isLarge: clients > 1000,
    entries: compete(names, load),
  };
}

function idle(connections: number): Contest {
  const load = ['--clients', String(connections), 'idle'];
  // select(2) is limited to 1,024 descriptors, and a hub with a pipe for each client takes minutes to fill.
  const names = connections < 1024 ? ANNOUNCING : connections > 5000 ? [MINI, LIMIT] : [MINI, LIMIT, PLAIN];
  return {
    name: idleName(connections),
    metric: 'each',
    unit: 'KiB resident each',
    less: true,
    isLarge: connections > 5000,
    entries: compete(names, load),
  };
}

function chat(name: string, load: readonly string[]): Contest {
  return {
    name,
    metric: 'p50',
    unit: 'ms, p50',
    less: true,
    warmup: WARMUP,
    entries: compete(ALL, load),
  };
}

/** All contests, in the order in which they are measured. */
export function contests(): Contest[] {
  const paced = ['--clients', '100', '--rate', '10', 'chat'];
  const closed = (clients: number): string[] => ['--clients', String(clients), 'chat'];
  const stalled = [...TEN, '--stalled', '1', 'fan-out'];
  return [
    ...[100, 16, 1000].flatMap((size) => [1, 10, 100, 500].map((readers) => fanOut(readers, size))),
    ...GROWTH.map((readers) => fanOut(readers, 100)),
    { ...chat(PACED, paced), warmup: PACED_WARMUP, minSeconds: PACED_SECONDS },
    { ...chat(CLOSED_100, closed(100)), metric: 'rate', unit: 'lines delivered/s', less: false },
    chat(CLOSED_10, closed(10)),
    {
      name: CHURN,
      metric: 'rate',
      unit: 'clients that came and left/s',
      warmup: WARMUP,
      entries: compete(ANNOUNCING, ['--clients', '100', 'churn']),
    },
    ...STORMS.map(storm),
    {
      name: STALLED,
      metric: 'rate',
      unit: 'lines delivered/s to the others',
      warmup: FAN_OUT_WARMUP,
      entries: [
        { relay: MINI, name: UNDISTURBED, load: [...TEN, 'fan-out'] },
        ...compete([MINI, LIMIT, PLAIN, HUB, BROKER], stalled),
      ],
    },
    {
      name: OUTPUT,
      metric: 'each',
      unit: 'lines delivered/s to each reader',
      warmup: FAN_OUT_WARMUP,
      entries: [
        { relay: MINI, name: TO_FILE, load: [...TEN, 'fan-out'], under: 'file' },
        { relay: MINI, name: ONE_MORE, load: ['--readers', '11', '--size', '100', 'fan-out'] },
      ],
    },
    {
      name: WRITES,
      metric: 'writes',
      unit: 'per line and reader, 10 readers, 100 B',
      less: true,
      entries: [{ relay: MINI, name: MINI, load: [...TEN, 'fan-out'], under: 'strace' }],
    },
    {
      name: START,
      metric: 'ms',
      unit: 'ms',
      less: true,
      entries: [
        { relay: MINI, name: MINI, load: ['start'] },
        { name: NODE, load: ['run', process.execPath, '-e', '0'] },
      ],
    },
    idle(1000),
    idle(5000),
    idle(10_000),
  ];
}

/** Published while a reader reads nothing. NATS closes its connection after ten seconds, so a stall takes longer. */
const BACKLOG_LOAD = ['--readers', '1', '--size', '100', '--mib', '512', '--stall-timeout', '12', 'backlog'];

/** The contests of `--brokers`: fan-outs, and a reader that stops reading. */
export function brokerContests(): Contest[] {
  const relays = [MINI, LIMIT, PLAIN, ...Object.keys(BROKERS)];
  const fanOuts = BROKER_READERS.map((readers) => fanOut(readers, 100));
  return [
    ...fanOuts.map((contest) => ({
      ...contest,
      entries: contest.entries.filter(({ name }) => relays.includes(name)),
    })),
    {
      name: BACKLOG,
      metric: 'rate',
      unit: 'lines delivered/s to the other reader',
      maxRounds: 1,
      entries: compete(relays, BACKLOG_LOAD),
    },
  ];
}

/** The contests in docs/bench.svg. */
export const DRAWN: readonly string[] = [
  ...[1, 10, 100, 500].map((readers) => nameOf(readers, 100)),
  PACED,
  CLOSED_100,
  CHURN,
  ...STORMS.map(stormName),
  STALLED,
  idleName(10_000),
  START,
];
