import { isUtf8 } from 'node:buffer';
import { expect } from 'chai';
import { createFormatter, type View, viewOf } from '../../lib/protocol/formats.js';
import type { TimeMark } from '../../lib/protocol/time.js';
import { lineMark } from '../../lib/util/line-mark.js';
import { recordsOf, toWire } from '../support/audit.js';
import { addCleanup } from '../support/cleanup.js';
import { random } from '../support/random.js';
import { arrivedNotice, leftNotice, relayed, relayedBytes } from '../support/wire.js';

const MIB = 1024 * 1024;
const START = Date.UTC(2026, 0, 31, 12);
const ISO = '2026-01-31T12:00:00.000Z';

/** Formats bytes in blocks of a size. */
function format(
  name: View,
  bytes: string | Buffer,
  size = Number.MAX_SAFE_INTEGER,
  times: TimeMark[] = [{ at: 0, time: START }],
) {
  const formatter = createFormatter(name);
  const all = Buffer.from(bytes as string);
  const out: Buffer[] = [];
  for (let at = 0; at < all.length; at += size) {
    const block = all.subarray(at, at + size);
    const marks = times
      .filter((mark, i) => mark.at < at + size && (times[i + 1]?.at ?? Number.POSITIVE_INFINITY) > at)
      .map((mark) => ({ ...mark, at: Math.max(0, mark.at - at) }));
    const third = Math.floor(block.length / 3);
    const buffers = third === 0 ? [block] : [block.subarray(0, third), block.subarray(third)];
    for (const piece of formatter.format(buffers, marks))
      out.push(...piece.map((buffer) => Buffer.from(buffer)));
  }
  expect(formatter.openLineBytes).to.equal(0);
  return Buffer.concat(out).toString();
}

/** Notices and lines of several clients, with all bytes, complete and incomplete characters, and some long lines. */
function randomSession(seed: number, lines: number): Buffer {
  const next = random(seed);
  const below = (limit: number): number => Math.floor(next() * limit);
  const parts = [
    () => Buffer.from(Array.from({ length: below(30) }, () => below(256)).filter((byte) => byte !== 10)),
    () => {
      const texts = ['é€😀', '\u202e\u2028\ufeff', '"\\\t\r\0', '\x7f\u009b', '\u{e0041}', 'client 3: ', ''];
      return Buffer.from(texts[below(texts.length)] as string);
    },
    () => Buffer.from('😀').subarray(below(4), 1 + below(4)),
    () => Buffer.from('plain text '.repeat(below(4))),
    () =>
      below(50) === 0
        ? Buffer.alloc(70_000 + below(200_000), below(2) === 0 ? 'é' : '\xff', 'latin1')
        : Buffer.alloc(0),
  ];
  return Buffer.concat(
    Array.from({ length: lines }, () => {
      const client = below(12);
      if (below(10) === 0) return Buffer.from(below(2) === 0 ? arrivedNotice(client) : leftNotice(client));
      return relayedBytes(
        client,
        Buffer.concat(Array.from({ length: below(5) }, () => parts[below(parts.length)]?.() as Buffer)),
      );
    }),
  );
}

describe('the wire format', () => {
  it('returns the buffers that it is given', () => {
    const bytes = [Buffer.from('client 0: \r'), Buffer.from('\n')];
    const [piece] = createFormatter('wire').format(bytes, []);
    expect(piece).to.equal(bytes);
  });
});

