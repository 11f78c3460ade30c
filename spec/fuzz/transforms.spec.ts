import { duplexPair, Transform, Writable } from 'node:stream';
import fc from 'fast-check';
import { objectTransform } from 'through2';
import * as lib from '../../lib/index.js';
import { checkProperty, chunks } from '../support/fuzz.js';
import { DANGEROUS, decodeStrictly } from '../support/hostile.js';
import { Inbox } from '../support/inbox.js';

/** A line in the model: its text, and the text and bytes that the client sent. */
interface Line {
  readonly text: string;
  readonly origin: { readonly text: string; readonly bytes: Buffer } | undefined;
}

/** The specification: the transcript of a client that sends these bytes through these transforms and leaves. */
function model(sent: Buffer, chain: readonly Kind[]): string {
  let lines = splitBytes(sent).map(
    (bytes): Line => ({ text: bytes.toString(), origin: { text: bytes.toString(), bytes } }),
  );
  for (const { apply } of chain) lines = lines.flatMap(apply);
  const relayed = lines.map((line) => toBytes(line).toString('latin1').replaceAll('\n', '\nclient 0: '));
  return [
    'server: client 0 just arrived',
    ...relayed.map((text) => `client 0: ${text}`),
    'server: client 0 just left',
    '',
  ].join('\n');
}

function splitBytes(sent: Buffer): Buffer[] {
  return sent
    .toString('latin1')
    .split('\n')
    .slice(0, -1)
    .map((line) => Buffer.from(line, 'latin1'));
}

/** A line whose text is unchanged keeps its bytes, even if they are invalid UTF-8. */
function toBytes({ text, origin }: Line): Buffer {
  return origin?.text === text ? origin.bytes : Buffer.from(text);
}

/** A reference implementation of `escape`: one character at a time, as the platform decodes it. */
function escapeLine(line: Line): Line {
  const bytes = toBytes(line);
  let text = '';
  for (let at = 0; at < bytes.length; ) {
    const size = [1, 2, 3, 4].find(
      (length) => at + length <= bytes.length && isText(bytes.subarray(at, at + length)),
    );
    const character =
      size === undefined ? String.fromCharCode(bytes[at] as number) : bytes.toString('utf8', at, at + size);
    text +=
      size !== undefined && (character === '\n' || !DANGEROUS.test(character)) ? character : show(character);
    at += size ?? 1;
  }
  return { ...line, text };
}

function isText(bytes: Buffer): boolean {
  try {
    return decodeStrictly(bytes).length > 0;
  } catch {
    return false;
  }
}

function show(character: string): string {
  if (character === '\r') return '\\r';
  const code = (character.codePointAt(0) as number).toString(16);
  if (code.length > 4) return `\\u{${code}}`;
  return code.length > 2 ? `\\u${code.padStart(4, '0')}` : `\\x${code.padStart(2, '0')}`;
}

type Message = lib.Message;

/** A transform and its model. */
interface Kind {
  readonly name: string;
  readonly create: () => lib.MessageTransform;
  readonly apply: (line: Line) => Line[];
}

const nullStream = () => new Writable({ write: (_chunk, _encoding, done) => done() });
const upper = (text: string): string => text.toUpperCase();
/** A function of a message that changes the text of lines. */
const changeText = (change: (text: string) => string) => (message: Message) =>
  message.kind === 'line' ? { ...message, text: change(message.text) } : message;

