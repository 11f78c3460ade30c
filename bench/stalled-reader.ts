// A process with several connections that a benchmark stops with SIGSTOP and resumes with SIGCONT.
// Prints `connected`; later, when each connection has received the line `end`, prints as JSON the SHA-256 of the bytes
// that each received after the line `begin`, and the seconds since SIGCONT.
import { createHash } from 'node:crypto';
import { connect } from 'node:net';

const [port, count] = process.argv.slice(2).map(Number) as [number, number];
const END = Buffer.from(': end\n');
const BEGIN = Buffer.from(': begin\n');
const hashes: string[] = [];
let bytes = 0;
let resumedAt = 0;

process.on('SIGCONT', () => {
  resumedAt = performance.now();
});

function open(index: number): void {
  if (index === count) {
    process.stdout.write('connected\n');
    return;
  }
  const hash = createHash('sha256');
  const socket = connect({ port, host: '127.0.0.1' });
  let hasBegun = false;
  let tail = Buffer.alloc(0);
  socket.on('connect', () => open(index + 1));
  socket.on('error', (error) => process.stdout.write(`${JSON.stringify({ error: error.message })}\n`));
  socket.on('data', (chunk) => {
    bytes += chunk.length;
    let part = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length) as typeof tail;
    if (!hasBegun) {
      tail = Buffer.concat([tail, chunk]);
      const at = tail.indexOf(BEGIN);
      if (at === -1) return;
      hasBegun = true;
      part = Buffer.from(tail.subarray(at + BEGIN.length));
      tail = Buffer.alloc(0);
    }
    hash.update(part);
    tail = Buffer.from(Buffer.concat([tail, part.subarray(-END.length)]).subarray(-END.length));
    if (!tail.equals(END)) return;
    hashes.push(hash.digest('hex'));
    // Stays open until the process ends: the notice that it left would follow the last line of the other connections.
    socket.removeAllListeners('data').resume();
    if (hashes.length < count) return;
    const seconds = (performance.now() - resumedAt) / 1000;
    process.stdout.write(`${JSON.stringify({ hashes, bytes, seconds })}\n`);
  });
}

open(0);
