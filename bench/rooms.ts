// Compares a room over NATS with 1, 2 and 4 relays with a local room and with the limits of the engine. Prints the table of
// docs/rooms.md.
//
// Requires nats-server.
//
//   npm run bench:rooms -- [--rounds 3] [--seconds 1.5] [--samples 700] [--history 1000000]
//     [--command dist/command/mini-serv.cjs]
//
// --command: another build of the command, which is measured in turn with a local room and with one relay; can be repeated.
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { freePort } from '../lib/conformance/ports.js';
import { connectTo, kill, startProcess, stopAllAtExit, temporaryFolder } from './processes.js';
import { connectClients, LINE } from './rooms/clients.js';
import type { Contestant } from './rooms/contestant.js';
import { engineAlone } from './rooms/engine-alone.js';
import { median, quantile } from './statistics.js';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '1.5' },
    samples: { type: 'string', default: '700' },
    history: { type: 'string', default: '1000000' },
    command: { type: 'string', multiple: true, default: [] },
  },
});
const ROUNDS = Number(values.rounds);
const SECONDS = Number(values.seconds);
const SAMPLES = Number(values.samples);
const HISTORY_LINES = Number(values.history);
const COMMAND = fileURLToPath(new URL('../command/mini-serv.cjs', import.meta.url));
const BARE_RELAY = fileURLToPath(new URL('./rooms/bare-relay.js', import.meta.url));
const ENGINE = 'engine alone, 4 records in flight';
const BARE = 'bare relay over NATS';
/** `client N: `; the ids have one digit, because a room has five clients. */
const PREFIX_BYTES = 10;

interface Relay {
  readonly port: number;
  stop(): Promise<void>;
}

/** @param args of Node; the port is appended */
async function start(...args: string[]): Promise<Relay> {
  const port = await freePort();
  const child = startProcess([process.execPath, ...args, String(port)], ['ignore', 'ignore', 'inherit']);
  return { port, stop: () => kill(child) };
}

async function startNats(): Promise<{ readonly port: number; readonly pid: number }> {
  const port = await freePort();
  const store = temporaryFolder();
  const command = ['nats-server', '-a', '127.0.0.1', '-p', String(port), '-js', '-sd', store];
  const child = startProcess(command, 'ignore');
  (await connectTo(port)).destroy();
  return { port, pid: child.pid as number };
}

async function room(name: string, relays: readonly Relay[], prefixBytes = PREFIX_BYTES): Promise<Contestant> {
  const ports = relays.map(({ port }) => port);
  return connectClients(name, ports, prefixBytes, async () => {
    await Promise.all(relays.map((relay) => relay.stop()));
  });
}

async function shared(name: string, count: number, id: string, command = COMMAND): Promise<Contestant> {
  const relays: Relay[] = [];
  for (let i = 0; i < count; i++)
    relays.push(await start(command, '--room', `nats://127.0.0.1:${nats.port}/${id}`));
  return room(name, relays);
}

/** CPU seconds of a process so far. */
function cpuSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

interface Results {
  readonly rates: number[];
  readonly timesMs: number[];
}

/** Measures all contestants in turn, several times. */
async function measure(contestants: readonly Contestant[]): Promise<Map<string, Results>> {
  const all = new Map(contestants.map(({ name }) => [name, { rates: [], timesMs: [] } as Results]));
  for (let round = 0; round < ROUNDS; round++) {
    for (const contestant of contestants) {
      const { rates, timesMs } = all.get(contestant.name) as Results;
      const before = cpuSeconds(nats.pid);
      const ownBefore = process.cpuUsage();
      const startedAt = performance.now();
      rates.push(await contestant.linesPerSecond(SECONDS));
      const seconds = (performance.now() - startedAt) / 1000;
      const own = process.cpuUsage(ownBefore);
      const ownShare = (own.user + own.system) / 1e6 / seconds;
      const serverShare = (cpuSeconds(nats.pid) - before) / seconds;
      process.stderr.write(
        `${contestant.name}: ${thousands(rates.at(-1) as number)} lines per second; processors used by the server: ${serverShare.toFixed(2)}, by this process: ${ownShare.toFixed(2)}\n`,
      );
      for (let i = 0; i < SAMPLES; i++) timesMs.push(await contestant.latencyMs());
    }
  }
  return all;
}

function thousands(count: number): string {
  return (Math.round(count / 1000) * 1000).toLocaleString('en-US');
}

function printTable(results: ReadonlyMap<string, Results>): void {
  const rateOf = (name: string): number => median(results.get(name)?.rates ?? []);
  process.stdout.write(
    '| room | lines per second | of the bare relay | of the engine alone | p50 | p99 |\n| --- | --- | --- | --- | --- | --- |\n',
  );
  for (const [name, { timesMs }] of results) {
    const rate = rateOf(name);
    const ratios = [BARE, ENGINE].map((limit) => (rate / rateOf(limit)).toFixed(2));
    const times = [0.5, 0.99].map((q) => `${quantile(timesMs, q).toFixed(2)} ms`);
    process.stdout.write(`| ${[name, thousands(rate), ...ratios, ...times].join(' | ')} |\n`);
  }
}

/** Prints how long a relay takes to join a room with a long history. */
async function printJoinTime(): Promise<void> {
  const args = [COMMAND, '--room', `nats://127.0.0.1:${nats.port}/history`];
  const first = await start(...args);
  const sender = await connectTo(first.port);
  sender.resume();
  const lines = LINE.repeat(1000);
  for (let sent = 0; sent < HISTORY_LINES; sent += 1000)
    if (!sender.write(lines)) await once(sender, 'drain');
  // The relay closes the connection when the room has stored all lines.
  sender.end();
  await once(sender, 'close');
  const startedAt = performance.now();
  const second = await start(...args);
  (await connectTo(second.port)).destroy();
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(2);
  process.stdout.write(
    `\nA relay joins a room with a history of ${HISTORY_LINES.toLocaleString('en-US')} lines in ${seconds} s, including the start of its process.\n`,
  );
  await Promise.all([first.stop(), second.stop()]);
}

stopAllAtExit();
const nats = await startNats();
const contestants = [
  await engineAlone(nats.port, 'engine alone, 1 record in flight', 1),
  await engineAlone(nats.port, ENGINE, 4),
  await room(BARE, [await start(BARE_RELAY, String(nats.port))], 0),
  await room('local', [await start(COMMAND)]),
  await shared('NATS, 1 relay', 1, 'one'),
  await shared('NATS, 2 relays', 2, 'two'),
  await shared('NATS, 4 relays', 4, 'four'),
];
for (const [i, command] of values.command.entries()) {
  contestants.push(await room(`${command}, local`, [await start(command)]));
  contestants.push(await shared(`${command}, NATS, 1 relay`, 1, `other-${i}`, command));
}
printTable(await measure(contestants));
await Promise.all(contestants.map((contestant) => contestant.stop()));
if (HISTORY_LINES > 0) await printJoinTime();
process.exit();
