import { Duplex, PassThrough } from 'node:stream';
import type { Message, MessageTransform } from '../../lib/index.js';
import { createTestRelay, join, Member, recordEvents } from '../support/room.js';
import { arrivedNotice, leftNotice, relayed } from '../support/wire.js';

const fail = (): never => {
  throw new Error('oops');
};
const failLater = async (): Promise<never> => fail();
const objectMode = { objectMode: true };
const broken = (methods: object) => (): PassThrough => Object.assign(new PassThrough(objectMode), methods);

/** A stream that emits no more than the relay asks for. */
const duplex = (methods: object) => (): Duplex =>
  new Duplex({
    ...objectMode,
    read() {},
    write(this: Duplex, message: Message, _encoding, done) {
      done(this.push(message) ? null : undefined);
    },
    ...methods,
  });

const FAILING: Record<string, () => Duplex> = {
  'write() throws': broken({ write: fail }),
  'write() rejects': broken({ write: failLater }),
  'end() throws': broken({ end: fail }),
  'read() throws': broken({ read: fail }),
  'resume() throws': broken({ resume: fail }),
  'on() throws': broken({ on: fail }),
  'destroy() throws': broken({ destroy: fail, _transform: fail }),
  'own emit() throws': () => {
    const stream = new PassThrough(objectMode);
    return Object.assign(stream, {
      emit: (event: string, ...args: unknown[]) =>
        event === 'end' ? fail() : PassThrough.prototype.emit.call(stream, event, ...args),
    });
  },
  'asynchronous _construct() rejects': duplex({ construct: failLater }),
  'asynchronous _read() rejects': duplex({ read: failLater }),
  'asynchronous _final() rejects': duplex({ final: failLater }),
  'asynchronous _destroy() rejects': duplex({ write: fail, destroy: failLater }),
};

describe('a stream of createStream', () => {
  for (const [name, createStream] of Object.entries(FAILING)) {
    const only: MessageTransform = {
      createStream: ({ id }) => (id === 1 ? createStream() : new PassThrough(objectMode)),
    };
    it(`whose ${name} disconnects only its own client`, async () => {
      const relay = createTestRelay({ transforms: [only] });
      const events = recordEvents(relay);
      const a = await join(relay);
      const b = new Member(relay);
      b.send('line\n');
      b.end();
      await events.until('warning ERR_TRANSFORM 1\n');
      await b.ended;
      const c = await join(relay);
      c.send('mark\n');
      await a.until(relayed(2, 'mark'));
    });

    it(`whose ${name} is bypassed`, async () => {
      const relay = createTestRelay({ transforms: [only], onTransformError: 'bypass' });
      const events = recordEvents(relay);
      const a = await join(relay);
      const b = new Member(relay);
      b.send('line\n');
      b.end();
      await events.until('warning ERR_TRANSFORM 1\n');
      await events.until('left 1\n');
      await a.until(relayed(1, 'line'));
    });
  }

  it('can warn with any value', async () => {
    const warning: unknown = Object.create(null);
    const createStream = (): Duplex => {
      const stream = new PassThrough(objectMode);
      setImmediate(() => stream.emit('warning', warning));
      return stream;
    };
    const relay = createTestRelay({ transforms: [{ createStream }] });
    const events = recordEvents(relay);
    const [a, b] = [await join(relay), await join(relay)];
    await events.until('warning ERR_TRANSFORM_WARNING 1\n');
    b.send('hi\n');
    b.end();
    await a.receives(arrivedNotice(1), relayed(1, 'hi'), leftNotice(1));
  });
});
