import { getEventListeners, once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join as path } from 'node:path';
import { Writable } from 'node:stream';
import { finished, pipeline } from 'node:stream/promises';
import { inspect } from 'node:util';
import { expect } from 'chai';
import type { MiniServError, ReadStreamOptions, Relay } from '../../lib/index.js';
import { recordsOf } from '../support/audit.js';
import { addCleanup } from '../support/cleanup.js';
import { fakeEnvironment, systemError } from '../support/fake-environment.js';
import { Inbox } from '../support/inbox.js';
import { createTestRelay, join, type Member, recordEvents } from '../support/room.js';
import { eventually } from '../support/waiting.js';
import { arrivedNotice, joinLines, leftNotice, numberedLines, relayed } from '../support/wire.js';

/** A destination that keeps what it is given. */
function collector(): { sink: Writable; inbox: Inbox } {
  const inbox = new Inbox();
  const sink = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      inbox.push(chunk);
      done();
    },
  });
  return { sink, inbox };
}

/** A destination that stalls after one chunk. */
function stalled(): Writable {
  return new Writable({ write() {} });
}

/** Sends these lines and waits until they are in the log. */
async function send(relay: Relay, member: Member, lines: string[]): Promise<void> {
  const events = recordEvents(relay);
  member.send(joinLines(lines));
  await events.until(`line ${member.id} ${lines.at(-1)}\n`);
}

/** More than the buffers between the log and a stalled consumer hold. */
const LINES = numberedLines(4);
const SMALL_SEGMENTS = { segmentBytes: 64 * 1024 };

const logBytes = (relay: Relay): number => relay.stats().memoryBytes + relay.stats().diskBytes;
const outputs = (relay: Relay): number => relay.stats().outputLagBytes.length;

