// A room over several processes: node dist/bench/many-cores/sequencer.js [--writers 2] [--room nats://…] <port>
//
// This process accepts all connections, gives them to the writers in turn, and puts what the writers send into one order.
// With --room, NATS puts the lines in order instead.
import { type ChildProcess, fork } from 'node:child_process';
import { createServer, type Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Channel } from './channel.js';
import { CONNECTED, encodeFrame, headOf, LEFT } from './frames.js';

interface Writer {
  readonly child: ChildProcess;
  readonly channel: Channel;
  /** The clients that are in the room and whose connections it has. */
  readonly clients: Set<number>;
}

/** The descriptor of the socket to the sequencer in a writer. */
const CHANNEL = 4;
const ACCEPT_QUEUE_LENGTH = 4096;

const { values, positionals } = parseArgs({
  options: { writers: { type: 'string', default: '2' }, room: { type: 'string' } },
  allowPositionals: true,
});
const writers = new Set<Writer>();
/** Connections in the order of arrival. Writers get one at a time, so that ids have this order too. */
const waiting: Socket[] = [];
/** The writer that has been given a connection, and has not confirmed that it has taken it over. */
let receiver: Writer | null = null;
let nextId = 0;

function startWriter(): void {
  const program = fileURLToPath(new URL('./writer.js', import.meta.url));
  const child = fork(program, values.room === undefined ? [] : [values.room], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc', 'pipe'],
  });
  const channel = new Channel(child.stdio[CHANNEL] as Socket, (frame) => onFrame(writer, frame));
  const writer: Writer = { child, channel, clients: new Set() };
  writers.add(writer);
  channel.socket.on('drain', resumeReading);
  // Comes after everything that the writer has sent.
  channel.socket.on('close', () => removeWriter(writer));
}

/** Ends the clients of a writer that has exited, as if they had left. */
function removeWriter(writer: Writer): void {
  writers.delete(writer);
  if (writers.size === 0) process.exit(1);
  for (const client of writer.clients) broadcast(encodeFrame(LEFT, client));
  resumeReading();
  if (receiver === writer) handOverNext();
}

function handOverNext(): void {
  receiver = null;
  handOver();
}

/** Gives the next connection to the writer that got none for the longest time. */
function handOver(): void {
  const [writer] = writers;
  if (receiver !== null || writer === undefined) return;
  const socket = waiting.shift();
  if (socket === undefined) return;
  receiver = writer;
  writers.delete(writer);
  writers.add(writer);
  // A writer that has exited is noticed at its channel.
  writer.child.send(nextId, socket, undefined, () => {});
}

function onFrame(writer: Writer, frame: Buffer): void {
  const { kind, client } = headOf(frame);
  if (kind === CONNECTED) {
    writer.clients.add(client);
    nextId++;
    handOverNext();
  } else if (kind === LEFT) {
    writer.clients.delete(client);
  }
  broadcast(frame);
}

/** Sends the same bytes to all writers. While a writer cannot take more, none is read, so that memory stays bounded. */
function broadcast(frame: Buffer): void {
  let isFull = false;
  for (const { channel } of writers) {
    channel.send(frame);
    isFull ||= channel.isFull;
  }
  if (isFull) for (const { channel } of writers) channel.socket.pause();
}

function resumeReading(): void {
  if ([...writers].some(({ channel }) => channel.isFull)) return;
  for (const { channel } of writers) channel.socket.resume();
}

for (let count = 0; count < Number(values.writers); count++) startWriter();
// Only the writer reads from a connection, which is therefore accepted as paused.
createServer({ pauseOnConnect: true, noDelay: true, allowHalfOpen: true }, (socket) => {
  waiting.push(socket);
  handOver();
}).listen({ port: Number(positionals[0]), host: '127.0.0.1', backlog: ACCEPT_QUEUE_LENGTH });
