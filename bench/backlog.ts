// Measures the cost of stalled readers, for mini-serv and for a relay that leaves the backlog to Node. Prints the table of
// docs/performance.md.
//
// Linux only: reads /proc.
//
//   npm run bench:backlog -- [--size 2G] [--seconds 5]
import type { ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { freePort } from '../lib/conformance/ports.js';
import { parseSize } from '../lib/util/size.js';
import { connectTo, isRunning, kill, startProcess, stopAllAtExit } from './processes.js';
import { quantile } from './statistics.js';

const MIB = 1024 * 1024;
/** The other relay is stopped here, because measurements on a swapping machine are useless. */
const MAX_PEER_MEMORY_BYTES = 4096 * MIB;
const LINE = `${'x'.repeat(99)}\n`;
const LINES_PER_CHUNK = 640;
const CHUNK = LINE.repeat(LINES_PER_CHUNK);
const FLOOD_BYTES_PER_SECOND = 15e6;
const CHAT_INTERVAL_MS = 5;

const { values } = parseArgs({
  options: { size: { type: 'string', default: '2G' }, seconds: { type: 'string', default: '5' } },
});
const BACKLOG_BYTES = parseSize(values.size) as number;
const CHAT_SECONDS = Number(values.seconds);

interface Row {
  relay: string;
  stalled: number;
  p50: number;
  p99: number;
  longest: number;
  peak: string;
  readBack: string;
  intact: string;
}

const compiled = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const RELAYS = {
  'mini-serv': compiled('../command/mini-serv.cjs'),
  'plain write': compiled('./peers/plain-write.js'),
};

async function startRelay(script: string, port: number): Promise<ChildProcess> {
  const relay = startProcess([process.execPath, script, String(port)], 'ignore');
  (await connectTo(port)).destroy();
  return relay;
}

function memoryOf(child: ChildProcess, field: 'VmHWM' | 'VmRSS'): number {
  const status = readFileSync(`/proc/${child.pid}/status`, 'utf8');
  return Number(new RegExp(`${field}:\\s+(\\d+)`).exec(status)?.[1]) * 1024;
}

/** Readers in a process of their own, which can be stopped and resumed. */
class StalledReaders {
  readonly child: ChildProcess;
  readonly #lines: AsyncIterator<string>;

  private constructor(child: ChildProcess) {
    this.child = child;
    if (child.stdout === null) throw new Error('standard output of the readers is not a pipe');
    this.#lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  }

  static async connect(port: number, count: number): Promise<StalledReaders> {
    const command = [process.execPath, compiled('./stalled-reader.js'), String(port), String(count)];
    const readers = new StalledReaders(startProcess(command, ['ignore', 'pipe', 'inherit']));
    await readers.#lines.next();
    return readers;
  }

  stop(): void {
    this.child.kill('SIGSTOP');
  }

  /** Resumes the readers, and resolves when all have received the end. No hashes: the relay ended a connection. */
  async resume(): Promise<{ hashes: string[]; bytes: number; seconds: number }> {
    this.child.kill('SIGCONT');
    const { value } = await this.#lines.next();
    const result = value === undefined ? { error: 'the connection ended' } : JSON.parse(value);
    return 'error' in result ? { hashes: [], bytes: 0, seconds: 1 } : result;
  }
}

/** Sends CHUNK repeatedly, at `rate` bytes a second or as fast as possible, while `shouldContinue` returns true. */
async function flood(
  socket: Socket,
  rate: number,
  shouldContinue: (sent: number) => boolean,
): Promise<number> {
  const startedAt = performance.now();
  const closed = new AbortController();
  const { signal } = closed;
  socket.once('close', () => closed.abort());
  let sent = 0;
  while (shouldContinue(sent) && !socket.destroyed) {
    // Aborted on close: a relay that has exited causes no 'drain'.
    if (!socket.write(CHUNK)) await once(socket, 'drain', { signal }).catch(() => {});
    sent += CHUNK.length;
    const aheadMs = (sent / rate) * 1000 - (performance.now() - startedAt);
    if (aheadMs > 1) await delay(aheadMs);
  }
  return sent;
}

/** Sends short lines from one client to another; returns the delay of each in milliseconds, sorted. */
async function chat(from: Socket, to: Socket, seconds: number): Promise<number[]> {
  const sentAt = new Map<string, number>();
  const delays: number[] = [];
  let rest = '';
  to.setEncoding('latin1');
  to.on('data', (chunk: string) => {
    const now = performance.now();
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() as string;
    for (const line of lines) {
      const key = /: (chat \d+)$/.exec(line)?.[1];
      const at = key === undefined ? undefined : sentAt.get(key);
      if (at !== undefined) delays.push(now - at);
    }
  });
  for (let i = 0, startedAt = performance.now(); performance.now() - startedAt < seconds * 1000; i++) {
    sentAt.set(`chat ${i}`, performance.now());
    from.write(`chat ${i}\n`);
    await delay(CHAT_INTERVAL_MS);
  }
  while (delays.length < sentAt.size && !to.destroyed) await delay(CHAT_INTERVAL_MS);
  return delays.sort((a, b) => a - b);
}

/** The delays of a chat between two clients while a third one sends 15 MB/s and some readers are stopped. */
async function measureDelays(script: string, stalled: number): Promise<number[]> {
  const port = await freePort();
  const relay = await startRelay(script, port);
  const readers = stalled > 0 ? await StalledReaders.connect(port, stalled) : null;
  readers?.stop();
  const [sender, from, to] = [await connectTo(port), await connectTo(port), await connectTo(port)];
  sender.resume();
  from.resume();
  let isChatting = true;
  const flooding = flood(sender, FLOOD_BYTES_PER_SECOND, () => isChatting);
  await delay(500);
  const delays = await chat(from, to, CHAT_SECONDS);
  isChatting = false;
  await flooding;
  for (const socket of [sender, from, to]) socket.destroy();
  if (readers !== null) await kill(readers.child);
  await kill(relay);
  return delays;
}

/** Builds a backlog for stopped readers as fast as the relay accepts it, and then resumes them. */
async function measureBacklog(
  script: string,
  stalled: number,
): Promise<Pick<Row, 'peak' | 'readBack' | 'intact'>> {
  const port = await freePort();
  const relay = await startRelay(script, port);
  const readers = await StalledReaders.connect(port, stalled);
  readers.stop();
  const sender = await connectTo(port);
  // Id 0 was the probe of startRelay(), then the readers follow.
  const id = stalled + 1;
  const hash = createHash('sha256');
  const expectedChunk = `client ${id}: ${LINE}`.repeat(LINES_PER_CHUNK);
  const isWithinMemory = (): boolean =>
    script === RELAYS['mini-serv'] || memoryOf(relay, 'VmRSS') < MAX_PEER_MEMORY_BYTES;
  sender.write('begin\n');
  const sent = await flood(sender, Number.POSITIVE_INFINITY, (bytes) => {
    const shouldContinue = bytes < BACKLOG_BYTES && isRunning(relay) && isWithinMemory();
    if (shouldContinue) hash.update(expectedChunk);
    return shouldContinue;
  });
  sender.write('end\n');
  hash.update(`client ${id}: end\n`);
  while (isRunning(relay) && sender.writableLength > 0) await delay(20);
  await delay(1000);
  const after = `after ${Math.round(sent / MIB)} MiB sent`;
  if (!isRunning(relay)) {
    await kill(readers.child);
    return { peak: `exited ${after}`, readBack: '–', intact: 'no' };
  }
  const peak = `${Math.round(memoryOf(relay, 'VmHWM') / MIB)} MiB${sent < BACKLOG_BYTES ? ` ${after}` : ''}`;
  const expected = hash.digest('hex');
  const { hashes, bytes, seconds } = await readers.resume();
  const intact = hashes.length === stalled && hashes.every((digest) => digest === expected) ? 'yes' : 'no';
  const readBack = isRunning(relay) ? `${Math.round(bytes / seconds / 1e6)} MB/s` : 'exited';
  sender.destroy();
  await kill(readers.child);
  await kill(relay);
  return { peak, readBack, intact };
}

stopAllAtExit();
const rows: Row[] = [];
for (const [name, script] of Object.entries(RELAYS)) {
  for (const stalled of [0, 1, 10]) {
    const delays = await measureDelays(script, stalled);
    const backlog =
      stalled === 0 ? { peak: '–', readBack: '–', intact: '–' } : await measureBacklog(script, stalled);
    const [p50, p99, longest] = [quantile(delays, 0.5), quantile(delays, 0.99), delays.at(-1) ?? Number.NaN];
    rows.push({ relay: name, stalled, p50, p99, longest, ...backlog });
    process.stderr.write(`${JSON.stringify(rows.at(-1))}\n`);
  }
}
const head = [
  'relay',
  'stalled readers',
  'p50',
  'p99',
  'longest',
  'peak memory',
  'read back',
  'SHA-256 equal',
];
const ms = (value: number): string => `${value.toFixed(1)} ms`;
process.stdout.write(`| ${head.join(' | ')} |\n|${' --- |'.repeat(head.length)}\n`);
for (const { relay, stalled, p50, p99, longest, peak, readBack, intact } of rows) {
  const cells = [relay, stalled, ms(p50), ms(p99), ms(longest), peak, readBack, intact];
  process.stdout.write(`| ${cells.join(' | ')} |\n`);
}