describe('relay.createReadStream()', () => {
  it('delivers every message from its creation on, byte for byte', async () => {
    const relay = createTestRelay();
    const a = await join(relay);
    const { sink, inbox } = collector();
    relay.createReadStream().pipe(sink);
    a.send(Buffer.from([0xff, 0x0d, 0x0a]));
    const b = await join(relay);
    b.end();
    await inbox.exactly(
      Buffer.concat([
        Buffer.from('client 0: '),
        Buffer.from([0xff, 0x0d, 0x0a]),
        Buffer.from(arrivedNotice(1) + leftNotice(1)),
      ]),
    );
  });

  it('creates a stream with its own beginning at each call', async () => {
    const relay = createTestRelay();
    const a = await join(relay);
    const [one, two] = [collector(), collector()];
    relay.createReadStream().pipe(one.sink);
    await send(relay, a, ['first']);
    relay.createReadStream().pipe(two.sink);
    a.send('second\n');
    await one.inbox.exactly(Buffer.from(relayed(0, 'first', 'second')));
    await two.inbox.exactly(Buffer.from(relayed(0, 'second')));
  });

  it('delays neither clients nor other streams when its destination stalls', async () => {
    const relay = createTestRelay();
    const { sink, inbox } = collector();
    relay.createReadStream().pipe(stalled());
    relay.createReadStream().pipe(sink);
    const [a, b] = [await join(relay), await join(relay)];
    a.send(joinLines(LINES));
    await b.receives(relayed(0, ...LINES));
    await inbox.exactly(Buffer.from(arrivedNotice(0) + arrivedNotice(1) + relayed(0, ...LINES)));
  });

  it('buffers at most about a megabyte while it is not read', async () => {
    const relay = createTestRelay();
    const stream = relay.createReadStream();
    await send(relay, await join(relay), LINES);
    expect(stream.readableHighWaterMark).to.equal(2 ** 20);
    expect(stream.readableLength).to.be.within(2 ** 20, 2 * 2 ** 20);
  });

  it('can be read with for await until the relay closes', async () => {
    const relay = createTestRelay();
    const stream = relay.createReadStream();
    const a = await join(relay);
    const text = (async () => {
      const chunks: Buffer[] = [];
      for await (const chunk of stream) chunks.push(chunk as Buffer);
      return Buffer.concat(chunks).toString();
    })();
    await send(relay, a, LINES);
    await relay.close();
    expect((await text) === arrivedNotice(0) + relayed(0, ...LINES)).to.equal(true);
  });

  it('has written a complete file by pipeline() when the relay is closed', async () => {
    const relay = createTestRelay();
    const dir = await mkdtemp(path(tmpdir(), 'mini-serv-spec-'));
    addCleanup(() => rm(dir, { recursive: true }));
    const file = path(dir, 'audit.log');
    const written = pipeline(relay.createReadStream(), createWriteStream(file));
    await send(relay, await join(relay), LINES);
    await relay.close();
    await written;
    expect((await readFile(file, 'utf8')) === arrivedNotice(0) + relayed(0, ...LINES)).to.equal(true);
  });

  it('ends at once when it is created after the relay closed', async () => {
    const relay = createTestRelay();
    await relay.close();
    const chunks: unknown[] = [];
    for await (const chunk of relay.createReadStream()) chunks.push(chunk);
    expect(chunks).to.deep.equal([]);
  });

  it('begins with a whole message when it is created while a long line is delivered', async () => {
    const relay = createTestRelay();
    const a = await join(relay);
    const { sink, inbox } = collector();
    const first = relay.createReadStream().resume();
    await send(relay, a, ['first']);
    first.once('data', () => relay.createReadStream().pipe(sink));
    await send(relay, a, ['x'.repeat(3 * 2 ** 20), 'next']);
    await inbox.until(relayed(0, 'next'));
    expect(inbox.text).to.match(/^client 0: /);
  });

  it('reports in stats() how far each stream lags', async () => {
    const relay = createTestRelay();
    const a = await join(relay);
    const stream = relay.createReadStream();
    await send(relay, a, LINES);
    const [lag = 0] = relay.stats().outputLagBytes;
    expect(lag).to.be.within(2 ** 21, relayed(0, ...LINES).length);
    stream.destroy();
    expect(relay.stats().outputLagBytes).to.deep.equal([]);
  });

  it('creates no stream when a relay is inspected', () => {
    const relay = createTestRelay();
    inspect(relay, { depth: null, getters: true, showHidden: true });
    for (let object: object = relay; object !== Object.prototype; object = Object.getPrototypeOf(object)) {
      for (const name of Object.getOwnPropertyNames(object)) void relay[name as keyof Relay];
    }
    expect(outputs(relay)).to.equal(0);
  });

  describe('formats', () => {
    async function read(options: ReadStreamOptions, lines: string[]): Promise<string> {
      const relay = createTestRelay();
      const { sink, inbox } = collector();
      const done = pipeline(relay.createReadStream(options), sink);
      await send(relay, await join(relay), lines);
      await relay.close();
      await done;
      return inbox.text;
    }

    it('writes a time and visible control characters as text', async () => {
      const stamp = String.raw`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z`;
      expect(await read({ format: 'text' }, ['hello', '\x1b[2J'])).to.match(
        new RegExp(
          `^${stamp} server: client 0 just arrived\n` +
            `${stamp} client 0: hello\n` +
            String.raw`${stamp} client 0: \\x1b\[2J` +
            '\n$',
        ),
      );
    });

    it('writes one record per message as json, and a last one when the relay closes', async () => {
      const records = recordsOf(Buffer.from(await read({ format: 'json' }, ['hello'])));
      expect(records.map(({ seq, event }) => `${seq} ${event}`)).to.deep.equal([
        '0 arrived',
        '1 line',
        '2 closed',
      ]);
    });

    it('delivers lines that are longer than all its buffers as json', async () => {
      const lines = ['x'.repeat(3 * 2 ** 20), 'short', 'y'.repeat(2 ** 20)];
      const records = recordsOf(Buffer.from(await read({ format: 'json' }, lines)));
      expect(records.map(({ text }) => text?.length)).to.deep.equal([
        undefined,
        ...lines.map(({ length }) => length),
        undefined,
      ]);
    });

    it('keeps the order of a long record whose consumer reads inside a data listener', async () => {
      const relay = createTestRelay();
      const stream = relay.createReadStream({ format: 'json' });
      let text = '';
      stream.on('data', (chunk: Buffer) => {
        text += chunk;
        stream.read();
      });
      const line = Array.from({ length: 40_000 }, (_, i) => i).join(' ');
      await send(relay, await join(relay), [line, 'end']);
      await relay.close();
      expect(recordsOf(Buffer.from(text)).map(({ text }) => text === line || text)).to.deep.equal([
        undefined,
        true,
        'end',
        undefined,
      ]);
    });

    it('stops in the middle of a long record when it is destroyed', async () => {
      const relay = createTestRelay();
      const stream = relay.createReadStream({ format: 'json' });
      const a = await join(relay);
      stream.once('data', () => stream.destroy());
      await send(relay, a, ['x'.repeat(2 ** 20), 'end']);
      expect(outputs(relay)).to.equal(0);
      await relay.close();
    });
  });

  describe('releases the log', () => {
    const ways: Record<string, (relay: Relay) => Promise<unknown>> = {
      'when the stream is destroyed': async (relay) => relay.createReadStream().destroy(),
      'when a piped stream is destroyed': async (relay) => {
        const stream = relay.createReadStream();
        stream.pipe(stalled());
        stream.destroy();
      },
      'when a for await loop is left': async (relay) => {
        for await (const chunk of relay.createReadStream()) if (chunk !== undefined) break;
      },
      'when the signal is aborted': async (relay) => {
        const controller = new AbortController();
        const stream = relay.createReadStream({ signal: controller.signal });
        const error = once(stream, 'error');
        controller.abort();
        expect(String(await error)).to.include('AbortError');
      },
      'when the destination of a pipeline() is destroyed': async (relay) => {
        const sink = stalled();
        const piped = pipeline(relay.createReadStream(), sink).catch(() => {});
        sink.destroy();
        await piped;
      },
      'when the destination of a pipeline() fails': async (relay) => {
        const sink = new Writable({ write: (_chunk, _encoding, done) => done(new Error('ENOSPC')) });
        await pipeline(relay.createReadStream(), sink).catch(() => {});
      },
    };
    for (const [way, leave] of Object.entries(ways)) {
      it(way, async () => {
        const relay = createTestRelay(SMALL_SEGMENTS);
        const a = await join(relay);
        const leaving = leave(relay);
        await send(relay, a, LINES);
        await leaving;
        expect(outputs(relay)).to.equal(0);
        await send(relay, a, LINES);
        await eventually('the log to be released', () => logBytes(relay) <= 4 * SMALL_SEGMENTS.segmentBytes);
      });
    }

    it('not while the stream is open and not read', async () => {
      const relay = createTestRelay(SMALL_SEGMENTS);
      relay.createReadStream();
      await send(relay, await join(relay), LINES);
      expect(logBytes(relay)).to.be.above(2 ** 21);
    });
  });

  it('keeps what it has not delivered when its pipe() destination closes, and can be piped again', async () => {
    const relay = createTestRelay();
    const stream = relay.createReadStream();
    const [one, two] = [collector(), collector()];
    const a = await join(relay);
    stream.pipe(one.sink);
    await one.inbox.until(arrivedNotice(0));
    one.sink.destroy();
    await finished(one.sink).catch(() => {});
    await send(relay, a, ['between']);
    expect(stream.destroyed).to.equal(false);
    stream.pipe(two.sink);
    a.send('after\n');
    await two.inbox.exactly(Buffer.from(relayed(0, 'between', 'after')));
  });

  describe('with a signal', () => {
    it('is destroyed with an AbortError when the signal is aborted already', async () => {
      const relay = createTestRelay();
      const stream = relay.createReadStream({ signal: AbortSignal.abort() });
      expect(await finished(stream).catch((error) => error.name)).to.equal('AbortError');
      expect(outputs(relay)).to.equal(0);
    });

    it('leaves no listener on the signal when it has ended', async () => {
      const { signal } = new AbortController();
      const relay = createTestRelay();
      const stream = relay.createReadStream({ signal });
      stream.resume();
      await relay.close();
      expect(stream.readableEnded).to.equal(true);
      expect(getEventListeners(signal, 'abort')).to.have.length(0);
    });
  });

  for (const listens of [true, false]) {
    it(`is destroyed ${listens ? 'with the error' : 'silently'} when spilled messages cannot be read back, ${listens ? 'with' : 'without'} an error listener`, async () => {
      const environment = fakeEnvironment();
      const relay = createTestRelay({ ...SMALL_SEGMENTS, memoryBytes: 0, environment });
      const warnings: string[] = [];
      relay.on('warning', ({ code }) => warnings.push(code));
      const stream = relay.createReadStream();
      const errors: unknown[] = [];
      if (listens) stream.on('error', (error: NodeJS.ErrnoException) => errors.push(error.code));
      const a = await join(relay);
      let isSent = false;
      void send(relay, a, LINES).then(() => {
        isSent = true;
      });
      // Senders wait for the stream until it counts as stalled.
      await eventually('all lines to be in the log', () => {
        environment.clock.advance(1000);
        return isSent;
      });
      await eventually('spilled segments', () => relay.stats().diskBytes > 2 ** 20);
      environment.fs.readErrors = Array.from({ length: 10_000 }, () => systemError('EIO'));
      stream.resume();
      await eventually('the stream to be destroyed', () => {
        environment.clock.advance(1000);
        return stream.destroyed;
      });
      await new Promise((resolve) => setImmediate(resolve));
      expect(errors).to.deep.equal(listens ? ['ERR_SPILL_READ'] : []);
      expect(warnings).to.deep.equal(['ERR_SPILL_READ']);
    });
  }

  const invalid: [options: unknown, message: string][] = [
    [{ format: 'xml' }, "format: expected 'wire', 'text' or 'json', got 'xml'"],
    [{ format: null }, "format: expected 'wire', 'text' or 'json', got null"],
    [{ signal: 'now' }, "signal: expected an AbortSignal, got 'now'"],
    [{ signal: null }, 'signal: expected an AbortSignal, got null'],
    [{ start: 0 }, 'start: unknown option; expected one of format, signal'],
    [null, 'options: expected an object, got null'],
    ['json', "options: expected an object, got 'json'"],
  ];
  for (const [options, message] of invalid) {
    it(`throws ERR_OPTION and creates no stream for ${inspect(options)}`, () => {
      const relay = createTestRelay();
      let error: unknown;
      try {
        relay.createReadStream(options as ReadStreamOptions);
      } catch (thrown) {
        error = thrown;
      }
      expect({ ...(error as MiniServError), message: (error as Error).message }).to.include({
        code: 'ERR_OPTION',
        message,
      });
      expect(outputs(relay)).to.equal(0);
    });
  }
});
