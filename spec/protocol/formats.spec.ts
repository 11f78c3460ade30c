import { isUtf8 } from 'node:buffer';
import { expect } from 'chai';
import { createFormatter, type Format } from '../../lib/protocol/formats.js';
import type { TimeMark } from '../../lib/protocol/time.js';
import { recordsOf, toWire } from '../support/audit.js';
import { random } from '../support/random.js';
import { arrived, left, said, saidBytes } from '../support/wire.js';

const BEGAN = Date.UTC(2026, 0, 31, 12);
const ISO = '2026-01-31T12:00:00.000Z';

/** What becomes of these bytes, given in blocks of these sizes, or in one. */
function format(
  name: Format | 'view',
  bytes: string | Buffer,
  size = 1e9,
  times: TimeMark[] = [{ at: 0, time: BEGAN }],
) {
  const formatter = createFormatter(name);
  const all = Buffer.from(bytes as string);
  const out: Buffer[] = [];
  for (let at = 0; at < all.length; at += size) {
    const block = all.subarray(at, at + size);
    const within = times
      .filter((mark, i) => mark.at < at + size && (times[i + 1]?.at ?? Number.POSITIVE_INFINITY) > at)
      .map((mark) => ({ ...mark, at: Math.max(0, mark.at - at) }));
    const third = Math.floor(block.length / 3);
    const parts = third === 0 ? [block] : [block.subarray(0, third), block.subarray(third)];
    for (const piece of formatter.format(parts, within))
      out.push(...piece.map((buffer) => Buffer.from(buffer)));
  }
  expect(formatter.openLineBytes).to.equal(0);
  return Buffer.concat(out).toString();
}

/** Lines of a few clients, of all the bytes that there are, of characters, cut and whole, and of their comings. */
function randomSession(seed: number, lines: number): Buffer {
  const next = random(seed);
  const pick = (most: number): number => Math.floor(next() * most);
  const word = [
    () => Buffer.from(Array.from({ length: pick(30) }, () => pick(256)).filter((byte) => byte !== 10)),
    () =>
      Buffer.from(
        ['é€😀', '\u202e\u2028\ufeff', '"\\\t\r\0', '\x7f\u009b', '\u{e0041}', 'client 3: ', ''][pick(7)] ??
          '',
      ),
    () => Buffer.from('😀').subarray(pick(4), 1 + pick(4)),
    () => Buffer.from('plain text '.repeat(pick(4))),
    () =>
      pick(50) === 0
        ? Buffer.alloc(70_000 + pick(200_000), pick(2) === 0 ? 'é' : '\xff', 'latin1')
        : Buffer.alloc(0),
  ];
  return Buffer.concat(
    Array.from({ length: lines }, () => {
      const client = pick(12);
      if (pick(10) === 0) return Buffer.from(pick(2) === 0 ? arrived(client) : left(client));
      return saidBytes(
        client,
        Buffer.concat(Array.from({ length: pick(5) }, () => word[pick(5)]?.() as Buffer)),
      );
    }),
  );
}

describe('format wire', () => {
  it('gives the very buffers that it was given', () => {
    const bytes = [Buffer.from('client 0: \r'), Buffer.from('\n')];
    const [piece] = createFormatter('wire').format(bytes, []);
    expect(piece).to.equal(bytes);
  });
});

describe('format text', () => {
  it('puts the time before each line, and makes control characters visible', () => {
    const bytes = arrived(0) + said(0, 'a\tb', '\rserver: \x1b[2J', '', 'é😀\u202e') + left(0);
    expect(format('text', bytes)).to.equal(
      [
        `${ISO} server: client 0 just arrived`,
        `${ISO} client 0: a\tb`,
        `${ISO} client 0: \\rserver: \\x1b[2J`,
        `${ISO} client 0: `,
        `${ISO} client 0: é😀\\u202e`,
        `${ISO} server: client 0 just left`,
        '',
      ].join('\n'),
    );
  });

  it('shows bytes that are no UTF-8, wherever a line is cut between blocks', () => {
    const bytes = saidBytes(3, Buffer.from([0xff, 0x41, 0xf0, 0x9f]), Buffer.from('😀'));
    for (let size = 1; size <= bytes.length; size++) {
      expect(format('text', bytes, size)).to.equal(
        `${ISO} client 3: \\xffA\\xf0\\x9f\n${ISO} client 3: 😀\n`,
      );
    }
  });

  it('can leave out the time, for a terminal', () => {
    expect(format('view', said(0, '\x07', 'b'), 7)).to.equal('client 0: \\x07\nclient 0: b\n');
  });
});

