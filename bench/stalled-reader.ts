// A process with some connections, to be stopped with SIGSTOP and continued: a reader that has stopped, as honest
// as there can be. Says on standard output when it is connected, and, when every connection has had the line
// `end`, the SHA-256 of what each had after the line `begin`, and how long that took since it was continued.
import { createHash } from 'node:crypto';
import { connect } from 'node:net';

const [port, count] = process.argv.slice(2).map(Number) as [number, number];
const END = Buffer.from(': end\n');
const BEGIN = Buffer.from(': begin\n');
const hashes: string[] = [];
let bytes = 0;
let continuedAt = 0;

process.on('SIGCONT', () => {
  continuedAt = performance.now();
});

function open(index: number): void {
  if (index === count) {
    process.stdout.write('connected\n');
    return;
  }
  const hash = createHash('sha256');
  const socket = connect({ port, host: '127.0.0.1' });
  let begun = false;
  let tail = Buffer.alloc(0);
  socket.on('connect', () => open(index + 1));
  socket.on('error', (error) => process.stdout.write(`${JSON.stringify({ error: error.message })}\n`));
  socket.on('data', (chunk) => {
    bytes += chunk.length;
    let part = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length) as typeof tail;
    if (!begun) {
      tail = Buffer.concat([tail, chunk]);
      const at = tail.indexOf(BEGIN);
      if (at === -1) return;
      begun = true;
      part = Buffer.from(tail.subarray(at + BEGIN.length));
      tail = Buffer.alloc(0);
    }
    hash.update(part);
    tail = Buffer.from(Buffer.concat([tail, part.subarray(-END.length)]).subarray(-END.length));
    if (!tail.equals(END)) return;
    // Not closed before all have had it: that they left would be said to the others, behind their last line.
    hashes.push(hash.digest('hex'));
    // What is said at the end of the room is nobody's matter any more.
    socket.removeAllListeners('data').resume();
    if (hashes.length < count) return;
    const seconds = (performance.now() - continuedAt) / 1000;
    process.stdout.write(`${JSON.stringify({ hashes, bytes, seconds })}\n`);
  });
}

open(0);
