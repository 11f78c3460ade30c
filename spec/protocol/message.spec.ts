import { expect } from 'chai';
import {
  BLOCK_BYTES,
  decode,
  encode,
  isMessage,
  type Line,
  splitBlock,
  toBytes,
  toMessages,
} from '../../lib/protocol/message.js';
import { random } from '../support/random.js';

/** Bytes as a latin1 string, as the core passes them on. */
const bytes = (...values: number[]): string => String.fromCharCode(...values);

const textsOf = (block: string): string[] =>
  toMessages(0, block).map((message) => (message.kind === 'line' ? message.text : message.kind));

const toLines = (block: string): Line[] => toMessages(1, block) as unknown as Line[];

describe('isMessage()', () => {
  for (const message of [{ kind: 'arrived' }, { kind: 'left', client: 1 }, { kind: 'line', text: '' }]) {
    it(`accepts ${JSON.stringify(message)}`, () => {
      expect(isMessage(message)).to.equal(true);
    });
  }

  for (const value of [
    {},
    { kind: 'other', text: 'x' },
    { kind: 'line' },
    { kind: 'line', text: 1 },
    null,
    7,
  ]) {
    it(`rejects ${JSON.stringify(value)}`, () => {
      expect(isMessage(value)).to.equal(false);
    });
  }

  it('rejects undefined', () => {
    expect(isMessage(undefined)).to.equal(false);
  });
});

describe('splitBlock()', () => {
  const line = 'x'.repeat(BLOCK_BYTES / 4 - 1);
  const lengths = (block: string): number[] => splitBlock(block).map(({ length }) => length);

  it('returns a short block as it is', () => {
    expect(splitBlock('a\nb')).to.deep.equal(['a\nb']);
  });

  it('splits after the first line that ends beyond the target length', () => {
    expect(lengths([line, line, line, line, 'y'].join('\n'))).to.deep.equal([BLOCK_BYTES + 1]);
    expect(lengths([line, line, line, line, 'y', 'z'].join('\n'))).to.deep.equal([BLOCK_BYTES + 1, 1]);
  });
});

describe('decode() and encode()', () => {
  it('convert UTF-8 to text, and text to the same bytes', () => {
    for (const text of ['', 'ascii', 'für', '日本語', '👩‍🚀', '\ufeffmark', '\0\x1b\x7f', 'a\u0085b\u2028']) {
      const raw = Buffer.from(text, 'utf8').toString('latin1');
      expect(decode(raw)).to.equal(text);
      expect(encode(text)).to.equal(raw);
    }
  });

  it('replace invalid bytes by U+FFFD', () => {
    expect(decode(bytes(0x61, 0xff, 0xfe, 0x62))).to.equal('a\ufffd\ufffdb');
    // A surrogate, an overlong slash, and a code point beyond the last.
    expect(decode(bytes(0xed, 0xa0, 0x80))).to.not.include('\ud800');
    expect(decode(bytes(0xc0, 0xaf))).to.equal('\ufffd\ufffd');
    expect(decode(bytes(0xf4, 0x90, 0x80, 0x80))).to.match(/^\ufffd+$/);
  });

  it('replace a lone surrogate, which has no bytes, by U+FFFD', () => {
    expect(encode('a\ud800b')).to.equal(bytes(0x61, 0xef, 0xbf, 0xbd, 0x62));
  });
});

describe('toMessages()', () => {
  it('returns one message for each line, also for empty lines', () => {
    expect(toMessages(4, 'a\n\nc')).to.deep.equal([
      { kind: 'line', client: 4, text: 'a' },
      { kind: 'line', client: 4, text: '' },
      { kind: 'line', client: 4, text: 'c' },
    ]);
    expect(textsOf(encode('für\nascii\n日本'))).to.deep.equal(['für', 'ascii', '日本']);
    expect(textsOf('')).to.deep.equal(['']);
  });

  it('decodes each line on its own, so that halves of a character in two lines are both invalid', () => {
    expect(textsOf(bytes(0xc3, 0x0a, 0xbc))).to.deep.equal(['\ufffd', '\ufffd']);
  });
});

describe('toBytes()', () => {
  const invalid = bytes(0x61, 0xff, 0xfe, 0x62);
  const [line] = toLines(invalid) as [Line];

  it('returns the original bytes of an unchanged line', () => {
    expect(toBytes(line)).to.equal(invalid);
  });

  it('returns the original bytes of a copy', () => {
    expect(toBytes({ ...line })).to.equal(invalid);
    expect(toBytes(Object.assign({}, line))).to.equal(invalid);
    expect(toBytes({ ...line, text: line.text })).to.equal(invalid);
  });

  it('encodes the text of a changed line', () => {
    expect(toBytes({ ...line, text: `${line.text}ü` })).to.equal(encode('a\ufffd\ufffdbü'));
  });

  it('keeps U+FFFD that the client sent as valid UTF-8', () => {
    const [valid] = toLines(encode('a\ufffdb')) as [Line];
    expect(toBytes({ ...valid })).to.equal(encode('a\ufffdb'));
  });

  it('restores each line of random bytes', () => {
    const next = random(7);
    for (let round = 0; round < 3000; round++) {
      // Many bytes from 0x80 on, so that some of them form valid characters.
      const values = Array.from({ length: Math.floor(next() * 40) }, () =>
        next() < 0.1 ? 10 : Math.floor(next() < 0.5 ? 0x80 + next() * 0x80 : next() * 256),
      );
      const block = bytes(...values);
      const restored = toLines(block).map((line) => toBytes({ ...line }));
      expect(restored.join('\n')).to.equal(block);
    }
  });
});
