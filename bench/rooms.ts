// A room on one machine beside a room over NATS with 1, 2 and 4 relays: lines a second, how long a line takes, and how
// long a relay takes to join a room with a long past. Prints the table of docs/rooms.md. Needs a nats-server on the PATH.
//
//   npm run bench:rooms -- [--lines 400000] [--past 1000000] [--samples 2000] [--command dist/command/mini-serv.cjs]
//
// --command, which may be given several times: other builds of the command, of which only the embedded log is measured.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { freePort } from '../lib/conformance/ports.js';

const { values } = parseArgs({
  options: {
    lines: { type: 'string', default: '400000' },
    past: { type: 'string', default: '1000000' },
    samples: { type: 'string', default: '2000' },
    command: { type: 'string', multiple: true },
  },
});
const LINES = Number(values.lines);
const PAST = Number(values.past);
const SAMPLES = Number(values.samples);
const LINE = `${'x'.repeat(63)}\n`;
/** Senders, over all relays, so that each table row has the same load. */
const SENDERS = 4;
/** Lines that a sender writes at a time. */
const CHUNK = 250;
const OURS = fileURLToPath(new URL('../command/mini-serv.cjs', import.meta.url));

const started: ChildProcess[] = [];
process.once('exit', () => {
  for (const child of started) child.kill('SIGKILL');
});
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));

async function dial(port: number): Promise<Socket> {
  for (;;) {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    try {
      await once(socket, 'connect');
      socket.on('error', () => {});
      return socket;
    } catch {
      await delay(5);
    }
  }
}

function launch(file: string, args: string[], errors: 'inherit' | 'ignore' = 'inherit'): ChildProcess {
  const child = spawn(file, args, { stdio: ['ignore', 'ignore', errors] });
  started.push(child);
  return child;
}

async function end(child: ChildProcess, signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill(signal);
  await once(child, 'exit');
}

interface Relay {
  readonly child: ChildProcess;
  readonly port: number;
}

async function start(script: string, url?: string): Promise<Relay> {
  const port = await freePort();
  const child = launch(process.execPath, [
    script,
    ...(url === undefined ? [] : ['--room', url]),
    String(port),
  ]);
  (await dial(port)).destroy();
  return { child, port };
}

/** Counts the lines that begin with `client`, and tells when there are so many. */
function counter(socket: Socket, wanted: number): Promise<void> {
  let count = 0;
  let rest: Buffer = Buffer.alloc(0);
  const prefix = Buffer.from('client ');
  return new Promise((resolve) => {
    socket.on('data', (chunk: Buffer) => {
      // Each line has it once: what is said here does not contain it, and a cut one is rare enough to be looked for.
      const all = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
      let at = all.indexOf(prefix);
      let last = 0;
      for (; at !== -1; at = all.indexOf(prefix, last)) {
        if (at === 0 || all[at - 1] === 0x0a) count++;
        last = at + prefix.length;
      }
      rest = Buffer.from(all.subarray(Math.max(last, all.length - prefix.length)));
      if (count >= wanted) resolve();
    });
  });
}

async function throughput(relays: Relay[]): Promise<number> {
  const each = Math.floor(LINES / SENDERS);
  // One reader, at the last relay: what it has had has been through all that there is.
  const reader = await dial((relays.at(-1) as Relay).port);
  const all = counter(reader, each * SENDERS);
  const senders = await Promise.all(
    Array.from({ length: SENDERS }, (_, i) => dial((relays[i % relays.length] as Relay).port)),
  );
  for (const sender of senders) sender.resume();
  await delay(300);
  const began = performance.now();
  const chunk = LINE.repeat(CHUNK);
  const say = async (sender: Socket): Promise<void> => {
    for (let said = 0; said < each; said += CHUNK) {
      const bytes = each - said < CHUNK ? LINE.repeat(each - said) : chunk;
      if (!sender.write(bytes)) await once(sender, 'drain');
    }
  };
  await Promise.all(senders.map(say));
  await all;
  const seconds = (performance.now() - began) / 1000;
  for (const socket of [reader, ...senders]) socket.destroy();
  return (each * SENDERS) / seconds;
}

/** From a client of the first relay to one of the last, one line after the other. */
async function latency(relays: Relay[]): Promise<number[]> {
  const speaker = await dial((relays[0] as Relay).port);
  const hearer = await dial((relays.at(-1) as Relay).port);
  speaker.resume();
  await delay(300);
  const times: number[] = [];
  for (let i = 0; i < SAMPLES; i++) {
    const mark = `: ${i}\n`;
    const heard = new Promise<void>((resolve) => {
      let text = '';
      const take = (chunk: Buffer): void => {
        text += chunk.toString('latin1');
        if (!text.includes(mark)) return;
        hearer.off('data', take);
        resolve();
      };
      hearer.on('data', take);
    });
    const began = performance.now();
    speaker.write(`${i}\n`);
    await heard;
    times.push(performance.now() - began);
  }
  speaker.destroy();
  hearer.destroy();
  return times.sort((a, b) => a - b);
}

async function row(name: string, relays: Relay[]): Promise<void> {
  const lines = await throughput(relays);
  const times = await latency(relays);
  const at = (share: number): string =>
    `${(times[Math.floor(times.length * share)] as number).toFixed(2)} ms`;
  process.stdout.write(`| ${name} | ${Math.round(lines / 1000)},000 | ${at(0.5)} | ${at(0.99)} |\n`);
  await Promise.all(relays.map(({ child }) => end(child)));
}

process.stdout.write('| room | lines a second | p50 | p99 |\n| --- | --- | --- | --- |\n');
for (const other of values.command ?? []) await row(other, [await start(other)]);
await row('embedded log', [await start(OURS)]);

const store = mkdtempSync(join(tmpdir(), 'mini-serv-bench-'));
process.once('exit', () => rmSync(store, { recursive: true, force: true }));
const natsPort = await freePort();
const nats = launch(
  'nats-server',
  ['-a', '127.0.0.1', '-p', String(natsPort), '-js', '-sd', store],
  'ignore',
);
(await dial(natsPort)).destroy();
for (const count of [1, 2, 4]) {
  const url = `nats://127.0.0.1:${natsPort}/bench-${count}`;
  const relays: Relay[] = [];
  for (let i = 0; i < count; i++) relays.push(await start(OURS, url));
  await row(`NATS, ${count} relay${count === 1 ? '' : 's'}`, relays);
}

if (PAST > 0) {
  const url = `nats://127.0.0.1:${natsPort}/past`;
  const first = await start(OURS, url);
  const speaker = await dial(first.port);
  const reader = await dial(first.port);
  const all = counter(reader, PAST);
  speaker.resume();
  const chunk = LINE.repeat(CHUNK);
  for (let said = 0; said < PAST; said += CHUNK) if (!speaker.write(chunk)) await once(speaker, 'drain');
  await all;
  const began = performance.now();
  const second = await start(OURS, url);
  const seconds = (performance.now() - began) / 1000;
  process.stdout.write(
    `\nA relay joins a room with ${PAST} lines behind it, and listens, in ${seconds.toFixed(2)} s.\n`,
  );
  speaker.destroy();
  reader.destroy();
  await Promise.all([end(first.child), end(second.child)]);
}
await end(nats, 'SIGKILL');
