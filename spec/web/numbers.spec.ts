import { expect } from 'chai';
import type { Sample } from '../../web/feed/frames.js';
import {
  formatBytes,
  formatCount,
  formatExact,
  formatLines,
  formatNewLines,
  formatTime,
} from '../../web/numbers/format.js';
import { describe as describeMeasure, MEASURES, type Measure } from '../../web/numbers/measures.js';
import { History, summarize } from '../../web/numbers/series.js';

function sample(time: number, lines: number, clients = 0): Sample {
  const none = {
    bytes: 0,
    linesOut: 0,
    bytesOut: 0,
    memoryBytes: 0,
    diskBytes: 0,
    waitingSenders: 0,
    maxLagBytes: 0,
  };
  return { time, lines, clients, ...none };
}

describe('History of the page', () => {
  it('computes rates from the time between samples', () => {
    const history = new History();
    history.reset([sample(0, 0), sample(1000, 100), sample(3000, 500)]);
    expect(history.rates('lines')).to.deep.equal([null, 100, 200]);
    expect(history.seconds).to.deep.equal([-3, -2, 0]);
  });

  it('has a gap where the page was not connected', () => {
    const history = new History();
    history.reset([sample(0, 0, 1), sample(1000, 100, 2)]);
    history.add(sample(60_000, 200, 3));
    history.add(sample(61_000, 300, 4));
    expect(history.rates('lines')).to.deep.equal([null, 100, null, 100]);
    expect(history.levels('clients')).to.deep.equal([1, 2, null, 4]);
  });

  it('keeps five minutes, and ignores a sample that it has', () => {
    const history = new History();
    for (let second = 0; second <= 1000; second++) history.add(sample(second * 1000, second));
    history.add(sample(1_000_000, 1000));
    expect(history.samples.length).to.equal(301);
    expect(history.latest?.lines).to.equal(1000);
  });

  it('never shows a negative rate', () => {
    const history = new History();
    history.reset([sample(0, 500), sample(1000, 0)]);
    expect(history.rates('lines')).to.deep.equal([null, 0]);
  });

  it('summarizes what is known', () => {
    expect(summarize([null, 3, 1, 2, null])).to.deep.equal({ now: 2, lowest: 1, highest: 3 });
    expect(summarize([null])).to.equal(undefined);
    expect(new History().seconds).to.deep.equal([]);
  });
});

describe('the texts of the charts', () => {
  it('describe each line by its latest, lowest and highest value', () => {
    const backlog = MEASURES.find(({ title }) => title === 'Backlog') as Measure;
    expect(describeMeasure(backlog, [{ now: 1, lowest: 0, highest: 2048 }, undefined])).to.deep.equal([
      { now: '1 B in memory', range: '0 B to 2 KiB in memory' },
      { now: '– on disk', range: '– on disk' },
    ]);
  });

  it('contain a value once that did not change', () => {
    const clients = MEASURES.find(({ title }) => title === 'Clients') as Measure;
    expect(describeMeasure(clients, [{ now: 3, lowest: 3, highest: 3 }])).to.deep.equal([
      { now: '3', range: '3' },
    ]);
  });

  it('exist for all measures, from a history', () => {
    const history = new History();
    history.reset([sample(0, 0, 2), sample(1000, 100_000, 2)]);
    const now = MEASURES.map((measure) =>
      describeMeasure(
        measure,
        measure.parts.map((part) => summarize(part.values(history))),
      ).map((text) => text.now),
    );
    expect(now.flat()).to.deep.equal(['100K', '0 B/s', '2', '0 B', '0 B in memory', '0 B on disk', '0']);
  });
});

describe('the numbers of the page', () => {
  it('have all digits, or three and a unit', () => {
    expect([0, 999, 99_999, 100_000, 1_234_567].map(formatCount)).to.deep.equal([
      '0',
      '999',
      '99,999',
      '100K',
      '1.23M',
    ]);
    expect(formatExact(1_234_567)).to.equal('1,234,567');
    expect([1, 1200].map(formatNewLines)).to.deep.equal(['1 new line', '1,200 new lines']);
    expect([0, 1, 1200].map(formatLines)).to.deep.equal(['0 lines', '1 line', '1,200 lines']);
  });

  it('have binary units for bytes', () => {
    const sizes = [0, 1023, 1024, 1536, 1023.7 * 1024, 123.4 * 1024 ** 2, 1024 ** 5];
    const expected = ['0 B', '1,023 B', '1 KiB', '1.5 KiB', '1 MiB', '123 MiB', '1,024 TiB'];
    expect(sizes.map(formatBytes)).to.deep.equal(expected);
  });

  it('have the date if it is not today', () => {
    const now = new Date(2026, 1, 3, 14, 5, 6).getTime();
    expect(formatTime(now, now)).to.equal('14:05:06');
    expect(formatTime(now, now + 86_400_000)).to.equal('3 Feb 2026, 14:05');
  });
});