const KINDS: readonly Kind[] = [
  {
    name: 'filter drop',
    create: () => lib.filter({ drop: /secret/ }),
    apply: (line) => (line.text.includes('secret') ? [] : [line]),
  },
  {
    name: 'filter keep',
    create: () => lib.filter({ keep: '/[a ]/g' }),
    apply: (line) => (/[a ]/.test(line.text) ? [line] : []),
  },
  {
    name: 'replace',
    create: () => lib.replace({ pattern: /a(.)/, with: '<$1>' }),
    apply: (line) => [{ ...line, text: line.text.replace(/a(.)/g, '<$1>') }],
  },
  {
    name: 'timestamp',
    create: () => lib.timestamp({ now: () => 0, format: 'unix' }),
    apply: (line) => [{ ...line, text: `0.000 ${line.text}` }],
  },
  { name: 'escape', create: () => lib.escape(), apply: (line) => [escapeLine(line)] },
  { name: 'rate', create: () => lib.rate({ lines: 1e9 }), apply: (line) => [line] },
  { name: 'log', create: () => lib.log({ to: nullStream() }), apply: (line) => [line] },
  {
    name: 'function',
    create: () => changeText(upper),
    apply: (line) => [{ ...line, text: upper(line.text) }],
  },
  {
    name: 'function that returns a new message',
    create: () => (message) =>
      message.kind === 'line' ? { kind: 'line', client: 7, text: message.text } : message,
    apply: ({ text }) => [{ text, origin: undefined }],
  },
  {
    name: 'async function that returns two messages',
    create: () => async (message) => {
      await new Promise((resolve) => setImmediate(resolve));
      return message.kind === 'line' ? [message, changeText(upper)(message)] : message;
    },
    apply: (line) => [line, { ...line, text: upper(line.text) }],
  },
  {
    name: 'function that drops',
    create: () => (message) => (message.kind === 'line' && message.text === '' ? null : message),
    apply: (line) => (line.text === '' ? [] : [line]),
  },
  {
    name: 'function that inserts newlines',
    create: () => changeText((text) => text.replaceAll(' ', '\n')),
    apply: (line) => [{ ...line, text: line.text.replaceAll(' ', '\n') }],
  },
  {
    name: 'generator',
    create: () =>
      async function* (messages) {
        for await (const message of messages) {
          yield message;
          if (message.kind === 'line' && message.text.length > 3) yield { ...message, text: 'long' };
        }
      },
    apply: (line) => (line.text.length > 3 ? [line, { ...line, text: 'long' }] : [line]),
  },
  {
    name: 'through2',
    create: () => ({
      createStream: () =>
        objectTransform((message: Message, _encoding, done) =>
          done(null, changeText((text) => `${text}\r`)(message)),
        ),
    }),
    apply: (line) => [{ ...line, text: `${line.text}\r` }],
  },
  {
    name: 'slow Transform of node:stream',
    create: () => ({
      createStream: () =>
        new Transform({
          objectMode: true,
          highWaterMark: 1,
          transform: (message: Message, _encoding, done) => void setImmediate(() => done(null, message)),
        }),
    }),
    apply: (line) => [line],
  },
];

const chains = fc.array(fc.constantFrom(...KINDS.map(({ name }) => name)), { minLength: 1, maxLength: 4 });

describe('fuzz: chain of transforms', () => {
  it('emits what the model emits, for any input, chunks and chain', async () => {
    const property = fc.asyncProperty(chunks, chains, async (parts, names) => {
      const chain = names.map((name) => KINDS.find((kind) => kind.name === name) as Kind);
      const relay = lib.createRelay({
        transforms: chain.map(({ create }) => create()),
        onTransformError: 'close',
      });
      const output = new Inbox();
      relay.createReadStream().on('data', (chunk: Buffer) => output.push(chunk));
      const [near, far] = duplexPair();
      const left = new Promise((resolve) => relay.once('left', resolve));
      relay.handle(far);
      near.resume();
      for (const part of parts) {
        if (part.length > 0) near.write(part);
        else await new Promise((resolve) => setImmediate(resolve));
      }
      near.end();
      await left;
      await relay.close();
      const expected = model(Buffer.concat(parts), chain);
      const actual = output.bytes.toString('latin1');
      if (actual !== expected) {
        throw new Error(`expected ${JSON.stringify(expected)}, got ${JSON.stringify(actual)}`);
      }
    });
    await checkProperty(0.2, property);
  });
});