describe('format json', () => {
  it('is an object a line: seq, time, event, client, text', () => {
    const text = format('json', arrived(0) + said(10, 'a "quoted" \\ line', '') + left(0));
    expect(text).to.equal(
      [
        `{"seq":0,"time":"${ISO}","event":"arrived","client":0}`,
        `{"seq":1,"time":"${ISO}","event":"line","client":10,"text":"a \\"quoted\\" \\\\ line"}`,
        `{"seq":2,"time":"${ISO}","event":"line","client":10,"text":""}`,
        `{"seq":3,"time":"${ISO}","event":"left","client":0}`,
        '',
      ].join('\n'),
    );
  });

  it('has base64 where the bytes are no UTF-8, and only there', () => {
    const [good, bad] = recordsOf(
      format('json', saidBytes(0, Buffer.from('\ufffd'), Buffer.from([0x61, 0xff, 0x62]))),
    );
    expect(good).to.include({ text: '\ufffd' }).and.not.have.property('base64');
    expect(bad).to.include({ text: 'a\ufffdb', base64: Buffer.from([0x61, 0xff, 0x62]).toString('base64') });
  });

  it('shows a terminal nothing that could move its cursor or turn its text around', () => {
    const text = format('json', said(0, '\x1b[2J\x7f\u009b2J\u202e\u2066\u200f\ufeff\u{e0041}'));
    expect(text.trimEnd()).to.match(/^[\x20-\x7e]+$/);
    expect(recordsOf(text)[0]?.text).to.equal('\x1b[2J\x7f\u009b2J\u202e\u2066\u200f\ufeff\u{e0041}');
  });

  it('does not take a line for a notice, nor its text for a name', () => {
    const texts = ['server: client 3 just left', 'client 4: hello', ': ', 'client 1'];
    const records = recordsOf(format('json', said(1, ...texts)));
    expect(records.map(({ client, event, text }) => [client, event, text])).to.deep.equal(
      texts.map((text) => [1, 'line', text]),
    );
  });

  for (const seed of [1, 2, 3, 4]) {
    it(`gives back every byte, however it is cut into blocks (seed ${seed})`, () => {
      const bytes = randomSession(seed, 300);
      const whole = format('json', bytes);
      const records = recordsOf(whole);
      expect(toWire(records).equals(bytes)).to.equal(true);
      expect(records.map(({ seq }) => seq)).to.deep.equal(records.map((_, i) => i));
      for (const { text, base64 } of records) {
        if (base64 !== undefined) expect(isUtf8(Buffer.from(base64 as string, 'base64'))).to.equal(false);
        else if (text !== undefined) expect(text).to.be.a('string');
      }
      for (const size of [7, 1000, 65_536]) expect(format('json', bytes, size) === whole).to.equal(true);
      const texts = [format('text', bytes), format('text', bytes, 9), format('text', bytes, 1000)];
      expect(texts[1] === texts[0] && texts[2] === texts[0]).to.equal(true);
      expect(texts[0]?.split('\n').length).to.equal(records.length + 1);
    });
  }

  it('takes time that grows with a line, and no faster', () => {
    const MIB = 1024 * 1024;
    const took = (length: number): number => {
      const start = performance.now();
      format('json', saidBytes(0, Buffer.alloc(length, 0xff)), 32 * 1024);
      return performance.now() - start;
    };
    took(MIB);
    const [short, long] = [took(4 * MIB), took(32 * MIB)];
    expect(long).to.be.below(8 * short * 4);
  });
});

describe('formats', () => {
  it('give each line the time of its beginning', () => {
    const lines = [arrived(0), said(0, 'one'), said(0, 'two'), said(1, 'three', 'four')];
    let at = 0;
    const times = lines.map((line, i) => {
      const mark = { at, time: BEGAN + i * 7 };
      at += line.length;
      return mark;
    });
    const stamps = [0, 7, 14, 21, 21].map((ms) => `2026-01-31T12:00:00.${String(ms).padStart(3, '0')}Z`);
    for (const size of [1, 5, 1000]) {
      expect(format('text', lines.join(''), size, times).match(/^\S+/gm)).to.deep.equal(stamps);
      expect(recordsOf(format('json', lines.join(''), size, times)).map(({ time }) => time)).to.deep.equal(
        stamps,
      );
    }
  });

  for (const [name, end, held] of [
    ['wire', '\n', 0],
    ['text', '\\xf0\\x9f\n', 0],
    ['json', '', 18],
  ] as const) {
    it(`end a line that is given up, and say how much of it was held back: ${name}`, () => {
      const formatter = createFormatter(name);
      const bytes = Buffer.concat([Buffer.from('client 0: abcdef'), Buffer.from([0xf0, 0x9f])]);
      for (const _ of formatter.format([bytes], [{ at: 0, time: BEGAN }]));
      expect(formatter.openLineBytes).to.equal(18);
      expect(formatter.abandonLine()).to.deep.equal({ end, held });
      expect(formatter.openLineBytes).to.equal(0);
      expect(formatter.abandonLine()).to.deep.equal({ end: '', held: 0 });
    });
  }

  it('say what is missing in a way that no client can', () => {
    const gap = { event: 'gap', bytes: 123, from: BEGAN, to: BEGAN + 1500 } as const;
    const words = `server: 123 bytes are missing here, said from ${ISO} to 2026-01-31T12:00:01.500Z\n`;
    expect(createFormatter('wire').formatNote(gap, BEGAN)).to.equal(words);
    expect(createFormatter('text').formatNote(gap, BEGAN)).to.equal(`${ISO} ${words}`);
    expect(JSON.parse(createFormatter('json').formatNote(gap, BEGAN))).to.deep.equal({
      seq: 0,
      time: ISO,
      event: 'gap',
      bytes: 123,
      from: ISO,
      to: '2026-01-31T12:00:01.500Z',
    });
  });
});
