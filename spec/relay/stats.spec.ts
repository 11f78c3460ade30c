import { expect } from 'chai';
import type { ClientStats, Relay } from '../../lib/index.js';
import { createSmallRelay, createTestRelay, join } from '../support/room.js';
import { eventually } from '../support/waiting.js';
import { arrivedNotice, leftNotice, relayed } from '../support/wire.js';

function statsOf(relay: Relay, id: number): ClientStats {
  const found = relay.clientStats().find((client) => client.id === id);
  if (found === undefined) throw new Error(`client ${id} is not listed`);
  return found;
}

describe('Relay.stats()', () => {
  it('counts lines and bytes that came in, and messages for each recipient', async () => {
    const relay = createTestRelay();
    const a = await join(relay);
    const b = await join(relay);
    const c = await join(relay);
    a.send('hello\n\nno newline');
    await b.until(relayed(0, 'hello') + relayed(0, ''));
    const before = relay.stats();
    expect(before).to.include({ linesIn: 2, bytesIn: 'hello\n\n'.length });
    // Client 0 was notified of 1 and 2, client 1 of 2; the lines are for both.
    const arrivals = arrivedNotice(1).length + 2 * arrivedNotice(2).length;
    const lines = relayed(0, 'hello').length + relayed(0, '').length;
    expect(before).to.include({ linesOut: 3 + 2 * 2, bytesOut: arrivals + 2 * lines });
    expect(before).to.include({ messages: 3 + 2, messageBytes: 3 * arrivedNotice(0).length + lines });
    c.end();
    await a.until(leftNotice(2));
    // The client that left is still connected here; its notice and what follows is not for it.
    a.send(', more\n');
    await b.until(relayed(0, 'no newline, more'));
    const { linesOut, bytesOut } = relay.stats();
    expect(linesOut - before.linesOut).to.equal(3);
    expect(bytesOut - before.bytesOut).to.equal(
      2 * leftNotice(2).length + relayed(0, 'no newline, more').length,
    );
  });

  it('counts a block of 100,000 lines exactly, whatever their lengths', async () => {
    const relay = createTestRelay();
    const a = await join(relay);
    await join(relay);
    const text = Array.from({ length: 100_000 }, (_, i) => `${'x'.repeat(i % 40)}\n`).join('');
    a.send(text);
    await eventually('all lines', () => relay.stats().bytesIn === text.length);
    expect(relay.stats()).to.include({ linesIn: 100_000, messages: 100_002, linesOut: 100_001 });
    expect(statsOf(relay, 0)).to.include({ lines: 100_000, bytes: text.length });
  });

  it('counts what transforms have passed, and the failures of transforms', async () => {
    const relay = createTestRelay({
      onTransformError: 'bypass',
      transforms: [
        (message) => {
          if (message.kind !== 'line') return message;
          if (message.text === 'fail') throw new Error('failed');
          return message.text === 'twice' ? [message, message] : null;
        },
      ],
    });
    const a = await join(relay);
    const b = await join(relay);
    a.send('dropped\ntwice\n');
    await b.until(relayed(0, 'twice'));
    expect(relay.stats()).to.include({ linesIn: 2, bytesIn: 12, transformErrors: 0 });
    a.send('fail\n');
    await b.until(relayed(0, 'fail'));
    expect(relay.stats().transformErrors).to.equal(1);
  });

  it('has the state of the engine, local for a room without one', () => {
    expect(createTestRelay().stats().engine).to.equal('local');
  });
});

describe('Relay.clientStats()', () => {
  it('lists the clients that have joined, with their lines, and forgets those that are closed', async () => {
    const start = Date.now();
    const relay = createTestRelay();
    expect(relay.clientStats()).to.deep.equal([]);
    const a = await join(relay);
    const b = await join(relay);
    b.send('one\ntwo\n');
    await a.until(relayed(1, 'two'));
    expect(relay.clientStats().map(({ id }) => id)).to.deep.equal([0, 1]);
    const { joinedAt, ...rest } = statsOf(relay, 1);
    expect(rest).to.deep.equal({ id: 1, lines: 2, bytes: 8, lagBytes: 0, state: 'active', hasLeft: false });
    expect(joinedAt).to.be.within(start, Date.now());
    b.far.destroy();
    await a.until(leftNotice(1));
    await eventually('one client', () => relay.clientStats().length === 1);
  });

  it('shows a client that stops reading as slow and then as stalled, with its lag', async () => {
    const { relay, environment } = createSmallRelay();
    const a = await join(relay);
    const b = await join(relay);
    b.pause();
    a.send(`${'x'.repeat(100_000)}\n`);
    await eventually('a lag', () => statsOf(relay, 1).lagBytes > 0);
    for (const state of ['slow', 'stalled']) {
      await eventually(`a client that is ${state}`, () => {
        environment.clock.advance(100);
        return statsOf(relay, 1).state === state;
      });
    }
    expect(statsOf(relay, 0)).to.include({ state: 'active', lagBytes: 0 });
    b.end();
    await a.until(leftNotice(1));
    expect(statsOf(relay, 1)).to.include({ state: 'stalled', hasLeft: true });
  });
});

describe('Relay.clientIds()', () => {
  it('has the clients that receive the room, until they leave', async () => {
    const relay = createTestRelay();
    const a = await join(relay);
    const b = await join(relay);
    expect(relay.clientIds()).to.deep.equal([0, 1]);
    b.end();
    await a.until(leftNotice(1));
    expect(relay.clientIds()).to.deep.equal([0]);
  });

  it('is empty when the relay has closed', async () => {
    const relay = createTestRelay();
    await join(relay);
    await relay.close();
    expect(relay.clientIds()).to.deep.equal([]);
  });
});
