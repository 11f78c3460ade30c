import { expect } from 'chai';
import { type ReplaceOptions, replace } from '../../../lib/index.js';
import { life, pass, texts, thrown } from '../../support/pass.js';
import { createTestRelay, join } from '../../support/room.js';
import { arrivedNotice, relayedBytes } from '../../support/wire.js';

const replaced = async (options: ReplaceOptions, ...lines: string[]) =>
  texts(await pass(replace(options), life(lines)));

describe('transform replace', () => {
  it('replaces every match in every line', async () => {
    expect(await replaced({ pattern: 'o', with: '0' }, 'foo', 'bar', 'oo')).to.deep.equal([
      'f00',
      'bar',
      '00',
    ]);
    expect(await replaced({ pattern: /o/, with: '0' }, 'foo')).to.deep.equal(['f00']);
    expect(await replaced({ pattern: '/O/i', with: '0' }, 'foo')).to.deep.equal(['f00']);
  });

  it('supports $1 and $& in the replacement', async () => {
    expect(await replaced({ pattern: '(\\w+)@(\\w+)', with: '$2 at $1 ($&)' }, 'me@home')).to.deep.equal([
      'home at me (me@home)',
    ]);
  });

  it('removes matches without the option with', async () => {
    expect(await replaced({ pattern: /\s+$/ }, 'x  ')).to.deep.equal(['x']);
  });

  it('passes notices', async () => {
    expect(await pass(replace({ pattern: 'x' }), life([]))).to.deep.equal(life([]));
  });

  it('keeps the bytes of a line without a match', async () => {
    const relay = createTestRelay({ transforms: [replace({ pattern: 'x', with: 'y' })] });
    const [a, b] = [await join(relay), await join(relay)];
    b.send(Buffer.from([0xff, 0x1b, 0x0a]));
    await a.receives(arrivedNotice(1), relayedBytes(1, Buffer.from([0xff, 0x1b])));
  });

  it('rejects invalid options', () => {
    expect(thrown(() => replace({} as ReplaceOptions))).to.match(
      /^transform replace: the option 'pattern' is missing; expected a regular expression$/,
    );
    expect(thrown(() => replace({ pattern: '[' }))).to.match(/pattern: expected a regular expression/);
    expect(thrown(() => replace({ pattern: 'x', with: 5 } as never))).to.match(/with: expected text, got 5$/);
    expect(thrown(() => replace({ pattern: 'x', by: 'y' } as never))).to.match(/unknown option 'by'/);
  });
});
