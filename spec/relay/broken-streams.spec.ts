import { Duplex } from 'node:stream';
import { expect } from 'chai';
import { MiniServError } from '../../lib/index.js';
import { fakeEnvironment } from '../support/fake-environment.js';
import { createTestRelay, join, recordEvents } from '../support/room.js';
import { eventually, waitTurns } from '../support/waiting.js';
import { arrivedNotice, leftNotice, relayed, relayedBytes } from '../support/wire.js';

type Done = (error?: Error | null) => void;
const take = (_chunk: unknown, _encoding: string, done: Done): void => done();
const read = (): void => {};

/** A stream that reads nothing and takes everything. */
function quiet(options: object = {}): Duplex {
  return new Duplex({ read, write: take, ...options });
}

/** A stream, what happens after it became a client, and the reason with which it leaves. */
interface Case {
  readonly stream?: () => Duplex;
  readonly after?: (stream: Duplex) => unknown;
  readonly reason?: string;
}

const fail = (reason: string) => (): never => {
  throw new Error(reason);
};

const LEAVING: Record<string, Case> = {
  'emits two errors': {
    after: (stream) => ['first', 'second'].map((reason) => stream.emit('error', new Error(reason))),
    reason: 'first',
  },
  'emits an error after it was closed': {
    after: (stream) => {
      stream.once('close', () => setImmediate(() => stream.emit('error', new Error('late'))));
      stream.destroy();
    },
  },
  'emits an error within write()': {
    stream: () =>
      quiet({ write: (_chunk: unknown, _encoding: string, done: Done) => done(new Error('EPIPE')) }),
    reason: 'EPIPE',
  },
  'emits an error within on()': {
    stream: () => {
      const stream = quiet();
      const { on } = stream;
      return Object.assign(stream, {
        on(event: string, listener: () => void) {
          on.call(stream, event, listener);
          if (event === 'close') stream.emit('error', new Error('at once'));
          return stream;
        },
      });
    },
    reason: 'at once',
  },
  'emits an error although its on() has failed': {
    stream: () => {
      const stream = quiet();
      const { on } = stream;
      let calls = 0;
      return Object.assign(stream, {
        on: (event: string, listener: () => void) =>
          calls++ === 0 ? fail('no on')() : on.call(stream, event, listener),
      });
    },
    after: (stream) => stream.emit('error', new Error('not listened to')),
    reason: 'no on',
  },
  'emits an error that is undefined': {
    after: (stream) => stream.emit('error', undefined),
    reason: "the stream failed: 'no reason was given'",
  },
  'emits an error that is a string': {
    after: (stream) => stream.emit('error', 'oops'),
    reason: "the stream failed: 'oops'",
  },
  'emits an object as data': {
    after: (stream) => stream.emit('data', { a: 1 }),
    reason: 'the stream emitted { a: 1 } instead of bytes',
  },
  'emits null as data': {
    after: (stream) => stream.emit('data', null),
    reason: 'the stream emitted null instead of bytes',
  },
  'is set to decode its bytes as UTF-8': {
    after: (stream) => stream.setEncoding('utf8').push(Buffer.from('\xff\n', 'latin1')),
    reason: 'the stream decodes its bytes as utf8; do not call its setEncoding()',
  },
  'emits data after its end': {
    after: (stream) => {
      stream.push(null);
      stream.once('end', () => stream.emit('data', Buffer.from('too late\n')));
    },
  },
  'ends and does not emit close': {
    stream: () => quiet({ emitClose: false }),
    after: (stream) => stream.push(null),
  },
  'ends and neither destroys itself nor emits close': {
    stream: () => quiet({ emitClose: false, autoDestroy: false }),
    after: (stream) => stream.push(null),
  },
  'is destroyed and does not emit close': {
    stream: () => quiet({ emitClose: false }),
    after: (stream) => stream.destroy(),
  },
  'is destroyed with an error and does not emit close': {
    stream: () => quiet({ emitClose: false }),
    after: (stream) => stream.destroy(new Error('broken')),
    reason: 'broken',
  },
  'is destroyed and is never closed': {
    stream: () => quiet({ destroy() {} }),
    after: (stream) => stream.destroy(),
  },
  'is destroyed with an error and is never closed': {
    stream: () => quiet({ destroy() {} }),
    after: (stream) => stream.destroy(new Error('broken')),
    reason: 'broken',
  },
  'fails and does not destroy itself': {
    stream: () => quiet({ emitClose: false, autoDestroy: false }),
    after: (stream) => stream.emit('error', new Error('broken')),
    reason: 'broken',
  },
  'throws in read()': { stream: () => Object.assign(quiet(), { read: fail('no read') }), reason: 'no read' },
  'throws in write()': {
    stream: () => Object.assign(quiet(), { write: fail('no write') }),
    reason: 'no write',
  },
  'throws in write() from some time on': {
    after: (stream) => Object.assign(stream, { write: fail('no write') }),
    reason: 'no write',
  },
  'throws in end()': {
    after: (stream) => {
      Object.assign(stream, { end: fail('no end') });
      stream.push(null);
    },
  },
  'throws in destroy() when Node calls it': {
    stream: () => Object.assign(quiet(), { destroy: fail('no destroy') }),
    after: (stream) => stream.push(null),
  },
  'throws in _write()': { stream: () => quiet({ write: fail('no _write') }), reason: 'no _write' },
  'throws something that is no error': {
    stream: () =>
      Object.assign(quiet(), {
        write() {
          throw { not: 'an error' };
        },
      }),
    reason: "the stream failed: { not: 'an error' }",
  },
  'has an asynchronous write() that rejects': {
    stream: () => Object.assign(quiet(), { write: async () => fail('rejected')() }),
    reason: 'rejected',
  },
  'has an asynchronous resume() that rejects': {
    stream: () => Object.assign(quiet(), { resume: async () => fail('rejected')() }),
    reason: 'rejected',
  },
  'has an asynchronous _construct() that rejects': {
    stream: () => quiet({ construct: async () => fail('rejected')() }),
    reason: 'rejected',
  },
  'has an asynchronous _read() that rejects': {
    stream: () => quiet({ read: async () => fail('rejected')() }),
    reason: 'rejected',
  },
  'has an asynchronous _write() that rejects': {
    stream: () => quiet({ write: async () => fail('rejected')() }),
    reason: 'rejected',
  },
  'has an asynchronous _final() that rejects': {
    stream: () => quiet({ final: async () => fail('rejected')() }),
    after: (stream) => stream.push(null),
  },
  'has an asynchronous _destroy() that rejects': {
    stream: () => quiet({ destroy: async () => fail('rejected')() }),
    after: (stream) => stream.destroy(),
    reason: 'rejected',
  },
  'has an emit() of its own that throws': {
    stream: () => Object.assign(quiet(), { emit: fail('no emit') }),
    after: (stream) => stream.push('data'),
    reason: 'no emit',
  },
  'emits an error that is a Proxy which throws': {
    after: (stream) => stream.emit('error', new Proxy({}, { getPrototypeOf: fail('trap') })),
    reason: 'the stream failed: {}',
  },
  'has a getter that throws from some time on': {
    after: (stream) => Object.defineProperty(stream, 'writable', { get: fail('no getter') }),
    reason: 'no getter',
  },
};

