import { expect } from 'chai';
import { createFilter } from '../../web/room/filter.js';
import { Incoming } from '../../web/room/incoming.js';
import type { Entry } from '../../web/room/pending.js';

const bytesOf = (text: string): Uint8Array => new Uint8Array(Buffer.from(text));
const numbered = (from: number, to: number): string =>
  Array.from({ length: to - from }, (_, i) => `client 0: ${from + i}\n`).join('');

function textOf({ content }: Entry): string {
  return typeof content === 'string' ? content : Buffer.from(content.bytes).toString();
}

/** The sum of all lines that the entries and the gaps stand for. */
function countOf(entries: readonly Entry[]): number {
  return entries.reduce(
    (sum, { content, leftOut, unmatched }) =>
      sum + leftOut + unmatched + (typeof content === 'string' ? 0 : 1),
    0,
  );
}

describe('Incoming', () => {
  it('passes all lines on in their order', () => {
    const incoming = new Incoming();
    incoming.receive(bytesOf(numbered(0, 10)));
    expect(incoming.pending.lines).to.equal(10);
    const entries = [...incoming.pending.take(4), ...incoming.pending.take(100)];
    expect(entries.map(textOf)).to.deep.equal(numbered(0, 10).trimEnd().split('\n'));
    expect(countOf(entries)).to.equal(10);
    expect(incoming.pending.lines).to.equal(0);
  });

  it('leaves out the oldest of too many lines, and counts them exactly', () => {
    const incoming = new Incoming();
    let shown = 0;
    let next = 0;
    const check = (entries: readonly Entry[]) => {
      for (const entry of entries) {
        // The gap before a line tells how many numbers are missing.
        next += entry.leftOut;
        expect(textOf(entry)).to.equal(`client 0: ${next++}`);
        shown++;
      }
    };
    for (let round = 0; round < 30; round++) {
      const start = round * 997;
      incoming.receive(bytesOf(numbered(start, start + 997)));
      if (round % 7 === 0) incoming.receive(bytesOf(''));
      check(incoming.pending.take(50));
    }
    while (incoming.pending.size > 0) check(incoming.pending.take(300));
    expect(next).to.equal(30 * 997);
    expect(incoming.total).to.equal(30 * 997);
    expect(incoming.pending.leftOut).to.equal(30 * 997 - shown);
    expect(incoming.pending.lines).to.equal(0);
  });

  it('leaves out lines of one chunk that are too many', () => {
    const incoming = new Incoming();
    incoming.receive(bytesOf(numbered(0, 10_000)));
    const entries = incoming.pending.take(10_000);
    expect(entries[0]?.leftOut).to.equal(8000);
    expect(entries.length).to.equal(2000);
    expect(textOf(entries.at(-1) as Entry)).to.equal('client 0: 9999');
  });

  it('limits the bytes of the lines that wait, not only their number', () => {
    const incoming = new Incoming();
    for (let i = 0; i < 1000; i++) incoming.receive(bytesOf(`client 0: ${'x'.repeat(20_000)}\n`));
    expect(incoming.pending.size).to.equal(512);
    expect(countOf(incoming.pending.take(1000))).to.equal(1000);
  });

  it('counts the messages that the relay has skipped, with the one that it has not completed', () => {
    const incoming = new Incoming();
    incoming.receive(bytesOf('client 0: a\nclient 0: b'));
    incoming.skipTo(10);
    incoming.receive(bytesOf('client 0: z\n'));
    incoming.skipTo(11);
    const entries = incoming.pending.take(10);
    expect(entries.map(textOf)).to.deep.equal(['client 0: a', 'client 0: z']);
    expect(entries[1]?.leftOut).to.equal(9);
    expect(incoming.total).to.equal(11);
    expect(incoming.pending.leftOut).to.equal(9);
  });

  it('passes on only lines that match the filter, and counts the others apart from lines left out', () => {
    const incoming = new Incoming();
    incoming.filter = createFilter('7', []);
    incoming.receive(bytesOf(numbered(0, 100)));
    const entries = incoming.pending.take(100);
    const expected = Array.from({ length: 100 }, (_, i) => `client 0: ${i}`).filter((line) =>
      line.includes('7'),
    );
    expect(entries.map(textOf)).to.deep.equal(expected);
    expect(entries.every(({ leftOut }) => leftOut === 0)).to.equal(true);
    expect(incoming.pending.takeGap()).to.deep.equal({ leftOut: 0, unmatched: 2 });
    expect(incoming.pending.lines).to.equal(0);
  });

  it('starts a new count with a new connection, and never counts notes', () => {
    const incoming = new Incoming();
    incoming.receive(bytesOf('client 0: a\nclient 0: incompl'));
    incoming.pending.push('connected again');
    incoming.restart();
    incoming.receive(bytesOf('client 0: b\n'));
    incoming.skipTo(1);
    expect(incoming.pending.lines).to.equal(2);
    expect(incoming.total).to.equal(2);
    expect(incoming.pending.take(3).map(textOf)).to.deep.equal([
      'client 0: a',
      'connected again',
      'client 0: b',
    ]);
  });
});
