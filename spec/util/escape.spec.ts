import { once } from 'node:events';
import { expect } from 'chai';
import { escapeBytes, escapeControls, escapeText } from '../../lib/util/escape.js';
import { random } from '../support/random.js';

async function escapeChunks(chunks: readonly Buffer[]): Promise<string> {
  const escaper = escapeControls();
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

  it('leaves all other characters unchanged', () => {
    // Among them a family joined by U+200D, and the zero-width non-joiner of Persian.
    const text =
      ' ~ für 日本語 العربية עברית می\u200cخواهم 👩\u200d👧 👍🏽 \u00a0\u00ad\ufffd\u{10ffff} \\x1b';
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

describe('escapeControls()', () => {
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
