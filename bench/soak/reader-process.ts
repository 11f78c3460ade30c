// A reader in a process of its own, so that the soak can stop it with SIGSTOP. Checks every line of client 1 and prints
// the number of lines received.
import { once } from 'node:events';
import { connect } from 'node:net';
import { Checker } from './lines.js';

/** Printing after each chunk would be most of the work of this process. */
const REPORT_INTERVAL_MS = 200;

const [port] = process.argv.slice(2).map(Number) as [number];
const checker = new Checker(1, () => {});
const socket = connect({ port, host: '127.0.0.1' });
await once(socket, 'connect');
process.stdout.write('0\n');
const report = setInterval(() => process.stdout.write(`${checker.next}\n`), REPORT_INTERVAL_MS);
socket.on('data', (chunk) => {
  try {
    checker.push(chunk);
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n`);
    process.exit(1);
  }
});
socket.on('error', () => {});
socket.once('close', () => clearInterval(report));
