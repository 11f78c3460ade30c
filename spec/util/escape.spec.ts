import { once } from 'node:events';
import { expect } from 'chai';
import { type EscapeOptions, escapeControls } from '../../lib/util/escape.js';
import { escapeBytes, escapeText, toSafeJson } from '../../lib/util/escape-text.js';
import { lineMark } from '../../lib/util/line-mark.js';
import { random } from '../support/random.js';

async function escapeChunks(chunks: readonly Buffer[], options?: EscapeOptions): Promise<string> {
  const escaper = escapeControls(options);
  const output: Buffer[] = [];
  escaper.on('data', (chunk: Buffer) => output.push(chunk));
  for (const chunk of chunks) escaper.write(chunk);
  escaper.end();
  await once(escaper, 'end');
  return Buffer.concat(output).toString('utf8');
}

const range = (from: number, to: number): string[] =>
  Array.from({ length: to - from + 1 }, (_, i) => String.fromCodePoint(from + i));

const hex = (character: string): string => (character.codePointAt(0) as number).toString(16);

describe('escapeText()', () => {
  it('escapes C0 except newline and tab', () => {
    for (const character of range(0, 0x1f)) {
      const escaped = { '\n': '\n', '\t': '\t', '\r': '\\r' }[character];
      expect(escapeText(character)).to.equal(escaped ?? `\\x${hex(character).padStart(2, '0')}`);
    }
  });

  it('escapes DEL and C1', () => {
    for (const character of range(0x7f, 0x9f)) expect(escapeText(character)).to.equal(`\\x${hex(character)}`);
  });

  it('escapes controls of text direction, and line and paragraph separators', () => {
    const controls = ['\u061c', '\u200e', '\u200f', ...range(0x202a, 0x202e), ...range(0x2066, 0x2069)];
    for (const character of [...controls, '\u2028', '\u2029']) {
      expect(escapeText(`a${character}b`)).to.equal(`a\\u${hex(character).padStart(4, '0')}b`);
    }
  });

  it('escapes characters that cannot be seen', () => {
    const invisible: Record<string, string> = {
      'soft hyphen': '\xad',
      'combining grapheme joiner': '\u034f',
      'Arabic letter mark': '\u061c',
      'Hangul fillers': '\u115f\u1160\u3164\uffa0',
      'Khmer inherent vowels': '\u17b4\u17b5',
      'Mongolian selectors and vowel separator': '\u180b\u180e',
      'zero-width space, non-joiner and joiner': '\u200b\u200c\u200d',
      'word joiner and invisible operators': '\u2060\u2061\u2064\u206f',
      'variation selectors': '\ufe00\ufe0f',
      'byte order mark': '\ufeff',
      'interlinear annotation': '\ufff9\ufffa\ufffb',
      'private use': '\ue000\uf8ff',
      'half of a surrogate pair': '\ud800',
    };
    for (const [what, characters] of Object.entries(invisible)) {
      for (const character of characters) {
        const code = hex(character).padStart(character < '\u0100' ? 2 : 4, '0');
        expect(escapeText(`a${character}b`), what).to.equal(`a\\${character < '\u0100' ? 'x' : 'u'}${code}b`);
      }
    }
    for (const code of [0x1d173, 0xe0001, 0xe0041, 0xe007f, 0xe0101, 0xf0000, 0x10fffd]) {
      expect(escapeText(`a${String.fromCodePoint(code)}b`)).to.equal(`a\\u{${code.toString(16)}}b`);
    }
  });

  it('escapes exactly the characters with these properties, of all that there are', () => {
    const unsafe = /^[\p{Cc}\p{Cf}\p{Default_Ignorable_Code_Point}\p{Zl}\p{Zp}\p{Co}\p{Cs}]$/u;
    for (let code = 0; code <= 0x10ffff; code++) {
      const character = String.fromCodePoint(code);
      const isEscaped = unsafe.test(character) && character !== '\n' && character !== '\t';
      if ((escapeText(character) !== character) !== isEscaped) expect.fail(`U+${code.toString(16)}`);
    }
  });

  it('leaves all other characters unchanged', () => {
    const text = ' ~ für 日本語 العربية עברית हिन्दी 👩 👍🏽 e\u0301 \u00a0\u3000\ufffd\uffff │ | \\x1b';
    expect(escapeText(text)).to.equal(text);
  });

  it('makes a forged notice and a title visible', () => {
    expect(escapeText('\rserver: client 3 just left\n')).to.equal('\\rserver: client 3 just left\n');
    expect(escapeText('\x1b]0;title\x07\x9b2J')).to.equal('\\x1b]0;title\\x07\\x9b2J');
  });
});

