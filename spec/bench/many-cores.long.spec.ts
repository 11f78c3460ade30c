import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { connectTo } from '../../bench/processes.js';
import { freePort } from '../../lib/conformance/ports.js';
import { startProgram } from '../support/program.js';
import { within } from '../support/waiting.js';

const SEQUENCER = fileURLToPath(new URL('../../bench/many-cores/sequencer.js', import.meta.url));
const CLIENTS = 100;
const LINES = 200;

interface Client {
  readonly socket: Socket;
  readonly received: Promise<string>;
}

function open(port: number): Client {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  return { socket, received: text(socket) };
}

describe('room over several processes', () => {
  let port: number;

  beforeEach(async () => {
    port = await freePort();
    startProgram(process.execPath, [SEQUENCER, '--writers', '3', String(port)]);
    // Client 0, which has joined and left when its connection is closed.
    const first = await connectTo(port);
    first.resume().end();
    await within(once(first, 'close'), 'the end of the first client');
  });

  it('gives all clients one order of lines without their own, and ids in the order of arrival', async () => {
    const observer = open(port);
    const clients: Client[] = [];
    for (let i = 0; i < CLIENTS; i++) {
      const client = open(port);
      clients.push(client);
      await once(client.socket, 'connect');
    }
    // Each client sends before it knows whether it has joined.
    for (const [i, { socket }] of clients.entries()) {
      for (let line = 0; line < LINES; line++) socket.write(`${i}:${line}\n`);
      socket.end();
    }
    for (const { received } of clients) await within(received, 'the end of a client');
    observer.socket.end();
    const log = (await within(observer.received, 'the end of the observer')).split('\n').slice(0, -1);
    const ids = log.flatMap((line) => /^server: client (\d+) just arrived$/.exec(line)?.[1] ?? []);
    expect(ids.map(Number)).to.deep.equal(Array.from({ length: CLIENTS }, (_, i) => i + 2));
    for (const [i, { received }] of clients.entries()) {
      const id = i + 2;
      const arrived = log.indexOf(`server: client ${id} just arrived`);
      const left = log.indexOf(`server: client ${id} just left`);
      const expected = log.slice(arrived + 1, left).filter((line) => !line.startsWith(`client ${id}: `));
      expect((await received).split('\n').slice(0, -1), `client ${id}`).to.deep.equal(expected);
      const own = log.filter((line) => line.startsWith(`client ${id}: `));
      expect(own).to.deep.equal(Array.from({ length: LINES }, (_, line) => `client ${id}: ${i}:${line}`));
    }
  });
});