describe('relay.handle() of a stream that', () => {
  for (const [kind, transforms] of [
    ['without transforms', []],
    ['with a transform', [<T>(message: T): T => message]],
  ] as const) {
    for (const [name, { stream: make = quiet, after, reason }] of Object.entries(LEAVING)) {
      it(`${name} ends its own client only, ${kind}`, async () => {
        const relay = createTestRelay({ transforms });
        const events = recordEvents(relay);
        const [a, b] = [await join(relay), await join(relay)];
        const stream = make();
        const handle = relay.handle(stream);
        expect(await handle.id).to.equal(2);
        await waitTurns(2);
        await after?.(stream);
        a.send('ping\n');
        await b.until(relayed(0, 'ping'));
        await eventually('the client to be gone', () => relay.stats().clients === 2);
        b.send('pong\n');
        await a.until(relayed(1, 'pong'));
        expect(events.text).to.include(reason === undefined ? 'left 2\n' : `left 2 ${reason}\n`);
        expect(events.text).to.not.include('line 2');
        await handle.close();
      });
    }
  }

  const quick = { graceMs: 60_000 };

  it('does not close by itself does not delay close() of the relay', async () => {
    const relay = createTestRelay(quick);
    for (const options of [{}, { emitClose: false }, { emitClose: false, autoDestroy: false }]) {
      const stream = quiet(options);
      await relay.handle(stream).id;
      stream.push(null);
    }
    await relay.handle(quiet({ emitClose: false, autoDestroy: false })).id;
    await relay.close();
    expect(relay.stats().clients).to.equal(0);
  });

  it('never finishes is closed 2 s after it has taken everything', async () => {
    const environment = fakeEnvironment();
    const relay = createTestRelay({ environment });
    const a = await join(relay);
    let take: Done = () => {};
    const stream = quiet({
      write: (_chunk: unknown, _encoding: string, done: Done) => {
        take = done;
      },
      final() {},
    });
    await relay.handle(stream).id;
    a.send('for it\n');
    stream.push(null);
    await a.until(leftNotice(1));
    environment.clock.advance(60_000);
    await waitTurns();
    expect(relay.stats().clients).to.equal(2);
    take();
    await waitTurns();
    environment.clock.advance(1999);
    expect(relay.stats().clients).to.equal(2);
    environment.clock.advance(1);
    await eventually('the client to be gone', () => relay.stats().clients === 1);
    expect(environment.clock.pending).to.equal(0);
  });

  it('emits data after its end still receives what it is owed', async () => {
    const relay = createTestRelay();
    const a = await join(relay);
    let take: Done = () => {};
    const received: string[] = [];
    const stream = quiet({
      write: (chunk: Buffer, _encoding: string, done: Done) => {
        received.push(chunk.toString());
        take = done;
      },
    });
    await relay.handle(stream).id;
    a.send('one\n');
    await eventually('the first line', () => received.length === 1);
    a.send('two\n');
    await waitTurns();
    stream.push(null);
    await a.until(leftNotice(1));
    stream.emit('data', Buffer.from('too late\n'));
    await waitTurns();
    take();
    await eventually('the second line', () => received.length === 2);
    expect(received.join('')).to.equal(relayed(0, 'one', 'two'));
    expect(a.received).to.not.include('too late');
  });

  it('calls back twice receives each line once', async () => {
    const relay = createTestRelay();
    const a = await join(relay);
    const received: string[] = [];
    const stream = Object.assign(quiet(), {
      write(chunk: Buffer, done: Done) {
        received.push(chunk.toString());
        done();
        setImmediate(done);
        return 'neither true nor false';
      },
    });
    await relay.handle(stream).id;
    for (let i = 0; i < 3; i++) {
      a.send(`${i}\n`);
      await eventually('the line', () => received.length === i + 1);
      await waitTurns(3);
    }
    expect(received.join('')).to.equal(relayed(0, '0', '1', '2'));
    expect(relay.stats().clients).to.equal(2);
  });

  it('never calls back delays no other client, and lags', async () => {
    const relay = createTestRelay();
    const [a, b] = [await join(relay), await join(relay)];
    const handle = relay.handle(quiet({ write() {} }));
    await handle.id;
    a.send('one\ntwo\n');
    await b.until(relayed(0, 'one', 'two'));
    expect(handle.lagBytes).to.be.above(0);
  });

  it('emits other data than Buffers is read as bytes', async () => {
    const relay = createTestRelay();
    const a = await join(relay);
    const stream = quiet();
    await relay.handle(stream).id;
    stream.emit('data', 'é');
    stream.emit('data', '');
    stream.emit('data', new Uint8Array([0xff]));
    stream.emit('data', new DataView(Uint8Array.from([1, 0xfe, 10, 1]).buffer, 1, 2));
    stream.setEncoding('latin1').push(Buffer.from('\xff\n', 'latin1'));
    const sent = [Buffer.from('\xc3\xa9\xff\xfe', 'latin1'), Buffer.from('\xff', 'latin1')];
    await a.receives(arrivedNotice(1), relayedBytes(1, ...sent));
  });

  it('was ended for writing by its owner can still send', async () => {
    for (const isFinished of [false, true]) {
      const relay = createTestRelay();
      const events = recordEvents(relay);
      const a = await join(relay);
      const stream = quiet();
      stream.end();
      if (isFinished) await waitTurns(2);
      await relay.handle(stream).id;
      a.send('not for it\n');
      await events.until('line 0 not for it\n');
      stream.push('still here\n');
      await events.until('line 1 still here\n');
      stream.push(null);
      await events.until('left 1\n');
      await eventually('the client to be gone', () => relay.stats().clients === 1);
    }
  });

  it('is ended for writing later by its owner can still send', async () => {
    const relay = createTestRelay();
    const events = recordEvents(relay);
    const a = await join(relay);
    const stream = quiet();
    await relay.handle(stream).id;
    stream.end();
    a.send('not for it\n');
    stream.push('still here\n');
    await events.until('line 1 still here\n');
    a.send('not for it\n');
    stream.push('still here\n');
    stream.push(null);
    await events.until('left 1\n');
    await eventually('the client to be gone', () => relay.stats().clients === 1);
  });

  for (const [name, make] of Object.entries({
    'was destroyed before': () => quiet().destroy(),
    'was destroyed before and does not emit close': () => quiet({ emitClose: false }).destroy(),
    'failed before': () =>
      quiet()
        .on('error', () => {})
        .destroy(new Error('broken')),
    'failed before and does not destroy itself': () => {
      const stream = quiet({
        autoDestroy: false,
        write: (_c: unknown, _e: string, done: Done) => done(new Error('broken')),
      });
      stream.on('error', () => {}).write('x');
      return stream;
    },
    'cannot be read': () => quiet({ readable: false }),
  })) {
    for (const turns of [0, 3]) {
      it(`${name} arrives and leaves, ${turns} turns later`, async () => {
        const relay = createTestRelay();
        const events = recordEvents(relay);
        const stream = make();
        await waitTurns(turns);
        relay.handle(stream);
        await events.until(name.startsWith('failed') ? 'left 0 broken\n' : 'left 0\n');
        await eventually('the client to be gone', () => relay.stats().clients === 0);
      });
    }
  }

  for (const name of ['on', 'write', 'readableObjectMode', 'writableObjectMode']) {
    it(`has a getter ${name} that throws is refused with ERR_OPTION`, () => {
      const relay = createTestRelay();
      const stream = Object.defineProperty(quiet(), name, { get: fail(name) });
      expect(() => relay.handle(stream))
        .to.throw(MiniServError)
        .with.property('code', 'ERR_OPTION');
      expect(relay.stats().clients).to.equal(0);
    });
  }

  describe('is or was a client', () => {
    const twice = 'the stream is or was a client; pass a new stream';

    it('is refused by its own relay and by another with ERR_STATE', async () => {
      const [relay, other] = [createTestRelay(), createTestRelay()];
      const stream = quiet();
      await relay.handle(stream).id;
      for (const room of [relay, other]) {
        expect(() => room.handle(stream))
          .to.throw(MiniServError, twice)
          .with.property('code', 'ERR_STATE');
      }
      stream.destroy();
      await eventually('the client to be gone', () => relay.stats().clients === 0);
      expect(() => other.handle(stream)).to.throw(twice);
      expect([relay.stats().clients, other.stats().clients]).to.deep.equal([0, 0]);
    });

    it('can be handled after a relay that was closed has refused it', async () => {
      const [closed, relay] = [createTestRelay(), createTestRelay()];
      await closed.close();
      const stream = quiet();
      expect(() => closed.handle(stream)).to.throw('the relay is closed');
      expect(await relay.handle(stream).id).to.equal(0);
    });
  });
});
