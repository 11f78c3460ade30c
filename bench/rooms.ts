// Compares a local room with a room over NATS with 1, 2 and 4 relays. Prints the tables of docs/rooms.md.
//
// Requires nats-server.
//
//   npm run bench:rooms -- [--lines 400000] [--history 1000000] [--samples 2000] [--command dist/command/mini-serv.cjs]
//
// --command: another build of the command, which is measured with a local room; can be repeated.
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { freePort } from '../lib/conformance/ports.js';
import { connectTo, kill, startProcess, stopAllAtExit, temporaryFolder } from './processes.js';
import { quantile } from './statistics.js';

const { values } = parseArgs({
  options: {
    lines: { type: 'string', default: '400000' },
    history: { type: 'string', default: '1000000' },
    samples: { type: 'string', default: '2000' },
    command: { type: 'string', multiple: true },
  },
});
const LINES = Number(values.lines);
const HISTORY_LINES = Number(values.history);
const SAMPLES = Number(values.samples);
const COMMAND = fileURLToPath(new URL('../command/mini-serv.cjs', import.meta.url));

const LINE = `${'x'.repeat(63)}\n`;
const LINES_PER_CHUNK = 250;
const CHUNK = LINE.repeat(LINES_PER_CHUNK);
/** Senders over all relays, so that each row has the same load. */
const SENDERS = 4;
/** Time for the clients to join before a measurement. */
const JOIN_MS = 300;

interface Relay {
  readonly port: number;
  stop(): Promise<void>;
}

async function startRelay(script: string, url?: string): Promise<Relay> {
  const port = await freePort();
  const options = url === undefined ? [] : ['--room', url];
  const child = startProcess(
    [process.execPath, script, ...options, String(port)],
    ['ignore', 'ignore', 'inherit'],
  );
  (await connectTo(port)).destroy();
  return { port, stop: () => kill(child) };
}

async function startNats(): Promise<number> {
  const port = await freePort();
  const store = temporaryFolder();
  startProcess(['nats-server', '-a', '127.0.0.1', '-p', String(port), '-js', '-sd', store], 'ignore');
  (await connectTo(port)).destroy();
  return port;
}

/** Resolves when the socket has received this many messages of clients. */
function received(socket: Socket, count: number): Promise<void> {
  const prefix = Buffer.from('client ');
  let found = 0;
  let rest: Buffer = Buffer.alloc(0);
  return new Promise((resolve) => {
    socket.on('data', (chunk: Buffer) => {
      const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
      let end = 0;
      for (let at = bytes.indexOf(prefix); at !== -1; at = bytes.indexOf(prefix, end)) {
        // Notices contain the word too, but not at the start of the line.
        if (at === 0 || bytes[at - 1] === 0x0a) found++;
        end = at + prefix.length;
      }
      rest = Buffer.from(bytes.subarray(Math.max(end, bytes.length - prefix.length)));
      if (found >= count) resolve();
    });
  });
}

async function sendLines(socket: Socket, count: number): Promise<void> {
  for (let sent = 0; sent < count; sent += LINES_PER_CHUNK) {
    const bytes = count - sent < LINES_PER_CHUNK ? LINE.repeat(count - sent) : CHUNK;
    if (!socket.write(bytes)) await once(socket, 'drain');
  }
}

/** Lines per second from four senders to a reader at the last relay, whose messages have passed through the engine. */
async function throughput(relays: readonly Relay[]): Promise<number> {
  const linesPerSender = Math.floor(LINES / SENDERS);
  const total = linesPerSender * SENDERS;
  const reader = await connectTo((relays.at(-1) as Relay).port);
  const all = received(reader, total);
  const senders = await Promise.all(
    Array.from({ length: SENDERS }, (_, i) => connectTo((relays[i % relays.length] as Relay).port)),
  );
  for (const sender of senders) sender.resume();
  await delay(JOIN_MS);
  const start = performance.now();
  await Promise.all(senders.map((sender) => sendLines(sender, linesPerSender)));
  await all;
  const seconds = (performance.now() - start) / 1000;
  for (const socket of [reader, ...senders]) socket.destroy();
  return total / seconds;
}

/** Milliseconds from a client of the first relay to a client of the last one, one line at a time. */
async function latencies(relays: readonly Relay[]): Promise<number[]> {
  const sender = await connectTo((relays[0] as Relay).port);
  const reader = await connectTo((relays.at(-1) as Relay).port);
  sender.resume();
  await delay(JOIN_MS);
  const times: number[] = [];
  for (let i = 0; i < SAMPLES; i++) {
    const arrived = untilReceived(reader, `: ${i}\n`);
    const start = performance.now();
    sender.write(`${i}\n`);
    await arrived;
    times.push(performance.now() - start);
  }
  sender.destroy();
  reader.destroy();
  return times;
}

function untilReceived(socket: Socket, text: string): Promise<void> {
  return new Promise((resolve) => {
    let all = '';
    const onData = (chunk: Buffer): void => {
      all += chunk.toString('latin1');
      if (!all.includes(text)) return;
      socket.off('data', onData);
      resolve();
    };
    socket.on('data', onData);
  });
}

async function printRow(name: string, relays: readonly Relay[]): Promise<void> {
  const linesPerSecond = await throughput(relays);
  const times = await latencies(relays);
  const thousands = `${Math.round(linesPerSecond / 1000)},000`;
  const [p50, p99] = [0.5, 0.99].map((q) => `${quantile(times, q).toFixed(2)} ms`);
  process.stdout.write(`| ${name} | ${thousands} | ${p50} | ${p99} |\n`);
  await Promise.all(relays.map((relay) => relay.stop()));
}

/** Prints how long a relay takes to join a room with a long history. */
async function printJoinTime(url: string): Promise<void> {
  const first = await startRelay(COMMAND, url);
  const sender = await connectTo(first.port);
  const reader = await connectTo(first.port);
  const all = received(reader, HISTORY_LINES);
  sender.resume();
  await sendLines(sender, HISTORY_LINES);
  await all;
  const start = performance.now();
  const second = await startRelay(COMMAND, url);
  const seconds = ((performance.now() - start) / 1000).toFixed(2);
  process.stdout.write(
    `\nA relay joins a room with a history of ${HISTORY_LINES} lines in ${seconds} s, including the start of its process.\n`,
  );
  for (const socket of [sender, reader]) socket.destroy();
  await Promise.all([first.stop(), second.stop()]);
}

stopAllAtExit();
process.stdout.write('| room | lines per second | p50 | p99 |\n| --- | --- | --- | --- |\n');
for (const command of values.command ?? []) await printRow(command, [await startRelay(command)]);
await printRow('local', [await startRelay(COMMAND)]);
const natsPort = await startNats();
for (const count of [1, 2, 4]) {
  const url = `nats://127.0.0.1:${natsPort}/bench-${count}`;
  const relays: Relay[] = [];
  for (let i = 0; i < count; i++) relays.push(await startRelay(COMMAND, url));
  await printRow(`NATS, ${count} relay${count === 1 ? '' : 's'}`, relays);
}
if (HISTORY_LINES > 0) await printJoinTime(`nats://127.0.0.1:${natsPort}/history`);
process.exit();