describe('escapeBytes()', () => {
  it('escapes each invalid byte, and keeps the text around it', () => {
    const bytes = (text: string): string => Buffer.from(text, 'utf8').toString('latin1');
    expect(escapeBytes(`${bytes('ü')}\xff\xfe${bytes('日')}`)).to.equal('ü\\xff\\xfe日');
    // A C1 control as a raw byte, which some terminals interpret, and as UTF-8.
    expect(escapeBytes('\x9b2J')).to.equal('\\x9b2J');
    expect(escapeBytes(bytes('\u009b2J'))).to.equal('\\x9b2J');
    // A surrogate, overlong forms, a code point beyond the last, and an incomplete character.
    expect(escapeBytes('\xed\xa0\x80')).to.equal('\\xed\\xa0\\x80');
    expect(escapeBytes('\xc0\x8a')).to.equal('\\xc0\\x8a');
    expect(escapeBytes('\xe0\x80\x9b')).to.equal('\\xe0\\x80\\x9b');
    expect(escapeBytes('\xf4\x90\x80\x80')).to.equal('\\xf4\\x90\\x80\\x80');
    expect(escapeBytes('\xe2\x82\n')).to.equal('\\xe2\\x82\n');
  });

  it('agrees with TextDecoder on the validity of random bytes', () => {
    const next = random(3);
    const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
    for (let round = 0; round < 20_000; round++) {
      const values = Uint8Array.from({ length: 1 + Math.floor(next() * 4) }, () => 0x80 + next() * 0x80);
      const escaped = escapeBytes(Buffer.from(values).toString('latin1'));
      let text: string | undefined;
      try {
        text = strict.decode(values);
      } catch {
        expect(escaped, Buffer.from(values).toString('hex')).to.match(/\\x[89a-f]/);
      }
      if (text !== undefined) expect(escaped).to.equal(escapeText(text));
    }
  });
});

describe('toSafeJson()', () => {
  it('means the same, and has no characters that could affect a terminal', () => {
    const value = { 'a\u200b': '\x1b[2J\x7f\u009b\u{e0041}\u2028\ud800 für \t"\\', b: [1, null] };
    const json = toSafeJson(value);
    expect(json).to.equal(
      '{"a\\u200b":"\\u001b[2J\\u007f\\u009b\\udb40\\udc41\\u2028\\ud800 für \\t\\"\\\\","b":[1,null]}',
    );
    expect(JSON.parse(json)).to.deep.equal(value);
  });
});

describe('escapeControls()', () => {
  it('starts each line with a mark if it is asked to, in any division into chunks', async () => {
    const { text: mark } = lineMark();
    const likeness = mark.trim();
    const bytes = Buffer.from(`one\n\n日本 ${likeness} \x1b\nlast`);
    const expected = `${mark}one\n${mark}\n${mark}日本 ${likeness === '|' ? '\\x7c' : '\\u258c'} \\x1b\n${mark}last`;
    for (let size = 1; size <= bytes.length; size++) {
      const chunks: Buffer[] = [];
      for (let at = 0; at < bytes.length; at += size) chunks.push(bytes.subarray(at, at + size));
      expect(await escapeChunks(chunks, { lineMarks: true })).to.equal(expected);
    }
  });

  it('rejects an option of another name', () => {
    expect(() => escapeControls({ marks: true } as object)).to.throw(
      'marks: unknown option; expected one of lineMarks',
    );
  });

  it('gives the same output for any division into chunks', async () => {
    const next = random(11);
    const bytes = Buffer.concat([
      Buffer.from('für 日本 👍 \u202e \x1b[2J\n'),
      Buffer.from([0xf0, 0x9f, 0x91, 0x0a, 0xe2, 0x82, 0xff, 0xc3]),
      Buffer.from('é\n'),
    ]);
    const expected = escapeBytes(bytes.toString('latin1'));
    for (let round = 0; round < 200; round++) {
      const chunks: Buffer[] = [];
      for (let at = 0; at < bytes.length; ) {
        const size = 1 + Math.floor(next() * 4);
        chunks.push(bytes.subarray(at, at + size));
        at += size;
      }
      expect(await escapeChunks(chunks)).to.equal(expected);
    }
  });

  it('outputs each chunk at once, except the bytes of an incomplete character', () => {
    const escaper = escapeControls();
    escaper.write(Buffer.from('line\n'));
    expect(String(escaper.read())).to.equal('line\n');
    escaper.write(Buffer.from([0x61, 0xf0, 0x9f, 0x91]));
    expect(String(escaper.read())).to.equal('a');
    escaper.write(Buffer.from([0x8d]));
    expect(String(escaper.read())).to.equal('👍');
    escaper.destroy();
  });

  it('escapes an incomplete character at the end', async () => {
    expect(await escapeChunks([Buffer.from([0x61, 0xe2, 0x82])])).to.equal('a\\xe2\\x82');
  });
});
