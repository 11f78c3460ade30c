import { expect } from 'chai';
import { parseDuration, parseSince } from '../../bin/duration.js';

describe('times', () => {
  it('are read as people write them', () => {
    const read = (text: string) => parseDuration(text);
    expect(['500ms', '30s', '5m', '1.5h', '7d', '0s'].map(read)).to.deep.equal([
      500, 30_000, 300_000, 5_400_000, 604_800_000, 0,
    ]);
    expect(['', '5', 's', '-1s', '1 h', '1H', '1GB', '99999999999999d'].map(read)).to.deep.equal(
      new Array(8).fill(undefined),
    );
  });

  it('in the past are times of day, dates, or how long ago', () => {
    const now = new Date(2026, 0, 31, 12, 30, 15).getTime();
    const read = (text: string) => parseSince(text, now);
    expect(read('10:00')).to.equal(new Date(2026, 0, 31, 10, 0, 0).getTime());
    expect(read('9:05:30')).to.equal(new Date(2026, 0, 31, 9, 5, 30).getTime());
    expect(read('13:00')).to.equal(new Date(2026, 0, 30, 13, 0, 0).getTime());
    expect(read('1h')).to.equal(now - 3_600_000);
    expect(read('2026-01-30T10:00Z')).to.equal(Date.UTC(2026, 0, 30, 10));
    expect(read('2026-01-30T10:00:01.500Z')).to.equal(Date.UTC(2026, 0, 30, 10, 0, 1, 500));
    expect(read('2026-01-30')).to.equal(Date.UTC(2026, 0, 30));
    const utc = Date.UTC(2026, 0, 31, 12);
    expect(parseSince('11:00Z', utc)).to.equal(Date.UTC(2026, 0, 31, 11));
    expect(parseSince('13:00Z', utc)).to.equal(Date.UTC(2026, 0, 30, 13));
    for (const bad of ['', 'noon', '24:00', '10:60', '10', '2026-13-01', '2026-01-30 later', '1']) {
      expect(read(bad), bad).to.equal(undefined);
    }
  });
});
