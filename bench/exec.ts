// Measures what a program as a transform costs, next to a function. Prints the table of docs/transforms.md.
//
// Linux only: reads /proc.
//
//   npm run bench:exec -- [--clients 100] [--lines 200000]
import { readdirSync, readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { parseArgs } from 'node:util';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { createRelay, exec, type MessageTransform } from '../lib/index.js';
import { quantile } from './statistics.js';

const KIB = 1024;
const LINE = `${'x'.repeat(63)}\n`;
const LINES_PER_CHUNK = 1000;

const { values } = parseArgs({
  options: { clients: { type: 'string', default: '100' }, lines: { type: 'string', default: '200000' } },
});
const CLIENTS = Number(values.clients);
const LINES = Number(values.lines);

const PROGRAM = 'import sys\nfor line in sys.stdin: print(line, end="", flush=True)';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

const contestants: [name: string, transform: MessageTransform][] = [
  ['a function', (message) => message],
  ['`exec=cat`', exec({ command: 'cat' })],
  ['`exec=exec cat`', exec({ command: 'exec cat' })],
  ["`exec=grep --line-buffered ''`", exec({ command: "grep --line-buffered ''" })],
  ['`exec=sed -u s/a/b/`', exec({ command: 'sed -u s/a/b/' })],
  ['`exec=python3 …`, a loop that flushes', exec({ file: 'python3', args: ['-c', PROGRAM] })],
];

/** A client in this process, and the bytes that it has received. */
class Member {
  readonly socket: Socket;
  receivedBytes = 0;
  #onBytes = (): void => {};

  constructor(port: number) {
    this.socket = connect({ port, host: '127.0.0.1', noDelay: true });
    this.socket.on('data', (chunk: Buffer) => {
      this.receivedBytes += chunk.length;
      this.#onBytes();
    });
  }

  async send(bytes: string): Promise<void> {
    if (!this.socket.write(bytes)) await new Promise((resolve) => this.socket.once('drain', resolve));
  }

  async receive(bytes: number): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#onBytes = () => {
        if (this.receivedBytes >= bytes) resolve();
      };
      this.#onBytes();
    });
  }
}

/** Bytes in JavaScript's heap after garbage collection. */
async function usedBytes(): Promise<number> {
  for (let i = 0; i < 3; i++) {
    await new Promise((resolve) => setImmediate(resolve));
    collectGarbage();
  }
  return process.memoryUsage().heapUsed;
}

/** Proportional memory of all processes that this process has started, in bytes. */
function childrenBytes(parent: number): number {
  let bytes = 0;
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
      if (Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]) !== parent) continue;
      const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
      bytes += Number(/^Pss:\s+(\d+)/m.exec(rollup)?.[1]) * KIB + childrenBytes(Number(pid));
    } catch {
      // The process has ended since the folder was read.
    }
  }
  return bytes;
}

async function measure(name: string, transform: MessageTransform): Promise<string[]> {
  const relay = createRelay({ transforms: [transform] });
  relay.on('warning', ({ message }) => process.stderr.write(`${message}\n`));
  const port = await relay.listen(0);
  const witness = new Member(port);
  const members: Member[] = [];
  for (let i = 1; i <= CLIENTS; i++) {
    const expected = witness.receivedBytes + `server: client ${i} just arrived\n`.length;
    members.push(new Member(port));
    await witness.receive(expected);
  }
  const roundTrip = async (member: Member, i: number): Promise<number> => {
    const start = performance.now();
    const expected = witness.receivedBytes + `client ${i + 1}: x\n`.length;
    await member.send('x\n');
    await witness.receive(expected);
    return performance.now() - start;
  };
  const before = await usedBytes();
  const first: number[] = [];
  const second: number[] = [];
  for (const [i, member] of members.entries()) {
    first.push(await roundTrip(member, i));
    second.push(await roundTrip(member, i));
  }
  const relayBytes = ((await usedBytes()) - before) / CLIENTS;
  const programBytes = childrenBytes(process.pid) / CLIENTS;
  const [sender, ...others] = members as [Member, ...Member[]];
  for (const { socket } of others) socket.destroy();
  while (relay.stats().clients > 2) await new Promise((resolve) => setTimeout(resolve, 10));
  const start = performance.now();
  const expected = witness.receivedBytes + LINES * ('client 1: '.length + LINE.length);
  for (let sent = 0; sent < LINES; sent += LINES_PER_CHUNK) await sender.send(LINE.repeat(LINES_PER_CHUNK));
  await witness.receive(expected);
  const seconds = (performance.now() - start) / 1000;
  for (const { socket } of [witness, ...members]) socket.destroy();
  await relay.close();
  return [
    name,
    `${quantile(first, 0.5).toFixed(1)} ms`,
    `${quantile(second, 0.5).toFixed(2)} ms`,
    `${Math.round(relayBytes / KIB)} KiB`,
    `${Math.round(programBytes / KIB)} KiB`,
    (Math.round(LINES / seconds / 1000) * 1000).toLocaleString('en'),
  ];
}

const HEAD = [
  'transform',
  'first line',
  'next line',
  'memory in the relay',
  'memory of the program',
  'lines per second',
];
// The first measurement also compiles the relay.
await measure('warm-up', (message) => message);
const rows = [HEAD, HEAD.map(() => '---')];
for (const [name, transform] of contestants) rows.push(await measure(name, transform));
for (const row of rows) process.stdout.write(`| ${row.join(' | ')} |\n`);
