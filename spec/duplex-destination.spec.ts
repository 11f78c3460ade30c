import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { expect } from 'chai';
import { DuplexDestination } from '../lib/duplex-destination.js';
import { afterwards } from './support/cleanup.js';
import { Inbox } from './support/inbox.js';

/** A socket to write to, and what comes out at its other end. */
async function connection(): Promise<{ socket: Socket; inbox: Inbox }> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  const accepted = once(server, 'connection') as Promise<[Socket]>;
  const socket = connect(port, '127.0.0.1');
  const [peer] = await accepted;
  const inbox = new Inbox();
  peer.on('data', (chunk: Buffer) => inbox.push(chunk));
  server.close();
  afterwards(() => void socket.destroy());
  afterwards(() => void peer.destroy());
  return { socket, inbox };
}

const pieces = (count: number): Buffer[] => Array.from({ length: count }, (_, i) => Buffer.from(`${i} `));

describe('duplex destination', () => {
  it('lends a socket the bytes themselves, corked if they are several', async () => {
    const { socket } = await connection();
    const calls: unknown[] = [];
    const write = socket.write.bind(socket) as (bytes: Buffer, done?: () => void) => boolean;
    Object.assign(socket, {
      write: (bytes: Buffer, done?: () => void) => {
        calls.push(bytes);
        return write(bytes, done);
      },
      cork: () => calls.push('cork'),
      uncork: () => calls.push('uncork'),
    });
    const [first, second] = pieces(2) as [Buffer, Buffer];
    const destination = new DuplexDestination(socket);
    await new Promise<void>((resolve) => destination.send([first], () => resolve()));
    await new Promise<void>((resolve) => destination.send([first, second], () => resolve()));
    expect(calls).to.deep.equal([first, 'cork', first, second, 'uncork']);
    for (const [call, piece] of [
      [0, first],
      [2, first],
      [3, second],
    ] as const) {
      expect(calls[call]).to.equal(piece);
    }
  });

  for (const count of [1, 2, 31, 32, 33, 5000]) {
    it(`writes ${count} pieces to a socket in order, and is done once`, async () => {
      const { socket, inbox } = await connection();
      let done = 0;
      await new Promise<void>((resolve, reject) => {
        new DuplexDestination(socket).send(pieces(count), (error) => {
          done++;
          if (error) reject(error);
          else resolve();
        });
      });
      await inbox.exactly(Buffer.concat(pieces(count)));
      expect(done).to.equal(1);
    });
  }

  it('gives any other Duplex a copy: the bytes are only lent, and it may keep what it was given', async () => {
    const kept: Buffer[] = [];
    const keeper = new Duplex({
      read() {},
      write(chunk: Buffer, _encoding, done) {
        kept.push(chunk);
        done();
      },
    });
    const lent = pieces(3);
    await new Promise((resolve) => new DuplexDestination(keeper).send(lent, resolve));
    for (const bytes of lent) bytes.fill('x');
    expect(Buffer.concat(kept).toString()).to.equal('0 1 2 ');
  });

  it('is done only when the Duplex is', async () => {
    let take = (): void => {};
    const slow = new Duplex({
      read() {},
      write(_chunk, _encoding, done) {
        take = done;
      },
    });
    let done = false;
    const sent = new Promise<void>((resolve) => {
      new DuplexDestination(slow).send(pieces(2), () => {
        done = true;
        resolve();
      });
    });
    await new Promise((resolve) => setImmediate(resolve));
    expect(done).to.equal(false);
    take();
    await sent;
  });

  const gone: Record<string, (duplex: Duplex) => unknown> = {
    ended: (duplex) => duplex.end(),
    destroyed: (duplex) => duplex.destroy(),
    broken: (duplex) => duplex.on('error', () => {}).destroy(new Error('EPIPE')),
  };
  for (const [how, leave] of Object.entries(gone)) {
    it(`says so where the Duplex is ${how}, and does not write`, async () => {
      let writes = 0;
      const duplex = new Duplex({
        read() {},
        write: (_chunk, _encoding, done) => {
          writes++;
          done();
        },
      });
      leave(duplex);
      const error = await new Promise((resolve) => new DuplexDestination(duplex).send(pieces(1), resolve));
      expect(error).to.be.an.instanceOf(Error).and.include({ message: 'the connection is gone' });
      expect(writes).to.equal(0);
    });
  }

  it('tells the error of a write, and breaks the connection when it is to fail', async () => {
    const failing = new Duplex({ read() {}, write: (_chunk, _encoding, done) => done(new Error('EPIPE')) });
    failing.on('error', () => {});
    const error = await new Promise((resolve) => new DuplexDestination(failing).send(pieces(1), resolve));
    expect(error).to.include({ message: 'EPIPE' });
    const { socket } = await connection();
    const told = once(socket, 'error');
    new DuplexDestination(socket).fail(new Error('cannot be read back'));
    expect(((await told) as [Error])[0].message).to.equal('cannot be read back');
  });

  it('finishes with FIN', async () => {
    const { socket } = await connection();
    new DuplexDestination(socket).finish();
    await once(socket, 'finish');
  });
});
