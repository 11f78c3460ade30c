import { expect } from 'chai';
import { timestamp } from '../../../lib/index.js';
import { life, pass, texts, thrown } from '../../support/pass.js';

const now = () => Date.UTC(2026, 0, 31, 12, 34, 56, 789);

describe('transform timestamp', () => {
  const formats = { iso: '2026-01-31T12:34:56.789Z', time: '12:34:56', unix: '1769862896.789' } as const;
  for (const [format, time] of Object.entries(formats) as [keyof typeof formats, string][]) {
    it(`prefixes each line with the time (format ${format})`, async () => {
      const messages = await pass(timestamp({ format, now }), life(['hello', '']));
      expect(messages).to.deep.equal(life([`${time} hello`, `${time} `]));
    });
  }

  it('uses the current time in ISO 8601 by default', async () => {
    const before = Date.now();
    const [text = ''] = texts(await pass(timestamp(), life(['x'])));
    expect(Date.parse(text.slice(0, 24))).to.be.within(before, Date.now());
  });

  it('rejects invalid options', () => {
    expect(thrown(() => timestamp({ format: 'rfc' as 'iso' }))).to.match(
      /format: expected iso or time or unix, got 'rfc'$/,
    );
    expect(thrown(() => timestamp({ now: 5 as never }))).to.match(
      /now: expected a function that returns milliseconds, got 5$/,
    );
    expect(thrown(() => timestamp({ zone: 'UTC' } as never))).to.match(
      /unknown option 'zone'; expected format, now$/,
    );
  });
});
