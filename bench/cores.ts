// Compares a room in one process with a room in several: bench/many-cores. See docs/many-cores.md.
//
//   npm run bench:cores -- [--rounds 3] [--seconds 3] [--only '500 readers']
//
// The room over NATS requires nats-server, and is left out where it is missing.
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { freePort } from '../lib/conformance/ports.js';
import { buildNative, builtPath } from './build.js';
import { type RelayUsage, relayUsage, sumUsage } from './many-cores/usage.js';
import {
  connectTo,
  kill,
  type Output,
  outputOf,
  startProcess,
  stopAllAtExit,
  temporaryFolder,
} from './processes.js';
import { versionOf } from './relays.js';
import { median } from './statistics.js';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '3' },
    only: { type: 'string', default: '' },
  },
});

/** The load before the measurement, in which Node compiles the hot code. */
const WARMUP_MS = 1000;
/** Upper bound of the time in which 500 clients connect. CPU time is measured between then and the end of the load. */
const MAX_FILL_MS = 600;

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const sequencer = (...options: string[]): string[] => [
  process.execPath,
  here('./many-cores/sequencer.js'),
  ...options,
];

interface Contender {
  readonly name: string;
  readonly command: readonly string[];
  /** Whether the engine puts the lines in order. */
  readonly needsNats?: boolean;
}

const ALL: readonly Contender[] = [
  { name: 'mini-serv', command: [process.execPath, here('../command/mini-serv.cjs')] },
  { name: 'sequencer, 1 writer', command: sequencer('--writers', '1') },
  { name: 'sequencer, 2 writers', command: sequencer('--writers', '2') },
  { name: 'NATS, 2 writers', command: sequencer('--writers', '2', '--room'), needsNats: true },
  { name: 'epoll limit (C)', command: [builtPath('limit')] },
];

const fanOut = (readers: number): readonly string[] => ['--readers', String(readers), 'fan-out'];
const LOADS: Readonly<Record<string, readonly string[]>> = {
  '10 readers': fanOut(10),
  '100 readers': fanOut(100),
  '500 readers': fanOut(500),
  'closed loop of 100': ['--clients', '100', 'chat'],
  'chat of 100': ['--clients', '100', '--rate', '10', 'chat'],
};

interface Sample {
  /** Lines delivered per second. */
  readonly rate: number;
  /** Delays of a chat in milliseconds. */
  readonly p50?: number;
  readonly p99?: number;
  /** CPU time for each delivered line in ns. */
  readonly order: number;
  readonly writers: number;
  readonly generator: number;
  /** The kernel's share of the CPU time of the relay. */
  readonly system: number;
  /** Memory of all processes of the relay, in bytes. */
  readonly memory: number;
}

async function measure(contender: Contender, load: readonly string[]): Promise<Sample> {
  const port = await freePort();
  const engine = contender.needsNats ? await startNats() : undefined;
  const room = engine === undefined ? [] : [`nats://127.0.0.1:${engine.port}/bench`];
  const relay = startProcess([...contender.command, ...room, String(port)], ['ignore', 'ignore', 'inherit']);
  const usage = (): RelayUsage => relayUsage(relay.pid as number, engine?.pid);
  try {
    await awaitStart(port);
    const args = ['--port', String(port), '--seconds', values.seconds, '--warmup', String(WARMUP_MS / 1000)];
    const output = outputOf(
      startProcess([builtPath('load'), ...args, ...load], ['ignore', 'pipe', 'inherit']),
      60_000,
    );
    await delay(WARMUP_MS + MAX_FILL_MS);
    const before = usage();
    const startedAt = performance.now();
    await delay(Number(values.seconds) * 1000 - MAX_FILL_MS);
    const after = usage();
    const seconds = (performance.now() - startedAt) / 1000;
    return sampleOf(reportOf(await output), before, after, seconds);
  } finally {
    await kill(relay);
    if (engine !== undefined) await engine.stop();
  }
}

/** Resolves when a client has joined the room and left it again. */
async function awaitStart(port: number): Promise<void> {
  const client = await connectTo(port);
  client.resume().end();
  await once(client, 'close');
  // The other relays of a shared room read the notice later.
  await delay(300);
}

/** @throws {Error} if the relay broke a rule */
function reportOf(output: Output | 'timeout'): Record<string, number> {
  if (output === 'timeout' || output.code !== 0) throw new Error('the load generator failed');
  const report = JSON.parse(output.out) as Record<string, number>;
  if ('disqualified' in report) throw new Error(`the relay is disqualified: ${report.disqualified}`);
  return report;
}

function sampleOf(
  report: Record<string, number>,
  before: RelayUsage,
  after: RelayUsage,
  seconds: number,
): Sample {
  const rate = report.rate as number;
  const order = sumUsage(after.order, before.order);
  const writers = sumUsage(after.writers, before.writers);
  const nsPerLine = (cpuSeconds: number): number => (cpuSeconds / seconds / rate) * 1e9;
  const system = order.system + writers.system;
  return {
    ...report,
    rate,
    order: nsPerLine(order.user + order.system),
    writers: nsPerLine(writers.user + writers.system),
    generator: ((report.busy as number) / rate) * 1e9,
    system: system / (system + order.user + writers.user),
    memory: order.memory + writers.memory,
  };
}

async function startNats(): Promise<{ port: number; pid: number; stop(): Promise<void> }> {
  const port = await freePort();
  const child = startProcess(
    ['nats-server', '-a', '127.0.0.1', '-p', String(port), '-js', '-sd', temporaryFolder()],
    'ignore',
  );
  (await connectTo(port)).destroy();
  return { port, pid: child.pid as number, stop: () => kill(child) };
}

function printRow(name: string, samples: readonly Sample[]): void {
  const middle = (key: keyof Sample): number => median(samples.map((sample) => sample[key] ?? Number.NaN));
  const delay = (key: 'p50' | 'p99'): string =>
    samples[0]?.[key] === undefined ? '–' : `${middle(key).toFixed(2)} ms`;
  const cells = [
    name,
    (middle('rate') / 1e6).toFixed(2),
    delay('p50'),
    delay('p99'),
    ...(['order', 'writers', 'generator'] as const).map((key) => middle(key).toFixed(1)),
    `${Math.round(middle('system') * 100)} %`,
    `${Math.round(middle('memory') / 1024 ** 2)} MiB`,
  ];
  process.stdout.write(`| ${cells.join(' | ')} |\n`);
}

stopAllAtExit();
buildNative();
const hasNats = versionOf('nats-server') !== undefined;
if (!hasNats) process.stderr.write('nats-server is not installed: the rows of NATS are left out\n');
for (const [name, load] of Object.entries(LOADS)) {
  if (!name.includes(values.only)) continue;
  // Relays on NATS give ids in the order of the engine, and a chat expects them in the order of connecting.
  const isChat = load.includes('chat');
  const contenders = ALL.filter(({ needsNats }) => !needsNats || (hasNats && !isChat));
  const samples = new Map(contenders.map((contender) => [contender, [] as Sample[]]));
  for (let round = 0; round < Number(values.rounds); round++) {
    for (const [contender, taken] of samples) taken.push(await measure(contender, load));
  }
  process.stdout.write(`\n**${name}**\n\n`);
  process.stdout.write('| | million lines/s | p50 | p99 | order | writers | generator | kernel | memory |\n');
  process.stdout.write(`|${' --- |'.repeat(9)}\n`);
  for (const [{ name }, taken] of samples) printRow(name, taken);
}
process.exit();
