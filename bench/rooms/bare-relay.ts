// A room over NATS that does as little as possible: it publishes the bytes of its clients in records, one at a time, and
// sends what it reads back to all clients but the sender. It splits no lines, adds no prefix, and cannot fail over.
//
//   node dist/bench/rooms/bare-relay.js <port of the server> <port>
import { createServer, type Socket } from 'node:net';
import { MAX_RECORD_BYTES, openStream } from './stream.js';

const MAX_PENDING_BYTES = 4 * 1024 * 1024;

const [serverPort, port] = process.argv.slice(2).map(Number) as [number, number];
const clients: Socket[] = [];
let pending: { readonly client: number; readonly bytes: Buffer }[] = [];
let pendingBytes = 0;
let isInFlight = false;

const stream = await openStream(serverPort, 'bare', (record) => {
  isInFlight = false;
  const buffer = Buffer.from(record.buffer, record.byteOffset, record.byteLength);
  let offset = buffer.indexOf('\n') + 1;
  const items = JSON.parse(buffer.toString('latin1', 0, offset)) as [client: number, length: number][];
  for (const socket of clients) socket.cork();
  for (const [client, length] of items) {
    const bytes = buffer.subarray(offset, offset + length);
    offset += length;
    for (const [i, socket] of clients.entries()) if (i !== client && !socket.destroyed) socket.write(bytes);
  }
  for (const socket of clients) socket.uncork();
  publish();
});

function publish(): void {
  if (isInFlight || pending.length === 0) return;
  isInFlight = true;
  let count = 0;
  for (let bytes = 64 * 1024; count < pending.length; count++) {
    bytes += pending[count]?.bytes.length ?? 0;
    if (bytes > MAX_RECORD_BYTES) break;
  }
  const items = pending.slice(0, count);
  pending = pending.slice(count);
  const head = JSON.stringify(items.map(({ client, bytes }) => [client, bytes.length]));
  const record = Buffer.concat([Buffer.from(`${head}\n`), ...items.map(({ bytes }) => bytes)]);
  const wasFull = pendingBytes > MAX_PENDING_BYTES;
  for (const { bytes } of items) pendingBytes -= bytes.length;
  if (wasFull && pendingBytes <= MAX_PENDING_BYTES) for (const socket of clients) socket.resume();
  void stream.publish(record);
}

createServer({ noDelay: true }, (socket) => {
  const client = clients.push(socket) - 1;
  socket.on('error', () => {});
  socket.on('data', (bytes) => {
    pending.push({ client, bytes });
    pendingBytes += bytes.length;
    if (pendingBytes > MAX_PENDING_BYTES) for (const other of clients) other.pause();
    // At the end of the turn, so that the record contains all that has arrived.
    if (!isInFlight) setImmediate(publish);
  });
}).listen(port, '127.0.0.1');
