import { expect } from 'chai';
import { parsePastTime } from '../../../bin/options/past-time.js';

describe('parsePastTime()', () => {
  const now = new Date(2026, 0, 31, 12, 30, 15).getTime();
  const parse = (text: string) => parsePastTime(text, now);

  it('accepts a time of day, which is yesterday if today it is yet to come', () => {
    expect(parse('10:00')).to.equal(new Date(2026, 0, 31, 10, 0, 0).getTime());
    expect(parse('9:05:30')).to.equal(new Date(2026, 0, 31, 9, 5, 30).getTime());
    expect(parse('13:00')).to.equal(new Date(2026, 0, 30, 13, 0, 0).getTime());
    const utc = Date.UTC(2026, 0, 31, 12);
    expect(parsePastTime('11:00Z', utc)).to.equal(Date.UTC(2026, 0, 31, 11));
    expect(parsePastTime('13:00Z', utc)).to.equal(Date.UTC(2026, 0, 30, 13));
  });

  it('accepts how long ago it was', () => expect(parse('1h')).to.equal(now - 3_600_000));

  it('accepts an ISO 8601 date, with or without a time', () => {
    expect(parse('2026-01-30T10:00Z')).to.equal(Date.UTC(2026, 0, 30, 10));
    expect(parse('2026-01-30T10:00:01.500Z')).to.equal(Date.UTC(2026, 0, 30, 10, 0, 1, 500));
    expect(parse('2026-01-30')).to.equal(Date.UTC(2026, 0, 30));
  });

  for (const text of [
    '',
    'noon',
    '24:00',
    '10:60',
    '10',
    '2026-13-01',
    '2026-01-30 later',
    '1',
    '99999999d',
    '99999999999999d',
  ]) {
    it(`rejects "${text}"`, () => expect(parse(text)).to.equal(undefined));
  }
});
