import { expect } from 'chai';
import { formatDuration, parseDuration } from '../../lib/util/duration.js';

describe('parseDuration()', () => {
  it('accepts ms, s, m, h and d, and fractions', () => {
    expect(['500ms', '30s', '5m', '1.5h', '7d', '0s'].map(parseDuration)).to.deep.equal([
      500, 30_000, 300_000, 5_400_000, 604_800_000, 0,
    ]);
  });

  for (const text of [
    '',
    '5',
    's',
    '-1s',
    '1 h',
    '1H',
    '1GB',
    '1e3s',
    '.5s',
    '5.s',
    '1h30m',
    ' 1s',
    '1s\n',
    '٣s',
  ]) {
    it(`rejects ${JSON.stringify(text)}`, () => expect(parseDuration(text)).to.equal(undefined));
  }

  it('returns Infinity for a duration that is too long to count', () => {
    expect(parseDuration('99999999999999d')).to.equal(Number.POSITIVE_INFINITY);
  });
});

describe('formatDuration()', () => {
  const durations = [
    [0, '0ms'],
    [1, '1ms'],
    [1500, '1500ms'],
    [10_000, '10s'],
    [90_000, '90s'],
    [600_000, '10m'],
    [5_400_000, '90m'],
    [36_000_000, '10h'],
    [24 * 86_400_000, '24d'],
  ] as const;
  for (const [ms, text] of durations) {
    it(`formats ${ms} ms as ${text}, which is parsed as the same duration`, () => {
      expect(formatDuration(ms)).to.equal(text);
      expect(parseDuration(text)).to.equal(ms);
    });
  }
});
