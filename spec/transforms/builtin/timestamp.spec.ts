import { expect } from 'chai';
import { timestamp } from '../../../lib/index.js';
import { life, pass, texts, thrown } from '../../support/pass.js';

const now = () => Date.UTC(2026, 0, 31, 12, 34, 56, 789);

describe('transform timestamp', () => {
  const formats = { iso: '2026-01-31T12:34:56.789Z', time: '12:34:56', unix: '1769862896.789' } as const;
  for (const [format, time] of Object.entries(formats) as [keyof typeof formats, string][]) {
    it(`puts the time before each line, as ${format}`, async () => {
      const messages = await pass(timestamp({ format, now }), life(['hello', '']));
      expect(messages).to.deep.equal(life([`${time} hello`, `${time} `]));
    });
  }

  it('takes the time of day and writes it in ISO 8601 by default', async () => {
    const before = Date.now();
    const [text = ''] = texts(await pass(timestamp(), life(['x'])));
    expect(Date.parse(text.slice(0, 24))).to.be.within(before, Date.now());
  });

  it('refuses options that it cannot use', () => {
    expect(thrown(() => timestamp({ format: 'rfc' as 'iso' }))).to.match(
      /format must be iso or time or unix/,
    );
    expect(thrown(() => timestamp({ now: 5 as never }))).to.match(/now must be a function/);
    expect(thrown(() => timestamp({ zone: 'UTC' } as never))).to.match(/no option 'zone', only format, now/);
  });
});