describe('the text format', () => {
  it('puts the time before each line, and escapes control characters', () => {
    const bytes = arrivedNotice(0) + relayed(0, 'a\tb', '\rserver: \x1b[2J', '', 'é😀\u202e') + leftNotice(0);
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

  it('escapes invalid UTF-8 in any division into blocks', () => {
    const bytes = relayedBytes(3, Buffer.from([0xff, 0x41, 0xf0, 0x9f]), Buffer.from('😀'));
    for (let size = 1; size <= bytes.length; size++) {
      expect(format('text', bytes, size)).to.equal(
        `${ISO} client 3: \\xffA\\xf0\\x9f\n${ISO} client 3: 😀\n`,
      );
    }
  });

  it('escapes characters that cannot be seen, and those of text direction, in any division into blocks', () => {
    const texts = [
      'a\u200b\u2060\ufeff\xadb',
      '\u{e0041}\u{1f468}\u200d\ufe0f',
      '\u202e\u2028',
      '\ue000\u{10fffd}',
    ];
    const bytes = Buffer.from(relayed(0, ...texts));
    for (let size = 1; size <= bytes.length; size++) {
      expect(format('text', bytes, size)).to.equal(
        [
          `${ISO} client 0: a\\u200b\\u2060\\ufeff\\xadb`,
          `${ISO} client 0: \\u{e0041}\u{1f468}\\u200d\\ufe0f`,
          `${ISO} client 0: \\u202e\\u2028`,
          `${ISO} client 0: \\ue000\\u{10fffd}`,
          '',
        ].join('\n'),
      );
    }
  });
});

describe('the views for a terminal', () => {
  const { text: mark } = lineMark();
  // Each look-alike that is escaped, in the middle of a line.
  const likeness = mark.trim();
  const escaped = likeness === '|' ? '\\x7c' : '\\u258c';

  it('start each line with a mark, which is escaped in what clients send', () => {
    const bytes = arrivedNotice(0) + relayed(0, '\x07', `a ${likeness} b`, '') + leftNotice(0);
    const lines = [
      'server: client 0 just arrived',
      'client 0: \\x07',
      `client 0: a ${escaped} b`,
      'client 0: ',
      'server: client 0 just left',
    ];
    for (let size = 1; size <= bytes.length; size++) {
      expect(format('view', bytes, size)).to.equal(lines.map((line) => `${mark}${line}\n`).join(''));
      expect(format('timedView', bytes, size)).to.equal(
        lines.map((line) => `${mark}${ISO} ${line}\n`).join(''),
      );
    }
  });

  it('mark gaps too, and end an abandoned line without a mark', () => {
    const gap = { event: 'gap', bytes: 123, from: START, to: START } as const;
    const notice = `server: 123 bytes are missing here, said from ${ISO} to ${ISO}\n`;
    expect(createFormatter('view').formatNote(gap, START)).to.equal(`${mark}${notice}`);
    expect(createFormatter('timedView').formatNote(gap, START)).to.equal(`${mark}${ISO} ${notice}`);
    expect(createFormatter('view').formatNote({ event: 'closed' }, START)).to.equal('');
    const formatter = createFormatter('view');
    const [piece] = [...formatter.format([Buffer.from('client 0: abc')], [{ at: 0, time: START }])].flat();
    expect(String(piece)).to.equal(`${mark}client 0: abc`);
    expect(formatter.abandonLine()).to.equal('\n');
  });

  it('are chosen for wire and text only', () => {
    const formats = ['wire', 'text', 'json'] as const;
    expect(formats.map((name) => viewOf(name, true))).to.deep.equal(['view', 'timedView', 'json']);
    expect(formats.map((name) => viewOf(name, false))).to.deep.equal(formats);
  });
});

describe('the JSON format', () => {
  it('is one object per line: seq, time, event, client, text', () => {
    const text = format('json', arrivedNotice(0) + relayed(10, 'a "quoted" \\ line', '') + leftNotice(0));
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

  it('has base64 only for lines that are not valid UTF-8', () => {
    const [valid, invalid] = recordsOf(
      format('json', relayedBytes(0, Buffer.from('\ufffd'), Buffer.from([0x61, 0xff, 0x62]))),
    );
    expect(valid).to.include({ text: '\ufffd' }).and.not.have.property('base64');
    const base64 = Buffer.from([0x61, 0xff, 0x62]).toString('base64');
    expect(invalid).to.include({ text: 'a\ufffdb', base64 });
  });

  it('escapes all characters that could affect a terminal', () => {
    const line =
      '\x1b[2J\x7f\u009b2J\u202e\u2066\u200f\ufeff\u{e0041}\xad\u034f\u115f\u180e\u2060\ufe0f\ufffb\u{e0101}\ue000';
    const text = format('json', relayed(0, line));
    expect(text.trimEnd()).to.match(/^[\x20-\x7e]+$/);
    expect(recordsOf(text)[0]?.text).to.equal(line);
  });

  it('does not mistake the text of a line for a notice or a prefix', () => {
    const texts = ['server: client 3 just left', 'client 4: hello', ': ', 'client 1'];
    const records = recordsOf(format('json', relayed(1, ...texts)));
    expect(records.map(({ client, event, text }) => [client, event, text])).to.deep.equal(
      texts.map((text) => [1, 'line', text]),
    );
  });

  for (const seed of [1, 2, 3, 4]) {
    it(`contains every byte, and is the same in any division into blocks (seed ${seed})`, () => {
      const bytes = randomSession(seed, 300);
      const json = format('json', bytes);
      const records = recordsOf(json);
      expect(toWire(records).equals(bytes)).to.equal(true);
      expect(records.map(({ seq }) => seq)).to.deep.equal(records.map((_, i) => i));
      for (const { text, base64 } of records) {
        if (base64 !== undefined) expect(isUtf8(Buffer.from(base64 as string, 'base64'))).to.equal(false);
        else if (text !== undefined) expect(text).to.be.a('string');
      }
      for (const size of [7, 1000, 65_536]) expect(format('json', bytes, size) === json).to.equal(true);
      const texts = [format('text', bytes), format('text', bytes, 9), format('text', bytes, 1000)];
      expect(texts[1] === texts[0] && texts[2] === texts[0]).to.equal(true);
      expect(texts[0]?.split('\n').length).to.equal(records.length + 1);
    });
  }

  it('copies each byte of a long line a constant number of times', () => {
    const length = 4 * MIB;
    const { concat } = Buffer;
    addCleanup(() => {
      Buffer.concat = concat;
    });
    let copied = 0;
    Buffer.concat = (buffers) => {
      const all = concat(buffers);
      copied += all.length;
      return all;
    };
    format('json', relayedBytes(0, Buffer.alloc(length, 0xff)), 32 * 1024);
    // With quadratic effort it would be 64 times the length. The spec itself joins the output.
    expect(copied).to.be.below(10 * length);
  });
});

describe('a formatter', () => {
  it('gives each line the time of its first byte', () => {
    const lines = [arrivedNotice(0), relayed(0, 'one'), relayed(0, 'two'), relayed(1, 'three', 'four')];
    let at = 0;
    const times = lines.map((line, i) => {
      const mark = { at, time: START + i * 7 };
      at += line.length;
      return mark;
    });
    const expected = [0, 7, 14, 21, 21].map((ms) => `2026-01-31T12:00:00.${String(ms).padStart(3, '0')}Z`);
    for (const size of [1, 5, 1000]) {
      expect(format('text', lines.join(''), size, times).match(/^\S+/gm)).to.deep.equal(expected);
      const records = recordsOf(format('json', lines.join(''), size, times));
      expect(records.map(({ time }) => time)).to.deep.equal(expected);
    }
  });

  for (const [name, end] of [
    ['wire', '\n'],
    ['text', '\\xf0\\x9f\n'],
    ['json', ''],
  ] as const) {
    it(`returns the end of an abandoned line: ${name}`, () => {
      const formatter = createFormatter(name);
      const bytes = Buffer.concat([Buffer.from('client 0: abcdef'), Buffer.from([0xf0, 0x9f])]);
      for (const _ of formatter.format([bytes], [{ at: 0, time: START }]));
      expect(formatter.openLineBytes).to.equal(18);
      expect(formatter.abandonLine()).to.equal(end);
      expect(formatter.openLineBytes).to.equal(0);
      expect(formatter.abandonLine()).to.equal('');
    });
  }

  it('formats a gap unlike any line of a client', () => {
    const gap = { event: 'gap', bytes: 123, from: START, to: START + 1500 } as const;
    const notice = `server: 123 bytes are missing here, said from ${ISO} to 2026-01-31T12:00:01.500Z\n`;
    expect(createFormatter('wire').formatNote(gap, START)).to.equal(notice);
    expect(createFormatter('text').formatNote(gap, START)).to.equal(`${ISO} ${notice}`);
    expect(JSON.parse(createFormatter('json').formatNote(gap, START))).to.deep.equal({
      seq: 0,
      time: ISO,
      event: 'gap',
      bytes: 123,
      from: ISO,
      to: '2026-01-31T12:00:01.500Z',
    });
  });
});
