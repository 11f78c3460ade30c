import { expect } from 'chai';
import { type FilterOptions, filter } from '../../../lib/index.js';
import { life, pass, texts, thrown } from '../../support/pass.js';

const LINES = ['a secret', 'hello', 'SECRET', ''];
const kept = async (options: FilterOptions) => texts(await pass(filter(options), life(LINES)));

describe('transform filter', () => {
  it('drops lines that match drop, and passes notices', async () => {
    const messages = await pass(filter({ drop: /secret/ }), life(LINES));
    expect(messages).to.deep.equal(life(['hello', 'SECRET', '']));
  });

  it('keeps lines that match keep, and passes notices', async () => {
    expect(await pass(filter({ keep: /secret/i }), life(LINES))).to.deep.equal(life(['a secret', 'SECRET']));
  });

  it('accepts regular expressions as text', async () => {
    expect(await kept({ drop: 'secret' })).to.deep.equal(['hello', 'SECRET', '']);
    expect(await kept({ drop: '/secret/i' })).to.deep.equal(['hello', '']);
    expect(await kept({ keep: '^$|^h' })).to.deep.equal(['hello', '']);
    expect(await kept({ keep: '/e/' })).to.deep.equal(['a secret', 'hello']);
  });

  it('applies keep and drop together', async () => {
    expect(await kept({ keep: /secret/i, drop: /a/ })).to.deep.equal(['SECRET']);
  });

  it('starts a global or sticky expression at the beginning of each line', async () => {
    const lines = ['x', 'x', 'x'];
    expect(texts(await pass(filter({ drop: /x/g }), life(lines)))).to.deep.equal([]);
    expect(texts(await pass(filter({ keep: /x/y }), life(lines)))).to.deep.equal(lines);
  });

  it('drops and keeps messages by kind', async () => {
    const messages = life(['a', 'b']);
    expect(await pass(filter({ dropKind: ['arrived', 'left'] }), messages)).to.deep.equal(
      messages.slice(1, -1),
    );
    const text = { dropKind: 'arrived, left' } as unknown as FilterOptions;
    expect(await pass(filter(text), messages)).to.deep.equal(messages.slice(1, -1));
    expect(await pass(filter({ keepKind: 'line' }), messages)).to.deep.equal(messages.slice(1, -1));
  });

  it('drops and keeps messages by client', async () => {
    const text = (options: object) => options as FilterOptions;
    const passing = async (options: FilterOptions) => {
      const ids = [];
      for (const id of [0, 1, 2]) {
        if ((await pass(filter(options), life(['x'], id), id)).length > 0) ids.push(id);
      }
      return ids;
    };
    expect(await passing({ dropClient: 1 })).to.deep.equal([0, 2]);
    expect(await passing({ dropClient: [1, 2] })).to.deep.equal([0]);
    expect(await passing(text({ dropClient: '0,2' }))).to.deep.equal([1]);
    expect(await passing({ keepClient: 1 })).to.deep.equal([1]);
    expect(await passing(text({ keepClient: '1,2', dropClient: '2' }))).to.deep.equal([1]);
  });

  it('passes everything without options', async () => {
    expect(await kept({})).to.deep.equal(LINES);
  });

  const invalid: [options: unknown, message: RegExp][] = [
    [
      { dorp: /x/ },
      /^transform filter: unknown option 'dorp'; expected keep, drop, keepKind, .*, dropClient$/,
    ],
    [
      { drop: '(' },
      /^transform filter: drop: expected a regular expression \(.*Unterminated group\), got '\('$/,
    ],
    [{ drop: '/x/q' }, /drop: expected a regular expression \(Invalid flags/],
    [{ drop: '' }, /drop: expected a regular expression such as secret or \/secret\/i, got ''$/],
    [{ drop: 5 }, /drop: expected a regular expression.*, got 5$/],
    [{ keep: null }, /keep: expected a regular expression.*, got null$/],
    [{ keepKind: 'lines' }, /keepKind: expected arrived, line or left, got 'lines'$/],
    [{ dropKind: [] }, /dropKind: expected arrived, line or left, got \[\]$/],
    [{ dropClient: '1,x' }, /dropClient: expected the id of a client, got '1,x'$/],
    [{ keepClient: -1 }, /keepClient: expected the id of a client, got -1$/],
    ['secret', /^transform filter: expected an object with options, got 'secret'$/],
    [null, /^transform filter: expected an object with options, got null$/],
  ];
  for (const [options, message] of invalid) {
    it(`rejects the options ${JSON.stringify(options)}`, () => {
      expect(thrown(() => filter(options as FilterOptions))).to.match(message);
    });
  }
});
