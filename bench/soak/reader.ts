// A reader in a process of its own, to be stopped with SIGSTOP and continued: one that has stopped, as honestly as
// there can be. Checks every line of client 1, and says on standard output how many it has had.
import { once } from 'node:events';
import { connect } from 'node:net';
import { Checker } from './lines.js';

const [port] = process.argv.slice(2).map(Number) as [number];
const checker = new Checker(1, () => {});
const socket = connect({ port, host: '127.0.0.1' });
await once(socket, 'connect');
process.stdout.write('0\n');
// Not at every chunk: that would be most of its work.
const telling = setInterval(() => process.stdout.write(`${checker.next}\n`), 200);
socket.on('data', (chunk) => {
  try {
    checker.push(chunk);
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n`);
    process.exit(1);
  }
});
socket.on('error', () => {});
socket.once('close', () => clearInterval(telling));
