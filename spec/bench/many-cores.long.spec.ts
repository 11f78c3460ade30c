import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { childrenOf, connectTo } from '../../bench/processes.js';
import { freePort } from '../../lib/conformance/ports.js';
import { connectAs, connect as connectClient, type Client as LineClient } from '../support/client.js';
import { type Program, startProgram } from '../support/program.js';
import { within } from '../support/waiting.js';
import { arrivedNotice, leftNotice, relayed } from '../support/wire.js';

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
  let room: Program;

  beforeEach(async () => {
    port = await freePort();
    room = startProgram(process.execPath, [SEQUENCER, '--writers', '3', String(port)]);
    // Client 0, which has joined and left when its connection is closed.
    const first = await connectTo(port);
    first.resume().end();
    await within(once(first, 'close'), 'the end of the first client');
  });

  it('gives all clients one order of lines without their own, and ids in the order of arrival', async () => {
    const observer = open(port);
    await once(observer.socket, 'connect');
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

  /** Connects three clients, one for each writer, with the ids 1 to 3. */
  async function joinThree(): Promise<LineClient[]> {
    const first = await connectClient({ port });
    const clients = [first];
    for (const id of [2, 3]) clients.push(await connectAs({ port }, id, first));
    return clients;
  }

  it('ends only the clients of a killed writer, tells the others, and accepts new ones', async () => {
    const clients = await joinThree();
    await clients[1]?.send('half of a line');
    const [writer = 0] = childrenOf(room.child.pid as number);
    process.kill(writer, 'SIGKILL');
    const ended = await within(
      Promise.race(clients.map(({ ended }, i) => ended.then(() => i))),
      'the end of a client',
    );
    const [first, second] = clients.filter((_client, i) => i !== ended) as [LineClient, LineClient];
    await Promise.all([first, second].map((client) => client.until(leftNotice(ended + 1))));
    const newcomer = await connectClient({ port });
    await first.until(arrivedNotice(4));
    await second.until(arrivedNotice(4));
    await newcomer.send('hello\n');
    await Promise.all([first, second].map((client) => client.until(relayed(4, 'hello'))));
    await first.send('\n');
    await newcomer.until((bytes) => bytes.includes('client '));
    // Client 0 had another writer, whose notice can come after client 1 has joined.
    expect(first.inbox.text.match(/client [1-9] just left/g)).to.deep.equal([
      `client ${ended + 1} just left`,
    ]);
  });

  it('ends all clients when the sequencer is killed', async () => {
    const clients = await joinThree();
    room.child.kill('SIGKILL');
    await Promise.all(clients.map(({ ended }) => within(ended, 'the end of a client')));
  });
});
