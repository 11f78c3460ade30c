// What a reader that lags costs: memory, the others' delay, and what it gets when it reads again. Prints the
// table of the README, for this relay and for one that leaves the backlog to Node. Linux only: reads /proc.
//
//   npm run bench:backlog -- [--size 2G] [--seconds 5]
import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { parseSize } from '../bin/size.js';
import { freePort } from '../lib/conformance/ports.js';

const MIB = 1024 * 1024;
/** The peer is stopped here: a machine that swaps measures nothing. */
const PEER_LIMIT = 4096 * MIB;
const LINE = `${'x'.repeat(99)}\n`;
const CHUNK = LINE.repeat(640);

const { values } = parseArgs({
  options: { size: { type: 'string', default: '2G' }, seconds: { type: 'string', default: '5' } },
});
const SIZE = parseSize(values.size) as number;
const SECONDS = Number(values.seconds);

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

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const RELAYS = {
  'mini-serv': here('../command/mini-serv.cjs'),
  'plain write': here('./peers/plain-write.js'),
};

async function join(port: number): Promise<Socket> {
  for (;;) {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    try {
      await once(socket, 'connect');
      socket.on('error', () => {});
      return socket;
    } catch {
      await delay(20);
    }
  }
}

async function start(script: string, port: number): Promise<ChildProcess> {
  const relay = spawn(process.execPath, [script, String(port)], { stdio: ['ignore', 'ignore', 'ignore'] });
  // The first client of a relay that is not there yet is refused.
  (await join(port)).destroy();
  return relay;
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGKILL');
  await once(child, 'exit');
}

function memory(child: ChildProcess, field: 'VmHWM' | 'VmRSS'): number {
  const status = readFileSync(`/proc/${child.pid}/status`, 'utf8');
  return Number(new RegExp(`${field}:\\s+(\\d+)`).exec(status)?.[1]) * 1024;
}

class Stalled {
  readonly child: ChildProcess;
  readonly #lines: AsyncIterator<string>;

  private constructor(child: ChildProcess) {
    this.child = child;
    if (child.stdout === null) throw new Error('a pipe was asked for');
    this.#lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  }

  static async make(port: number, count: number): Promise<Stalled> {
    const args = [here('./stalled-reader.js'), String(port), String(count)];
    const stalled = new Stalled(spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] }));
    await stalled.#lines.next();
    return stalled;
  }

  stop(): void {
    this.child.kill('SIGSTOP');
  }

  async resume(): Promise<{ hashes: string[]; bytes: number; seconds: number }> {
    this.child.kill('SIGCONT');
    const { value } = await this.#lines.next();
    const result = value === undefined ? { error: 'the connection ended' } : JSON.parse(value);
    // A relay that dies over it has given nothing back.
    return 'error' in result ? { hashes: [], bytes: 0, seconds: 1 } : result;
  }
}

/** Says `text` again and again at `rate` bytes a second, or as fast as it is taken, until told to stop. */
async function flood(socket: Socket, rate: number, going: (said: number) => boolean): Promise<number> {
  const began = performance.now();
  const closed = new AbortController();
  const { signal } = closed;
  socket.once('close', () => closed.abort());
  let said = 0;
  while (going(said) && !socket.destroyed) {
    // A relay that has died will not drain it.
    if (!socket.write(CHUNK)) await once(socket, 'drain', { signal }).catch(() => {});
    said += CHUNK.length;
    const early = (said / rate) * 1000 - (performance.now() - began);
    if (early > 1) await delay(early);
  }
  return said;
}

/** Small lines from one client to another, one a few milliseconds: how long each took, in ms. */
async function chat(from: Socket, to: Socket, seconds: number): Promise<number[]> {
  const sent = new Map<string, number>();
  const delays: number[] = [];
  let rest = '';
  to.setEncoding('latin1');
  to.on('data', (chunk: string) => {
    const now = performance.now();
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() as string;
    for (const line of lines) {
      const key = /: (chat \d+)$/.exec(line)?.[1];
      const at = key === undefined ? undefined : sent.get(key);
      if (at !== undefined) delays.push(now - at);
    }
  });
  for (let i = 0, began = performance.now(); performance.now() - began < seconds * 1000; i++) {
    sent.set(`chat ${i}`, performance.now());
    from.write(`chat ${i}\n`);
    await delay(5);
  }
  while (delays.length < sent.size && !to.destroyed) await delay(5);
  return delays.sort((a, b) => a - b);
}

const quantile = (sorted: number[], q: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? Number.NaN;

/** 15 MB/s said by one client, small lines between two others. */
async function isolation(script: string, stalled: number): Promise<number[]> {
  const port = await freePort();
  const relay = await start(script, port);
  const readers = stalled > 0 ? await Stalled.make(port, stalled) : null;
  readers?.stop();
  const [sender, from, to] = [await join(port), await join(port), await join(port)];
  sender.resume();
  from.resume();
  let going = true;
  const flooding = flood(sender, 15e6, () => going);
  await delay(500);
  const delays = await chat(from, to, SECONDS);
  going = false;
  await flooding;
  for (const socket of [sender, from, to]) socket.destroy();
  if (readers !== null) await end(readers.child);
  await end(relay);
  return delays;
}

/** A backlog for stalled readers as fast as the relay takes it; then they read again. */
async function backlog(script: string, stalled: number): Promise<Pick<Row, 'peak' | 'readBack' | 'intact'>> {
  const port = await freePort();
  const relay = await start(script, port);
  const readers = await Stalled.make(port, stalled);
  readers.stop();
  const sender = await join(port);
  // Ids go by arrival: the probe of start() was 0, then the readers.
  const hash = createHash('sha256');
  const prefixed = `client ${stalled + 1}: ${LINE}`.repeat(640);
  const alive = (): boolean => relay.exitCode === null && relay.signalCode === null;
  sender.write('begin\n');
  const said = await flood(sender, Number.POSITIVE_INFINITY, (done) => {
    const goes =
      done < SIZE && alive() && (script === RELAYS['mini-serv'] || memory(relay, 'VmRSS') < PEER_LIMIT);
    if (goes) hash.update(prefixed);
    return goes;
  });
  sender.write('end\n');
  hash.update(`client ${stalled + 1}: end\n`);
  while (alive() && sender.writableLength > 0) await delay(20);
  await delay(1000);
  const after = `${Math.round(said / MIB)} MiB said`;
  if (!alive()) {
    await end(readers.child);
    return { peak: `died, ${after}`, readBack: '–', intact: 'no' };
  }
  const peak = `${Math.round(memory(relay, 'VmHWM') / MIB)} MiB${said < SIZE ? `, ${after}` : ''}`;
  const expected = hash.digest('hex');
  const { hashes, bytes, seconds } = await readers.resume();
  const intact = hashes.length === stalled && hashes.every((digest) => digest === expected) ? 'yes' : 'no';
  const died = !alive();
  sender.destroy();
  await end(readers.child);
  await end(relay);
  return { peak, readBack: died ? 'died of it' : `${Math.round(bytes / seconds / 1e6)} MB/s`, intact };
}

const rows: Row[] = [];
for (const [name, script] of Object.entries(RELAYS)) {
  for (const stalled of [0, 1, 10]) {
    const delays = await isolation(script, stalled);
    const rest = stalled === 0 ? { peak: '–', readBack: '–', intact: '–' } : await backlog(script, stalled);
    const [p50, p99, longest] = [quantile(delays, 0.5), quantile(delays, 0.99), delays.at(-1) ?? Number.NaN];
    rows.push({ relay: name, stalled, p50, p99, longest, ...rest });
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
