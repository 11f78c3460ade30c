import { expect } from 'chai';
import {
  BLOCK_BYTES,
  decode,
  encode,
  isMessage,
  type Message,
  render,
  renderPieces,
  splitBlock,
  toBytes,
  toMessages,
} from '../../lib/protocol/message.js';
import { random } from '../support/random.js';

/** Bytes as a latin1 string, which is how the core carries them. */
const bytes = (...values: number[]): string => String.fromCharCode(...values);

const texts = (block: string): string[] =>
  [...toMessages(0, block)].map((message) => (message.kind === 'line' ? message.text : message.kind));

describe('what a transform gives', () => {
  it('is a message if it has a kind, and a line its text', () => {
    for (const message of [{ kind: 'arrived' }, { kind: 'left', client: 1 }, { kind: 'line', text: '' }]) {
      expect(isMessage(message)).to.equal(true);
    }
    for (const other of [
      {},
      { kind: 'other' },
      { kind: 'other', text: 'x' },
      { kind: 'line' },
      { kind: 'line', text: 1 },
    ]) {
      expect(isMessage(other)).to.equal(false);
    }
    for (const nothing of [null, undefined, 7, 'line']) expect(isMessage(nothing)).to.equal(false);
  });
});

describe('a long block in pieces', () => {
  it('is cut behind the first line that ends beyond the size of one', () => {
    const line = 'x'.repeat(BLOCK_BYTES / 4 - 1);
    expect(splitBlock([line, line, line, line, 'y'].join('\n')).map(({ length }) => length)).to.deep.equal([
      BLOCK_BYTES + 1,
    ]);
    expect(
      splitBlock([line, line, line, line, 'y', 'z'].join('\n')).map(({ length }) => length),
    ).to.deep.equal([BLOCK_BYTES + 1, 1]);
    expect(splitBlock('a\nb')).to.deep.equal(['a\nb']);
    expect([...renderPieces(1, 'a\nb')]).to.deep.equal(['client 1: a\nclient 1: b\n']);
  });

  for (const [name, bytes] of [
    ['one line', 'x'.repeat(5e6)],
    ['empty lines', '\n'.repeat(3e6)],
    ['lines and a long one', `${'a\n'.repeat(1e6)}${'b'.repeat(3e6)}`],
  ] as const) {
    it(`is what it is in one, and no piece is long because of its prefixes: ${name}`, () => {
      const pieces = [...renderPieces(7, bytes)];
      expect(pieces.join('') === render({ kind: 'lines', client: 7, bytes })).to.equal(true);
      expect(Math.max(...pieces.map(({ length }) => length))).to.be.below(20e6);
    });
  }
});

describe('message', () => {
  describe('render', () => {
    it('says who came and who left', () => {
      expect(render({ kind: 'arrived', silent: false, client: 7 })).to.equal(
        'server: client 7 just arrived\n',
      );
      expect(render({ kind: 'left', silent: false, client: 7 })).to.equal('server: client 7 just left\n');
    });

    it('puts the prefix before each line of a block', () => {
      const rendered = render({ kind: 'lines', client: 3, bytes: 'a\n\nb\r' });
      expect(rendered).to.equal('client 3: a\nclient 3: \nclient 3: b\r\n');
    });

    it('says an empty line', () => {
      expect(render({ kind: 'lines', client: 3, bytes: '' })).to.equal('client 3: \n');
    });

    it('takes nothing in a line for a pattern', () => {
      expect(render({ kind: 'lines', client: 0, bytes: "$& $1 $$\n$' $`" })).to.equal(
        "client 0: $& $1 $$\nclient 0: $' $`\n",
      );
    });
  });

  it('decodes UTF-8, and encodes it to the same bytes', () => {
    for (const text of ['', 'ascii', 'für', '日本語', '👩‍🚀', '\ufeffmark', '\0\x1b\x7f', 'a\u0085b\u2028']) {
      const raw = Buffer.from(text, 'utf8').toString('latin1');
      expect(decode(raw)).to.equal(text);
      expect(encode(text)).to.equal(raw);
    }
  });

  it('shows what is no UTF-8 as U+FFFD', () => {
    expect(decode(bytes(0x61, 0xff, 0xfe, 0x62))).to.equal('a\ufffd\ufffdb');
    // A surrogate, an overlong slash, and a character beyond the last.
    expect(decode(bytes(0xed, 0xa0, 0x80))).to.not.include('\ud800');
    expect(decode(bytes(0xc0, 0xaf))).to.equal('\ufffd\ufffd');
    expect(decode(bytes(0xf4, 0x90, 0x80, 0x80))).to.match(/^\ufffd+$/);
  });

  it('encodes a lone surrogate, which has no bytes, as U+FFFD', () => {
    expect(encode('a\ud800b')).to.equal(bytes(0x61, 0xef, 0xbf, 0xbd, 0x62));
  });

  it('takes a block apart into one message a line, empty ones too', () => {
    expect([...toMessages(4, 'a\n\nc')]).to.deep.equal([
      { kind: 'line', client: 4, text: 'a' },
      { kind: 'line', client: 4, text: '' },
      { kind: 'line', client: 4, text: 'c' },
    ]);
    expect(texts(encode('für\nascii\n日本'))).to.deep.equal(['für', 'ascii', '日本']);
    expect(texts('')).to.deep.equal(['']);
  });

  it('does not let bytes of one line spoil the next', () => {
    // Each half of a character in a line of its own: joined with a newline between, it is no character.
    expect(texts(bytes(0xc3, 0x0a, 0xbc))).to.deep.equal(['\ufffd', '\ufffd']);
  });

  describe('a line that comes back from the transforms', () => {
    const broken = bytes(0x61, 0xff, 0xfe, 0x62);
    const [line] = toMessages(1, broken) as Iterable<Message & { kind: 'line' }>;
    if (line === undefined) throw new Error('a block of one line has a line');

    it('is the bytes that came in, when it is the same object', () => {
      expect(toBytes(line)).to.equal(broken);
    });

    it('is the bytes that came in, when it is a copy', () => {
      expect(toBytes({ ...line })).to.equal(broken);
      expect(toBytes(Object.assign({}, line))).to.equal(broken);
      expect(toBytes({ ...line, text: line.text })).to.equal(broken);
    });

    it('is the changed text, when that was changed', () => {
      expect(toBytes({ ...line, text: `${line.text}ü` })).to.equal(encode('a\ufffd\ufffdbü'));
    });

    it('keeps a real U+FFFD, which is valid', () => {
      const [real] = toMessages(1, encode('a\ufffdb')) as Iterable<Message & { kind: 'line' }>;
      expect(toBytes({ ...(real as Message & { kind: 'line' }) })).to.equal(encode('a\ufffdb'));
    });
  });

  it('gives every line of random bytes back as it came', () => {
    const next = random(7);
    for (let round = 0; round < 3000; round++) {
      const values = Array.from({ length: Math.floor(next() * 40) }, () =>
        // Many continuation and lead bytes, so that there are valid characters among them, and newlines.
        next() < 0.1 ? 10 : Math.floor(next() < 0.5 ? 0x80 + next() * 0x80 : next() * 256),
      );
      const block = bytes(...values);
      const back = [...toMessages(0, block)].map((message) => toBytes({ ...(message as { text: string }) }));
      expect(back.join('\n')).to.equal(block);
    }
  });
});
