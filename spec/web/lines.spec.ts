import { expect } from 'chai';
import { displayText } from '../../web/room/display-text.js';
import { type Line, LineReader, MAX_SHOWN_BYTES } from '../../web/room/lines.js';
import { random } from '../support/random.js';

const bytesOf = (text: string): Uint8Array => new Uint8Array(Buffer.from(text));

function readAll(chunks: readonly Uint8Array[]): { lines: Line[]; texts: string[] } {
  const reader = new LineReader();
  const read = chunks.map((chunk) => reader.read(chunk));
  return {
    lines: read.flatMap((lines) => Array.from({ length: lines.count }, (_, i) => lines.at(i))),
    texts: read.flatMap((lines) => lines.texts()),
  };
}

describe('LineReader of the page', () => {
  it('returns the same lines wherever the transcript is cut', () => {
    const next = random(1);
    const transcript = bytesOf(
      'client 0: hé\n\nserver: client 1 just left\nclient 2: \u{1f600}\u202e\n'.repeat(20),
    );
    const expected = readAll([transcript]);
    for (let round = 0; round < 50; round++) {
      const chunks: Uint8Array[] = [];
      for (let at = 0; at < transcript.length; ) {
        const length = Math.floor(next() * 40);
        chunks.push(transcript.subarray(at, at + length));
        at += length;
      }
      expect(readAll(chunks)).to.deep.equal(expected);
    }
    expect(expected.texts.slice(0, 4)).to.deep.equal([
      'client 0: hé',
      '',
      'server: client 1 just left',
      'client 2: \u{1f600}\\u202e',
    ]);
  });

  it('does not return a line before it is complete, and forgets it on reset', () => {
    const reader = new LineReader();
    expect(reader.read(bytesOf('client 0: ab')).count).to.equal(0);
    reader.reset();
    const lines = reader.read(bytesOf('client 1: c\nclient 0'));
    expect(lines.texts()).to.deep.equal(['client 1: c']);
  });

  it('keeps the start of a long line and its length, without a part of a character', () => {
    // The last character of the shown part would be cut in its middle.
    const text = `${'x'.repeat(MAX_SHOWN_BYTES - 2)}€${'y'.repeat(5000)}`;
    const long = bytesOf(`${text}\n`);
    const inOne = readAll([bytesOf('a\n'), Buffer.concat([bytesOf('b\n'), long])]);
    const inParts = readAll([
      bytesOf('a\nb\n'),
      long.subarray(0, 100),
      long.subarray(100, 6000),
      long.subarray(6000),
    ]);
    for (const { lines, texts } of [inOne, inParts]) {
      expect(lines[2]?.length).to.equal(Buffer.byteLength(text));
      expect(lines[2]?.bytes.length).to.equal(MAX_SHOWN_BYTES - 2);
      expect(texts[2]).to.equal('x'.repeat(MAX_SHOWN_BYTES - 2));
    }
  });

  it('keeps a long line that is not UTF-8, and one that ends with a complete character', () => {
    const binary = new Uint8Array(MAX_SHOWN_BYTES + 10).fill(0x80);
    const whole = bytesOf(`${'x'.repeat(MAX_SHOWN_BYTES - 3)}€€`);
    const { lines } = readAll([binary, bytesOf('\n'), whole, bytesOf('\n')]);
    expect(lines.map(({ bytes }) => bytes.length)).to.deep.equal([MAX_SHOWN_BYTES, MAX_SHOWN_BYTES]);
  });

  it('holds only the start of a line of 64 MiB', () => {
    const reader = new LineReader();
    const chunk = new Uint8Array(1024 * 1024).fill(0x61);
    for (let i = 0; i < 64; i++) reader.read(chunk);
    const line = reader.read(bytesOf('\n')).at(0);
    expect(line.length).to.equal(64 * 1024 * 1024);
    expect(line.bytes.buffer.byteLength).to.equal(MAX_SHOWN_BYTES);
  });

  it('copies lines, so that a line does not keep its whole chunk in memory', () => {
    const { lines } = readAll([bytesOf(`a\nb\n${'x'.repeat(10_000)}\n`)]);
    expect(lines.slice(0, 2).map(({ bytes }) => bytes.buffer.byteLength)).to.deep.equal([1, 1]);
  });
});

describe('displayText', () => {
  it('shows control characters, invisible characters and a byte order mark as escapes', () => {
    expect(displayText(bytesOf('\ufeffa\x1b[2J\r\u200bb\t'))).to.equal('\\ufeffa\\x1b[2J\\r\\u200bb\t');
  });

  it('shows bytes that are not UTF-8 as escapes, and the text around them', () => {
    const bytes = Buffer.concat([
      bytesOf('é'),
      Buffer.from([0xff, 0xc3]),
      bytesOf('€'),
      Buffer.alloc(10_000, 0x80),
    ]);
    expect(displayText(new Uint8Array(bytes))).to.equal(`é\\xff\\xc3€${'\\x80'.repeat(10_000)}`);
  });
});
