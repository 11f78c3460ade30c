import { Duplex, duplexPair } from 'node:stream';
import { expect } from 'chai';
import { type ClientHandle, joinRoom, type MiniServError } from '../../lib/index.js';
import { FakeRoom } from '../support/fake-engine.js';
import { fakeEnvironment } from '../support/fake-environment.js';
import { createTestRelay, join, Member, recordEvents } from '../support/room.js';
import { SimulatedTime } from '../support/simulated-time.js';
import { eventually, waitTurns } from '../support/waiting.js';
import { arrivedNotice, joinLines, leftNotice, numberedLines, relayed } from '../support/wire.js';

const outcome = (handle: ClientHandle): Promise<number | string> =>
  handle.id.catch(({ code, message }: MiniServError) => `${code}: ${message}`);

/** A relay of a shared room whose engine takes an hour for a record until `run` is called. */
async function sharedRoom() {
  const time = new SimulatedTime();
  const engine = new FakeRoom(time).open();
  const relay = createTestRelay({ room: await joinRoom({ engine, clock: engine.clock }), graceMs: 20 });
  return { relay, engine, run: () => time.advance(100) };
}

describe('relay.handle(): ClientHandle', () => {
  it('resolves id with the ids 0, 1, 2 in the order of the calls', async () => {
    const relay = createTestRelay();
    const handles = [0, 1, 2].map(() => new Member(relay).handle);
    expect(await Promise.all(handles.map(({ id }) => id))).to.deep.equal([0, 1, 2]);
  });

  it('counts in lagBytes what the client has not read', async () => {
    const relay = createTestRelay();
    const [a, b] = [await join(relay), await join(relay)];
    expect(b.handle.lagBytes).to.equal(0);
    b.pause();
    const lines = numberedLines(2);
    const events = recordEvents(relay);
    a.send(joinLines(lines));
    await events.until(`line 0 ${lines.at(-1)}\n`);
    expect(b.handle.lagBytes).to.be.within(2 ** 20, relayed(0, ...lines).length);
    expect(b.handle.lagBytes).to.equal(relay.stats().lagBytes.get(1));
    b.resume();
    await b.receives(relayed(0, ...lines));
    await eventually('no lag', () => b.handle.lagBytes === 0);
  });

  it('reports no lag when the connection is closed', async () => {
    const relay = createTestRelay();
    const [a, b] = [await join(relay), await join(relay)];
    b.pause();
    b.far.destroy();
    await a.until(leftNotice(1));
    const events = recordEvents(relay);
    a.send('after\n');
    await events.until('line 0 after\n');
    expect(b.handle.lagBytes).to.equal(0);
  });

  describe('close()', () => {
    it('announces the complete lines and the leaving, and delivers what the client is owed', async () => {
      const relay = createTestRelay();
      const [a, b] = [await join(relay), await join(relay)];
      a.send('to b\n');
      await b.until(relayed(0, 'to b'));
      b.send('last words\nno wor');
      await b.handle.close();
      await b.ended;
      expect(b.far.destroyed).to.equal(true);
      await a.receives(arrivedNotice(1), relayed(1, 'last words'), leftNotice(1));
      await b.receives(relayed(0, 'to b'));
      expect(relay.stats().clients).to.equal(1);
    });

    it('waits within graceMs for a client that reads slowly', async () => {
      const relay = createTestRelay({ graceMs: 60_000 });
      const [a, b] = [await join(relay), await join(relay)];
      b.pause();
      const lines = numberedLines(2);
      const events = recordEvents(relay);
      a.send(joinLines(lines));
      await events.until(`line 0 ${lines.at(-1)}\n`);
      const closed = b.handle.close();
      await a.until(leftNotice(1));
      b.resume();
      await closed;
      await b.ended;
      await b.receives(relayed(0, ...lines));
    });

    it('disconnects a client that does not read after graceMs', async () => {
      const environment = fakeEnvironment();
      const relay = createTestRelay({ graceMs: 500, environment });
      const [a, b] = [await join(relay), await join(relay)];
      b.pause();
      a.send(joinLines(numberedLines(2)));
      await a.until(arrivedNotice(1));
      let isClosed = false;
      const closed = b.handle.close().then(() => {
        isClosed = true;
      });
      await a.until(leftNotice(1));
      environment.clock.advance(499);
      await waitTurns();
      expect({ isClosed, destroyed: b.far.destroyed }).to.deep.equal({ isClosed: false, destroyed: false });
      environment.clock.advance(1);
      await closed;
      expect(b.far.destroyed).to.equal(true);
      expect(environment.clock.pending).to.equal(0);
    });

    it('resolves after graceMs for a Duplex that does not emit close', async () => {
      const relay = createTestRelay({ graceMs: 10 });
      const mute = new Duplex({ emitClose: false, read() {}, write() {} });
      const handle = relay.handle(mute);
      await (await join(relay)).handle.id;
      await handle.close();
      expect(mute.destroyed).to.equal(true);
    });

    it('returns the same promise at every call, and resolves when the client has gone already', async () => {
      const relay = createTestRelay();
      const a = await join(relay);
      a.near.destroy();
      a.far.destroy();
      await eventually('the client to be gone', () => relay.stats().clients === 0);
      const closed = a.handle.close();
      expect(a.handle.close()).to.equal(closed);
      await closed;
    });

    it('resolves when the relay closes meanwhile', async () => {
      const relay = createTestRelay({ graceMs: 60_000 });
      const [a, b] = [await join(relay), await join(relay)];
      b.pause();
      a.send(joinLines(numberedLines(2)));
      const closed = b.handle.close();
      await relay.close(0);
      await closed;
    });
  });

  describe('in a shared room', () => {
    it('resolves id when the engine has accepted the arrival', async () => {
      const { relay, run } = await sharedRoom();
      const a = new Member(relay);
      let id: number | undefined;
      void a.handle.id.then((assigned) => {
        id = assigned;
      });
      await waitTurns();
      expect(id).to.equal(undefined);
      expect(a.handle.lagBytes).to.equal(0);
      await run();
      expect(await a.handle.id).to.equal(0);
    });

    it('rejects id when the relay closes first', async () => {
      const { relay } = await sharedRoom();
      const a = new Member(relay);
      await relay.close(0);
      expect(await outcome(a.handle)).to.equal(
        'ERR_STATE: the relay closed before the client was assigned an id',
      );
      expect(a.far.destroyed).to.equal(true);
    });

    it('rejects id when the connection closes first, and the client leaves as soon as it has arrived', async () => {
      const { relay, run } = await sharedRoom();
      const events = recordEvents(relay);
      const [near, far] = duplexPair();
      near.on('error', () => {});
      const handle = relay.handle(far);
      far.destroy(new Error('read ECONNRESET'));
      expect(await outcome(handle)).to.equal(
        'ERR_STATE: the connection closed before the client was assigned an id',
      );
      await run();
      await events.until('left 0');
      expect(relay.stats().clients).to.equal(0);
    });

    it('does not count a connection that is destroyed without an event before it has an id', async () => {
      const { relay, run } = await sharedRoom();
      const events = recordEvents(relay);
      const mute = new Duplex({ emitClose: false, read() {}, write() {} });
      const handle = relay.handle(mute);
      mute.destroy();
      expect(await outcome(handle)).to.equal(
        'ERR_STATE: the connection closed before the client was assigned an id',
      );
      expect(relay.stats().clients).to.equal(0);
      await run();
      await events.until('left 0\n');
      expect(relay.stats().clients).to.equal(0);
    });

    it('disconnects a client at once when it is called before an id is assigned', async () => {
      const { relay } = await sharedRoom();
      const a = new Member(relay);
      await a.handle.close();
      expect(a.far.destroyed).to.equal(true);
      expect(await outcome(a.handle)).to.equal(
        'ERR_STATE: the handle was closed before the client was assigned an id',
      );
    });

    it('causes no unhandled rejection when id is not used', async () => {
      const { relay } = await sharedRoom();
      let unhandled = 0;
      const count = (): void => void unhandled++;
      process.on('unhandledRejection', count);
      new Member(relay);
      await relay.close(0);
      await waitTurns();
      process.off('unhandledRejection', count);
      expect(unhandled).to.equal(0);
    });
  });
});
