import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { expect } from 'chai';
import { DuplexSink } from '../../lib/sinks/duplex-sink.js';
import { addCleanup } from '../support/cleanup.js';
import { Inbox } from '../support/inbox.js';
import { waitTurns } from '../support/waiting.js';

/** A socket to write to, its peer, and the bytes that the peer receives. */
async function connection(): Promise<{ socket: Socket; peer: Socket; inbox: Inbox }> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  const accepted = once(server, 'connection') as Promise<[Socket]>;
  const socket = connect(port, '127.0.0.1');
  const [[peer]] = await Promise.all([accepted, once(socket, 'connect')]);
  const inbox = new Inbox();
  peer.on('data', (chunk: Buffer) => inbox.push(chunk));
  server.close();
  addCleanup(() => void socket.destroy());
  addCleanup(() => void peer.destroy());
  return { socket, peer, inbox };
}

const pieces = (count: number): Buffer[] => Array.from({ length: count }, (_, i) => Buffer.from(`${i} `));

describe('DuplexSink', () => {
  it('writes the given buffers themselves to a socket, corked if there are several', async () => {
    const { socket } = await connection();
    const calls: unknown[] = [];
    const callbacks: boolean[] = [];
    const write = socket.write.bind(socket) as (bytes: Buffer, done?: () => void) => boolean;
    Object.assign(socket, {
      write: (bytes: Buffer, done?: () => void) => {
        calls.push(bytes);
        callbacks.push(done !== undefined);
        return write(bytes, done);
      },
      cork: () => calls.push('cork'),
      uncork: () => calls.push('uncork'),
    });
    const [first, second] = pieces(2) as [Buffer, Buffer];
    const destination = new DuplexSink(socket);
    await new Promise<void>((resolve) => destination.send([first], () => resolve()));
    await new Promise<void>((resolve) => destination.send([first, second], () => resolve()));
    expect(calls).to.deep.equal([first, 'cork', first, second, 'uncork']);
    expect(callbacks).to.deep.equal([false, false, true]);
    for (const [call, piece] of [
      [0, first],
      [2, first],
      [3, second],
    ] as const) {
      expect(calls[call]).to.equal(piece);
    }
  });

  for (const count of [1, 2, 31, 32, 33, 5000]) {
    it(`writes ${count} pieces to a socket in order and calls back once`, async () => {
      const { socket, inbox } = await connection();
      let done = 0;
      await new Promise<void>((resolve, reject) => {
        new DuplexSink(socket).send(pieces(count), (error) => {
          done++;
          if (error) reject(error);
          else resolve();
        });
      });
      await inbox.exactly(Buffer.concat(pieces(count)));
      expect(done).to.equal(1);
    });
  }

  const small = Buffer.from('small');
  const large = Buffer.alloc(16 * 1024 + 1, 'l');

  it('calls back within send() if the kernel takes a small write at once, and later for a large one', async () => {
    const { socket, inbox } = await connection();
    const destination = new DuplexSink(socket);
    let done: unknown = 'not yet';
    destination.send([small], (error) => {
      done = error;
    });
    expect(done).to.equal(null);
    await new Promise<void>((resolve) => {
      done = 'not yet';
      destination.send([large], () => {
        done = 'later';
        resolve();
      });
      expect(done).to.equal('not yet');
    });
    await inbox.exactly(Buffer.concat([small, large]));
  });

  it('calls back for a small write only when the kernel takes it, if its buffer is full', async () => {
    const { socket, peer } = await connection();
    peer.pause();
    const destination = new DuplexSink(socket);
    // More than the kernel ever takes, because it can enlarge its buffers later.
    const filled = Buffer.alloc(32 * 1024 * 1024, 'f');
    socket.write(filled);
    expect(socket.writableLength).to.be.above(0);
    let done = false;
    const sent = new Promise<void>((resolve) => {
      destination.send([small], () => {
        done = true;
        resolve();
      });
    });
    await waitTurns(10);
    expect(done).to.equal(false);
    peer.resume();
    await sent;
    expect(socket.writableLength).to.equal(0);
    expect(socket.bytesWritten).to.equal(filled.length + small.length);
  });

  it('reports the error of a small write within send()', async () => {
    const { socket } = await connection();
    socket.on('error', () => {});
    const refused = new Error('EPIPE');
    Object.assign(socket, {
      _write: (_b: unknown, _e: unknown, done: (error: Error) => void) => done(refused),
    });
    let told: unknown;
    new DuplexSink(socket).send([small], (error) => {
      told = error;
    });
    expect(told).to.equal(refused);
  });

  it('calls back only when the Duplex has taken everything', async () => {
    let take = (): void => {};
    const slow = new Duplex({
      read() {},
      writev(_chunks, done) {
        take = done;
      },
    });
    let done = false;
    const sent = new Promise<void>((resolve) => {
      new DuplexSink(slow).send(pieces(2), () => {
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
    it(`fails without a write if the Duplex is ${how}`, async () => {
      let writes = 0;
      const duplex = new Duplex({
        read() {},
        write: (_chunk, _encoding, done) => {
          writes++;
          done();
        },
      });
      leave(duplex);
      const error = await new Promise((resolve) => new DuplexSink(duplex).send(pieces(1), resolve));
      expect(error).to.be.an.instanceOf(Error).and.include({ message: 'the connection is closed' });
      expect(writes).to.equal(0);
    });
  }

  it('reports the error of a write, and destroys the connection in fail()', async () => {
    const failing = new Duplex({ read() {}, write: (_chunk, _encoding, done) => done(new Error('EPIPE')) });
    failing.on('error', () => {});
    const error = await new Promise((resolve) => new DuplexSink(failing).send(pieces(1), resolve));
    expect(error).to.include({ message: 'EPIPE' });
    const { socket } = await connection();
    const told = once(socket, 'error');
    new DuplexSink(socket).fail(new Error('cannot be read back'));
    expect(((await told) as [Error])[0].message).to.equal('cannot be read back');
  });

  it('ends the connection with FIN in finish()', async () => {
    const { socket } = await connection();
    new DuplexSink(socket).finish();
    await once(socket, 'finish');
  });
});
