import { expect } from 'chai';
import type { ClientStats } from '../../lib/relay/stats.js';
import { retryDelayMs } from '../../web/feed/backoff.js';
import { encodeLines, type Outgoing } from '../../web/join/outgoing.js';
import { sortClients } from '../../web/people/order.js';
import { describeRoom } from '../../web/people/whole-room.js';
import { Announcer } from '../../web/room/announcer.js';
import { COLOURS, colourOf } from '../../web/room/colour.js';

const textOf = (outgoing: unknown): string => Buffer.concat([...(outgoing as Outgoing).messages]).toString();

describe('encodeLines', () => {
  it('ends each line of the input with a newline', () => {
    expect(textOf(encodeLines('hé', 100))).to.equal('hé\n');
    expect(textOf(encodeLines('a\r\nb\rc\n\nd\n', 100))).to.equal('a\nb\nc\n\nd\n');
    expect(encodeLines('a\n\nb', 100)).to.include({ lines: 3 });
  });

  it('makes messages that are not longer than the longest line', () => {
    const input = Array.from({ length: 500 }, (_, i) => 'x'.repeat(i % 11)).join('\n');
    const outgoing = encodeLines(input, 10) as Outgoing;
    expect(Math.max(...outgoing.messages.map(({ length }) => length))).to.be.at.most(11);
    expect(textOf(outgoing)).to.equal(`${input}\n`);
  });

  it('sends short lines together', () => {
    expect((encodeLines('x\n'.repeat(10_000), 1e9) as Outgoing).messages.length).to.equal(1);
  });

  it('rejects an input with a line that is too long in bytes', () => {
    expect(encodeLines('abc\néé\n', 3)).to.deep.equal({ line: 2, bytes: 4 });
  });
});

describe('the table of clients', () => {
  const client = (id: number, lagBytes: number): ClientStats => ({
    id,
    lagBytes,
    joinedAt: 0,
    lines: 0,
    bytes: 0,
    state: 'active',
    hasLeft: false,
  });

  it('is sorted by id, or by lag and then by id', () => {
    const clients = [client(3, 5), client(1, 0), client(2, 5)];
    expect(sortClients(clients, 'id').map(({ id }) => id)).to.deep.equal([1, 2, 3]);
    expect(sortClients(clients, 'lag').map(({ id }) => id)).to.deep.equal([2, 3, 1]);
  });

  it('gives clients that arrive one after another different colours', () => {
    expect(new Set(Array.from({ length: COLOURS }, (_, id) => colourOf(id))).size).to.equal(COLOURS);
    expect(colourOf(2 ** 40)).to.match(/^colour-\d+$/);
  });

  it('is followed by the clients of other relays', () => {
    expect(describeRoom(null)).to.equal('');
    expect(describeRoom({ count: 1, others: [] })).to.equal(
      'The whole room has 1 client. All of them are connected to this relay.',
    );
    expect(describeRoom({ count: 5, others: [3, 4] })).to.equal(
      'The whole room has 5 clients. On other relays: 3, 4.',
    );
    const others = Array.from({ length: 1000 }, (_, id) => id);
    expect(describeRoom({ count: 1001, others })).to.match(/ 198, 199 and 800 more\.$/);
  });
});

describe('the live region', () => {
  it('reads out a few lines, and announces the number of many', () => {
    const announcer = new Announcer();
    expect(announcer.take()).to.equal('');
    announcer.add(2, ['a', 'b']);
    announcer.add(1, ['c']);
    expect(announcer.take()).to.equal('a\nb\nc');
    announcer.add(2, ['a', 'b']);
    announcer.add(10, []);
    expect(announcer.take()).to.equal('12 new lines');
    expect(announcer.take()).to.equal('');
  });
});

describe('retryDelayMs', () => {
  it('grows to ten seconds', () => {
    expect([1, 2, 3, 4, 5, 6, 1000].map(retryDelayMs)).to.deep.equal([
      500, 1000, 2000, 4000, 8000, 10_000, 10_000,
    ]);
  });
});
