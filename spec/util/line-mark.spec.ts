import { expect } from 'chai';
import { lineMark } from '../../lib/util/line-mark.js';

describe('lineMark()', () => {
  const utf8 = lineMark({ LANG: 'en_US.UTF-8' });
  const ascii = lineMark({ LANG: 'C' });

  it('is half a block where the locale is UTF-8 or not set, otherwise a bar', () => {
    const marks: [env: NodeJS.ProcessEnv, text: string][] = [
      [{ LANG: 'en_US.UTF-8' }, '\u258c '],
      [{ LANG: 'C.utf8' }, '\u258c '],
      [{ LC_CTYPE: 'UTF-8' }, '\u258c '],
      [{ LC_ALL: 'de_DE.UTF-8', LANG: 'C' }, '\u258c '],
      [{ LC_ALL: '', LC_CTYPE: '', LANG: 'C.UTF-8' }, '\u258c '],
      [{ LC_ALL: 'C', LANG: 'en_US.UTF-8' }, '| '],
      [{ LC_CTYPE: 'de_DE.ISO-8859-1', LANG: 'en_US.UTF-8' }, '| '],
      [{}, '\u258c '],
    ];
    for (const [env, text] of marks) expect(lineMark(env).text, JSON.stringify(env)).to.equal(text);
  });

  it('starts each line, and the first one only where a line starts', () => {
    expect(utf8.apply('a\n\nb\n', true)).to.equal('\u258c a\n\u258c \n\u258c b\n');
    expect(utf8.apply('a\nb', false)).to.equal('a\n\u258c b');
    expect(utf8.apply('\n', false)).to.equal('\n');
    expect(ascii.apply('\n', true)).to.equal('| \n');
  });

  it('escapes itself and similar characters in the text', () => {
    expect(utf8.apply('\u258c\u2588\u2503\u25ae\u2759\u{1fb8f}', false)).to.equal(
      '\\u258c\\u2588\\u2503\\u25ae\\u2759\\u{1fb8f}',
    );
    expect(ascii.apply('|\u2502\u2503\u2223\uffe8\uff5c\xa6\u01c0\u{1fb70}', false)).to.equal(
      '\\x7c\\u2502\\u2503\\u2223\\uffe8\\uff5c\\xa6\\u01c0\\u{1fb70}',
    );
  });

  it('leaves thin bars unchanged where it is half a block', () => {
    const text = 'ls | grep │ ∣ ￨ ● ▲ ◆ □';
    expect(utf8.apply(text, false)).to.equal(text);
  });
});
