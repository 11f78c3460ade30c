import { createWriteStream } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join as path } from 'node:path';
import { PassThrough, Writable } from 'node:stream';
import { finished, pipeline } from 'node:stream/promises';
import { expect } from 'chai';
import type { Relay } from '../../lib/index.js';
import { afterwards } from '../support/cleanup.js';
import { Inbox } from '../support/inbox.js';
import { diary, join, type Member, room } from '../support/room.js';
import { eventually } from '../support/waiting.js';
import { arrived, bulk, left, packet, said } from '../support/wire.js';
import { fakeWorld, systemError } from '../support/world.js';

/** A destination that keeps what it is given, as fast as it can. */
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

/** A destination that takes one piece and no more. */
function stuck(): Writable {
  return new Writable({ write() {} });
}

/** Waits until all these lines have been said. */
async function say(relay: Relay, member: Member, lines: string[]): Promise<void> {
  const events = diary(relay);
  member.send(packet(lines));
  await events.until(`line ${member.id} ${lines.at(-1)}\n`);
}

/** More than any buffer on the way can hold. */
const MUCH = bulk(8);
/** Little memory, so that what is kept for somebody shows as segments. */
const SMALL = { segmentBytes: 64 * 1024 };

async function folder(): Promise<string> {
  const dir = await mkdtemp(path(tmpdir(), 'mini-serv-spec-'));
  afterwards(() => rm(dir, { recursive: true }));
  return dir;
}

const kept = (relay: Relay): number => relay.stats().memoryBytes + relay.stats().diskBytes;
const released = (relay: Relay): Promise<void> =>
  eventually('the log to be released', () => kept(relay) <= 4 * SMALL.segmentBytes);

