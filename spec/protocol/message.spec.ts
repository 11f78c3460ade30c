import { runInNewContext } from 'node:vm';
import { expect } from 'chai';
import {
  BLOCK_BYTES,
  decode,
  describeOther,
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
  class Line {
    readonly kind = 'line';
    readonly client = 0;
    readonly text = 'x';
  }
  const fields = { kind: 'line', client: 0, text: 'x' };
  const throwing = {
    get kind(): string {
      throw new Error('oops');
    },
  };
  const { proxy: revoked, revoke } = Proxy.revocable({ ...fields }, {});
  revoke();

  const accepted: Record<string, unknown> = {
    'a message': fields,
    'a message without client, which the relay sets': { kind: 'arrived' },
    'another client, which the relay corrects': { kind: 'left', client: 1 },
    'an empty text': { kind: 'line', text: '' },
    'more properties': { ...fields, time: 5 },
    'a frozen message': Object.freeze({ ...fields }),
    'a message without prototype': Object.assign(Object.create(null), fields),
    'a message of another realm': runInNewContext('({ kind: "line", client: 0, text: "x" })'),
    'a Proxy of a message': new Proxy({ ...fields }, {}),
    'a message with a getter': Object.defineProperty({ ...fields }, 'text', { get: () => 'x' }),
  };
  for (const [what, value] of Object.entries(accepted)) {
    it(`accepts ${what}`, () => expect(isMessage(value)).to.equal(true));
  }

  const rejected: Record<string, unknown> = {
    undefined: undefined,
    null: null,
    'an empty object': {},
    'another kind': { kind: 'other', text: 'x' },
    'a line without text': { kind: 'line' },
    'a text that is a number': { kind: 'line', text: 1 },
    'a boxed text': { kind: 'line', text: Object('x') },
    'a client that is a text': { kind: 'line', client: '0', text: 'x' },
    'a client that is no integer': { kind: 'arrived', client: 1.5 },
    'a client that is not a number': { kind: 'left', client: Number.NaN },
    'a string': 'line',
    'a number': 7,
    'a symbol': Symbol('line'),
    'a function with the fields of a message': Object.assign(() => {}, fields),
    'an array with the fields of a message': Object.assign([], fields),
    'an array of a message': [fields],
    'an instance of a class': new Line(),
    'an object that inherits its fields': Object.create(fields),
    'a promise of a message': Promise.resolve(fields),
    'a getter that throws': throwing,
    'a Proxy that throws': new Proxy({ ...fields }, { get: () => expect.fail('trap') }),
    'a revoked Proxy': revoked,
  };
  for (const value of [
    new Map(Object.entries(fields)),
    new Set(['line']),
    new URL('http://localhost/'),
    new Date(0),
    /x/,
    Buffer.from('x'),
    new Float64Array(1),
    new ReadableStream(),
    new TransformStream(),
    new Error('x'),
    Object('line'),
    Object(1),
  ]) {
    const type = value.constructor.name;
    rejected[`a ${type} with the fields of a message`] = Object.assign(value, fields);
  }
  for (const [what, value] of Object.entries(rejected)) {
    it(`rejects ${what}`, () => expect(isMessage(value)).to.equal(false));
  }
});

describe('describeOther()', () => {
  const throwing = {
    get kind(): string {
      throw new Error('oops');
    },
  };
  class Line {
    readonly kind = 'arrived';
  }
  const cases: [value: unknown, expected: string][] = [
    [null, 'null'],
    ['x', "'x'"],
    [{ kind: 'lines' }, "{ kind: 'lines' }"],
    [{ kind: 'line', client: '0', text: 'x' }, "{ kind: 'line', client: '0', text: 'x' }"],
    [[[1]], '[ [Array] ]'],
    [new Map(), 'Map(0) {}'],
    [throwing, '{ kind: [Getter] }'],
    [new Line(), '[Line], which is not a plain object'],
    [Object.assign(new Map(), { kind: 'left' }), '[Map], which is not a plain object'],
  ];
  for (const [value, expected] of cases) {
    it(`returns ${expected}`, () => expect(describeOther(value)).to.equal(expected));
  }

  it('describes a value that cannot be read', () => {
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    expect(describeOther(proxy)).to.equal('<Revoked Proxy>');
    const broken = Object.defineProperty({}, Symbol.toStringTag, { get: () => expect.fail('getter') });
    expect(describeOther(broken)).to.equal('a broken object');
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
