import { expect } from 'chai';
import { type FilterOptions, filter } from '../../../lib/index.js';
import { life, pass, texts, thrown } from '../../support/pass.js';

const LINES = ['a secret', 'hello', 'SECRET', ''];
const kept = async (options: FilterOptions) => texts(await pass(filter(options), life(LINES)));

describe('transform filter', () => {
  it('drops lines that match, and keeps notices', async () => {
    const messages = await pass(filter({ drop: /secret/ }), life(LINES));
    expect(messages).to.deep.equal(life(['hello', 'SECRET', '']));
  });

  it('keeps lines that match, and notices', async () => {
    expect(await pass(filter({ keep: /secret/i }), life(LINES))).to.deep.equal(life(['a secret', 'SECRET']));
  });

  it('takes expressions as text', async () => {
    expect(await kept({ drop: 'secret' })).to.deep.equal(['hello', 'SECRET', '']);
    expect(await kept({ drop: '/secret/i' })).to.deep.equal(['hello', '']);
    expect(await kept({ keep: '^$|^h' })).to.deep.equal(['hello', '']);
    expect(await kept({ keep: '/e/' })).to.deep.equal(['a secret', 'hello']);
  });

  it('both keeps and drops', async () => {
    expect(await kept({ keep: /secret/i, drop: /a/ })).to.deep.equal(['SECRET']);
  });

  it('does not remember where a global expression matched', async () => {
    const lines = ['x', 'x', 'x'];
    expect(texts(await pass(filter({ drop: /x/g }), life(lines)))).to.deep.equal([]);
    expect(texts(await pass(filter({ keep: /x/y }), life(lines)))).to.deep.equal(lines);
  });

  it('drops and keeps kinds of messages', async () => {
    const messages = life(['a', 'b']);
    expect(await pass(filter({ dropKind: ['arrived', 'left'] }), messages)).to.deep.equal(
      messages.slice(1, -1),
    );
    const shell = { dropKind: 'arrived, left' } as unknown as FilterOptions;
    expect(await pass(filter(shell), messages)).to.deep.equal(messages.slice(1, -1));
    expect(await pass(filter({ keepKind: 'line' }), messages)).to.deep.equal(messages.slice(1, -1));
  });

  it('drops and keeps clients', async () => {
    const shell = (options: object) => options as FilterOptions;
    const heard = async (options: FilterOptions) => {
      const ids = [];
      for (const id of [0, 1, 2]) {
        if ((await pass(filter(options), life(['x'], id), id)).length > 0) ids.push(id);
      }
      return ids;
    };
    expect(await heard({ dropClient: 1 })).to.deep.equal([0, 2]);
    expect(await heard({ dropClient: [1, 2] })).to.deep.equal([0]);
    expect(await heard(shell({ dropClient: '0,2' }))).to.deep.equal([1]);
    expect(await heard({ keepClient: 1 })).to.deep.equal([1]);
    expect(await heard(shell({ keepClient: '1,2', dropClient: '2' }))).to.deep.equal([1]);
  });

  it('lets everything pass without options', async () => {
    expect(await kept({})).to.deep.equal(LINES);
  });

  const wrong: [options: unknown, message: RegExp][] = [
    [{ dorp: /x/ }, /filter: there is no option 'dorp', only keep, drop, keepKind/],
    [{ drop: '(' }, /filter: drop must be a regular expression \(.*Unterminated group\), and is '\('/],
    [{ drop: '/x/q' }, /drop must be a regular expression \(Invalid flags/],
    [{ drop: '' }, /drop must be a regular expression, such as secret or \/secret\/i, and is ''/],
    [{ drop: 5 }, /drop must be a regular expression.* and is 5/],
    [{ keep: null }, /keep must be/],
    [{ keepKind: 'lines' }, /keepKind must be arrived, line or left, and is 'lines'/],
    [{ dropKind: [] }, /dropKind must be arrived, line or left, and is \[\]/],
    [{ dropClient: '1,x' }, /dropClient must be the id of a client, and is '1,x'/],
    [{ keepClient: -1 }, /keepClient must be the id of a client, and is -1/],
    ['secret', /filter: its options must be an object/],
    [null, /filter: its options must be an object/],
  ];
  for (const [options, message] of wrong) {
    it(`refuses ${JSON.stringify(options)}`, () => {
      expect(thrown(() => filter(options as FilterOptions))).to.match(message);
    });
  }
});