describe('output', () => {
  it('is all that is said in the room, from its making on, as it stands on the wire', async () => {
    const relay = room();
    const a = await join(relay);
    const { sink, inbox } = collector();
    relay.output.pipe(sink);
    a.send(Buffer.from([0xff, 0x0d, 0x0a]));
    const b = await join(relay);
    b.end();
    await inbox.exactly(
      Buffer.concat([
        Buffer.from('client 0: '),
        Buffer.from([0xff, 0x0d, 0x0a]),
        Buffer.from(arrived(1) + left(1)),
      ]),
    );
  });

  it('is a new one each time, and each has its own beginning', async () => {
    const relay = room();
    const a = await join(relay);
    const [one, two] = [collector(), collector()];
    relay.output.pipe(one.sink);
    await say(relay, a, ['first']);
    relay.output.pipe(two.sink);
    a.send('second\n');
    await one.inbox.exactly(Buffer.from(said(0, 'first', 'second')));
    await two.inbox.exactly(Buffer.from(said(0, 'second')));
  });

  it('that is piped to what is slow holds up neither another nor the room', async () => {
    const relay = room();
    const { sink, inbox } = collector();
    const { output } = relay;
    output.pipe(stuck());
    // The same object once more: it is a reader of its own.
    output.pipe(sink);
    relay.output.pipe(stuck());
    const [a, b] = [await join(relay), await join(relay)];
    await inbox.until(arrived(1));
    a.send(packet(MUCH));
    await b.hears(said(0, ...MUCH));
    await inbox.exactly(Buffer.from(arrived(0) + arrived(1) + said(0, ...MUCH)));
  });

  it('that nobody reads does not stop the room, with one client in it or more', async () => {
    const relay = room();
    const { output } = relay;
    const a = await join(relay);
    await say(relay, a, MUCH);
    const b = await join(relay);
    a.send(packet(MUCH));
    await b.hears(said(0, ...MUCH));
    expect(output.readableLength).to.be.below(2 * 2 ** 20);
  });

  it('can be read with for await, to the end that the relay makes', async () => {
    const relay = room();
    const { output } = relay;
    const a = await join(relay);
    const whole = (async () => {
      const chunks: Buffer[] = [];
      for await (const chunk of output) chunks.push(chunk as Buffer);
      return Buffer.concat(chunks).toString();
    })();
    await say(relay, a, MUCH);
    await relay.close();
    expect((await whole) === arrived(0) + said(0, ...MUCH)).to.equal(true);
  });

  it('can be pipelined into a file, which is complete when the relay is closed', async () => {
    const relay = room();
    const file = path(await folder(), 'audit.log');
    const written = pipeline(relay.output, createWriteStream(file));
    const a = await join(relay);
    await say(relay, a, MUCH);
    await relay.close();
    await written;
    expect((await readFile(file, 'utf8')) === arrived(0) + said(0, ...MUCH)).to.equal(true);
  });

  it('ends at once when the relay is closed already', async () => {
    const relay = room();
    await relay.close();
    const chunks: unknown[] = [];
    for await (const chunk of relay.output) chunks.push(chunk);
    expect(chunks).to.deep.equal([]);
  });

  describe('gives the log back', () => {
    const ways: Record<string, (relay: Relay) => Promise<void>> = {
      'when it is destroyed': async ({ output }) => void output.destroy(),
      'when it is destroyed while it is piped': async ({ output }) => {
        output.pipe(stuck());
        output.pipe(stuck());
        output.destroy();
      },
      'when a for await is left': async (relay) => {
        for await (const chunk of relay.output) if (chunk !== undefined) break;
      },
      'when what it is piped to is destroyed': async ({ output }) => {
        const sink = output.pipe(stuck());
        sink.destroy();
        await finished(sink).catch(() => {});
      },
      'when what it is piped to fails': async ({ output }) => {
        const sink = output.pipe(
          new Writable({ write: (_chunk, _encoding, done) => done(new Error('ENOSPC')) }),
        );
        await finished(sink).catch(() => {});
      },
      'when what it is piped to is ended': async ({ output }) => {
        const sink = output.pipe(new PassThrough());
        sink.end();
        sink.resume();
        await finished(sink).catch(() => {});
      },
      'when the second that it is piped to is destroyed': async ({ output }) => {
        output.resume();
        output.pipe(collector().sink);
        const sink = output.pipe(stuck());
        sink.destroy();
        await finished(sink).catch(() => {});
      },
      'when it is unpiped from the second': async ({ output }) => {
        output.pipe(collector().sink);
        output.unpipe(output.pipe(stuck()));
      },
    };
    for (const [way, leave] of Object.entries(ways)) {
      it(way, async () => {
        const relay = room(SMALL);
        const a = await join(relay);
        const leaving = leave(relay);
        await say(relay, a, MUCH);
        await leaving;
        await say(relay, a, MUCH);
        await released(relay);
      });
    }

    it('and not before', async () => {
      const relay = room(SMALL);
      const { output } = relay;
      await say(relay, await join(relay), MUCH);
      expect(kept(relay)).to.be.above(6 * 2 ** 20);
      output.destroy();
      await released(relay);
    });
  });

  it('that is unpiped can be piped to another destination, and nothing is missing between', async () => {
    const relay = room();
    const { output } = relay;
    const [one, two] = [collector(), collector()];
    const a = await join(relay);
    output.pipe(one.sink);
    a.send('first\n');
    await one.inbox.until(said(0, 'first'));
    output.unpipe(one.sink);
    one.sink.end();
    await finished(one.sink);
    await say(relay, a, ['between']);
    output.pipe(two.sink);
    a.send('after\n');
    await two.inbox.exactly(Buffer.from(said(0, 'between', 'after')));
    expect(one.inbox.text).to.equal(arrived(0) + said(0, 'first'));
  });

  it('is told of in stats() as far as it lags', async () => {
    const relay = room();
    const a = await join(relay);
    const { output } = relay;
    await say(relay, a, MUCH);
    const [lag = 0] = relay.stats().outputLagBytes;
    expect(lag).to.be.within(4 * 2 ** 20, said(0, ...MUCH).length);
    output.destroy();
    expect(relay.stats().outputLagBytes).to.deep.equal([]);
  });

  it('takes a megabyte ahead of who reads it', () => {
    expect(room().output.readableHighWaterMark).to.equal(2 ** 20);
  });

  describe('piped to two', () => {
    async function two() {
      const relay = room();
      const { output } = relay;
      const [one, other] = [collector(), collector()];
      const a = await join(relay);
      output.pipe(one.sink);
      output.pipe(other.sink);
      a.send('first\n');
      await Promise.all([one, other].map(({ inbox }) => inbox.until(said(0, 'first'))));
      const readers = (): number => relay.stats().outputLagBytes.length;
      expect(readers()).to.equal(2);
      return { relay, output, one, other, a, readers };
    }

    it('goes on to the first when it is unpiped from the second', async () => {
      const { output, one, other, a, readers } = await two();
      output.unpipe(other.sink);
      await eventually('one reader', () => readers() === 1);
      a.send('second\n');
      await one.inbox.until(said(0, 'second'));
      expect(other.inbox.text).to.not.include('second');
      one.sink.destroy();
      await eventually('the end of it', () => output.destroyed);
    });

    it('goes on to the second when it is unpiped from the first, and keeps the log for whoever is next', async () => {
      const { output, one, other, a, readers } = await two();
      output.unpipe(one.sink);
      a.send('second\n');
      await other.inbox.until(said(0, 'second'));
      expect(readers()).to.equal(2);
      expect(one.inbox.text).to.not.include('second');
      one.sink.destroy();
      await finished(one.sink).catch(() => {});
      expect(output.destroyed).to.equal(false);
    });

    it('goes on to nobody when it is unpiped from all', async () => {
      const { relay, output, one, other, a, readers } = await two();
      output.unpipe();
      await eventually('one reader', () => readers() === 1);
      await say(relay, a, ['second']);
      expect(one.inbox.text + other.inbox.text).to.not.include('second');
      output.unpipe();
      expect(output.destroyed).to.equal(false);
      const third = collector();
      output.pipe(third.sink);
      await third.inbox.until(said(0, 'second'));
    });

    it('can be piped to the second again when that reader is gone', async () => {
      const { output, other, a, readers } = await two();
      output.unpipe(other.sink);
      await eventually('one reader', () => readers() === 1);
      output.pipe(other.sink);
      a.send('again\n');
      await other.inbox.until(said(0, 'again'));
      output.destroy();
      await eventually('no reader', () => readers() === 0);
    });
  });

  for (const listens of [true, false]) {
    it(`fails where what it is owed cannot be read back, ${listens ? 'and says so' : 'with nobody to be told'}`, async () => {
      const world = fakeWorld();
      const relay = room({ ...SMALL, memoryBytes: 0, environment: world });
      const warnings: string[] = [];
      relay.on('warning', ({ code }) => warnings.push(code));
      const { output } = relay;
      const errors: unknown[] = [];
      if (listens) output.on('error', (error: NodeJS.ErrnoException) => errors.push(error.code));
      const a = await join(relay);
      let all = false;
      void say(relay, a, MUCH).then(() => {
        all = true;
      });
      // Senders wait for a reader until it has stopped.
      await eventually('all to be said', () => {
        world.clock.advance(1000);
        return all;
      });
      await eventually('a past on disk', () => relay.stats().diskBytes > 2 ** 20);
      world.fs.readErrors = Array.from({ length: 10_000 }, () => systemError('EIO'));
      output.resume();
      await eventually('its end', () => {
        world.clock.advance(1000);
        return output.destroyed;
      });
      await new Promise((resolve) => setImmediate(resolve));
      expect(errors).to.deep.equal(listens ? ['ERR_SPILL_READ'] : []);
      expect(warnings).to.deep.equal(['ERR_SPILL_READ']);
    });
  }

  for (const event of ['data', 'readable', 'neither'] as const) {
    const stays = event !== 'neither';
    it(`is ${stays ? 'not ' : ''}destroyed when what it is piped to closes, with a listener to ${event}`, async () => {
      const { output } = room();
      const { sink } = collector();
      output.pipe(sink);
      if (stays) output.on(event, () => {});
      sink.destroy();
      await finished(sink).catch(() => {});
      await new Promise((resolve) => setImmediate(resolve));
      expect(output.destroyed).to.equal(stays === false);
    });
  }
});
