import { duplexPair, Transform, Writable } from 'node:stream';
import fc from 'fast-check';
import { objectTransform } from 'through2';
import * as shipped from '../../lib/index.js';
import { chunks, holds } from '../support/fuzz.js';
import { DANGEROUS, strict } from '../support/hostile.js';
import { Inbox } from '../support/inbox.js';

/** A line of the model: its text, and what it came in as. */
interface Line {
  readonly text: string;
  readonly came: { readonly text: string; readonly bytes: Buffer } | undefined;
}

/** The specification: what is heard of a client that sends these bytes through these transforms and leaves. */
function model(sent: Buffer, chain: readonly Kind[]): string {
  let lines = splitBytes(sent).map(
    (bytes): Line => ({ text: bytes.toString(), came: { text: bytes.toString(), bytes } }),
  );
  for (const { of } of chain) lines = lines.flatMap(of);
  const said = lines.map((line) => toBytes(line).toString('latin1').replaceAll('\n', '\nclient 0: '));
  return [
    'server: client 0 just arrived',
    ...said.map((text) => `client 0: ${text}`),
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

/** Bytes that a transform has not changed are what they were, also where they are no text. */
function toBytes({ text, came }: Line): Buffer {
  return came?.text === text ? came.bytes : Buffer.from(text);
}

/** `escape`, a character after the other, by what the platform takes for one. */
function escaped(line: Line): Line {
  const bytes = toBytes(line);
  let text = '';
  for (let at = 0; at < bytes.length; ) {
    const size = [1, 2, 3, 4].find(
      (length) => at + length <= bytes.length && isText(bytes.subarray(at, at + length)),
    );
    const character =
      size === undefined ? String.fromCharCode(bytes[at] as number) : bytes.toString('utf8', at, at + size);
    text +=
      size !== undefined && (character === '\n' || !DANGEROUS.test(character)) ? character : shown(character);
    at += size ?? 1;
  }
  return { ...line, text };
}

function isText(bytes: Buffer): boolean {
  try {
    return strict(bytes).length > 0;
  } catch {
    return false;
  }
}

function shown(character: string): string {
  if (character === '\r') return '\\r';
  const code = character.charCodeAt(0).toString(16);
  return code.length > 2 ? `\\u${code.padStart(4, '0')}` : `\\x${code.padStart(2, '0')}`;
}

type Factory = shipped.TransformFactory;
type Message = shipped.Message;

/** A transform, and what the model makes of a line in its place. */
interface Kind {
  readonly name: string;
  readonly made: () => Factory;
  readonly of: (line: Line) => Line[];
}

const nowhere = () => new Writable({ write: (_chunk, _encoding, done) => done() });
const upper = (text: string): string => text.toUpperCase();
/** A function of a message that says `text` of a line, and nothing of anything else. */
const texts = (change: (text: string) => string) => (message: Message) =>
  message.kind === 'line' ? { ...message, text: change(message.text) } : message;

const KINDS: readonly Kind[] = [
  {
    name: 'filter drop',
    made: () => shipped.filter({ drop: /secret/ }),
    of: (line) => (line.text.includes('secret') ? [] : [line]),
  },
  {
    name: 'filter keep',
    made: () => shipped.filter({ keep: '/[a ]/g' }),
    of: (line) => (/[a ]/.test(line.text) ? [line] : []),
  },
  {
    name: 'replace',
    made: () => shipped.replace({ pattern: /a(.)/, with: '<$1>' }),
    of: (line) => [{ ...line, text: line.text.replace(/a(.)/g, '<$1>') }],
  },
  {
    name: 'timestamp',
    made: () => shipped.timestamp({ now: () => 0, format: 'unix' }),
    of: (line) => [{ ...line, text: `0.000 ${line.text}` }],
  },
  { name: 'escape', made: () => shipped.escape(), of: (line) => [escaped(line)] },
  { name: 'rate', made: () => shipped.rate({ lines: 1e9 }), of: (line) => [line] },
  { name: 'log', made: () => shipped.log({ to: nowhere() }), of: (line) => [line] },
  { name: 'function', made: () => () => texts(upper), of: (line) => [{ ...line, text: upper(line.text) }] },
  {
    name: 'function that gives a new message',
    made: () => () => (message) =>
      message.kind === 'line' ? { kind: 'line', client: 7, text: message.text } : message,
    of: ({ text }) => [{ text, came: undefined }],
  },
  {
    name: 'function that doubles, later',
    made: () => () => async (message) => {
      await new Promise((resolve) => setImmediate(resolve));
      return message.kind === 'line' ? [message, texts(upper)(message)] : message;
    },
    of: (line) => [line, { ...line, text: upper(line.text) }],
  },
  {
    name: 'function that drops',
    made: () => () => (message) => (message.kind === 'line' && message.text === '' ? null : message),
    of: (line) => (line.text === '' ? [] : [line]),
  },
  {
    name: 'function that breaks lines',
    made: () => () => texts((text) => text.replaceAll(' ', '\n')),
    of: (line) => [{ ...line, text: line.text.replaceAll(' ', '\n') }],
  },
  {
    name: 'generator',
    made: () =>
      async function* (messages) {
        for await (const message of messages) {
          yield message;
          if (message.kind === 'line' && message.text.length > 3) yield { ...message, text: 'long' };
        }
      },
    of: (line) => (line.text.length > 3 ? [line, { ...line, text: 'long' }] : [line]),
  },
  {
    name: 'through2',
    made: () => () =>
      objectTransform((message: Message, _encoding, done) =>
        done(null, texts((text) => `${text}\r`)(message)),
      ) as never,
    of: (line) => [{ ...line, text: `${line.text}\r` }],
  },
  {
    name: 'stream of node’s that is slow',
    made: () => () =>
      new Transform({
        objectMode: true,
        highWaterMark: 1,
        transform: (message: Message, _encoding, done) => void setImmediate(() => done(null, message)),
      }),
    of: (line) => [line],
  },
];

const chains = fc.array(fc.constantFrom(...KINDS.map(({ name }) => name)), { minLength: 1, maxLength: 4 });

describe('fuzz: transforms', () => {
  it('give what the model does, whatever is said, however it is cut, in any chain', async () => {
    const property = fc.asyncProperty(chunks, chains, async (parts, names) => {
      const chain = names.map((name) => KINDS.find((kind) => kind.name === name) as Kind);
      const relay = shipped.createRelay({
        transforms: chain.map(({ made }) => made()),
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
      const wanted = model(Buffer.concat(parts), chain);
      const heard = output.bytes.toString('latin1');
      if (heard !== wanted)
        throw new Error(`heard ${JSON.stringify(heard)}, and not ${JSON.stringify(wanted)}`);
    });
    await holds(0.2, property);
  });
});
