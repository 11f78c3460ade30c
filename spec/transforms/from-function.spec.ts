import { PassThrough } from 'node:stream';
import { expect } from 'chai';
import type { Message, MessageFunction } from '../../lib/index.js';
import { instantiate } from '../../lib/transforms/instantiate.js';
import { life, pass } from '../support/pass.js';
import { within } from '../support/waiting.js';

/** The error of a stream that runs a function with this answer to each line. */
async function errorOf(answer: unknown): Promise<Error> {
  const stream = instantiate((message) => (message.kind === 'line' ? (answer as Message) : message), {
    id: 0,
  });
  const failed = new Promise<Error>((resolve) => stream.once('error', resolve));
  stream.resume();
  for (const message of life(['x'])) stream.write(message);
  return within(failed, 'the error of the stream');
}

describe('function of a message', () => {
  const answers: [what: string, transform: MessageFunction, lines: string[]][] = [
    ['passes on the message that it returns', (message) => message, ['a', 'b']],
    ['drops a message by returning null', (m) => (m.kind === 'line' && m.text === 'a' ? null : m), ['b']],
    ['drops a message by returning an empty array', (m) => (m.kind === 'line' ? [] : m), []],
    [
      'multiplies a message by returning an array',
      (m) => (m.kind === 'line' ? [m, m] : m),
      ['a', 'a', 'b', 'b'],
    ],
    ['can return a promise of an array', async (m) => (m.kind === 'line' ? [m, m] : m), ['a', 'a', 'b', 'b']],
    ['can return a promise of null', async (m) => (m.kind === 'line' ? null : m), []],
  ];
  for (const [what, transform, lines] of answers) {
    it(what, async () => {
      expect(await pass(transform, life(['a', 'b']))).to.deep.equal(life(lines));
    });
  }

  it('gets the next message only after its promise is settled', async () => {
    let running = 0;
    const transform: MessageFunction = async (message) => {
      expect(++running).to.equal(1);
      await new Promise((resolve) => setImmediate(resolve));
      running--;
      return message;
    };
    expect(await pass(transform, life(['a', 'b']))).to.deep.equal(life(['a', 'b']));
  });

  const expected = "expected a message such as { kind: 'line', client, text }, an array of messages, or null";
  const line: Message = { kind: 'line', client: 0, text: 'x' };
  const throwing = {
    get kind(): string {
      throw new Error('oops');
    },
  };
  class Line {
    readonly kind = 'line';
    readonly text = 'x';
  }
  const invalid: [what: string, answer: unknown, message: string | RegExp][] = [
    ['undefined', undefined, 'returned undefined; return the message to pass it on, or null to drop it'],
    ['a promise of undefined', Promise.resolve(), /^returned undefined; return the message/],
    ['a boolean', true, `returned true; ${expected}`],
    ['a string', 'x', `returned 'x'; ${expected}`],
    ['an object of another kind', { kind: 'Line' }, `returned { kind: 'Line' }; ${expected}`],
    ['a line without text', { kind: 'line', client: 0 }, `returned { kind: 'line', client: 0 }; ${expected}`],
    ['a Map', new Map(), `returned Map(0) {}; ${expected}`],
    ['a Date', new Date(0), `returned 1970-01-01T00:00:00.000Z; ${expected}`],
    ['a URL', new URL('http://x/'), /^returned URL.*; expected a message/],
    [
      'an object that throws',
      new Proxy({}, { get: (_target, name) => (name === 'then' ? undefined : expect.fail('trap')) }),
      `returned {}; ${expected}`,
    ],
    [
      'a promise of an object that throws',
      Promise.resolve(throwing),
      `returned { kind: [Getter] }; ${expected}`,
    ],
    [
      'an object whose then cannot be read',
      Object.defineProperty({}, 'then', {
        get: () => {
          throw new Error('oops');
        },
      }),
      'oops',
    ],
    ['a message of another class', new Line(), /^returned \[Line\], which is not a plain object; /],
    [
      'a client that is no integer',
      { ...line, client: '0' },
      `returned { kind: 'line', client: '0', text: 'x' }; ${expected}`,
    ],
    ['a ReadableStream', new ReadableStream(), `returned [ReadableStream]; ${expected}`],
    ['an array with null', [line, null], `returned an array with null; ${expected}`],
    ['an array in an array', [[line]], /^returned an array with \[ \[?.*\]; expected a message/],
    ['an array with a hole', new Array(1), `returned an array with undefined; ${expected}`],
    ['an iterator', [line].values(), /^returned Object \[Array Iterator\] \{\}; expected/],
    ['a function', () => line, /; use createStream\(client\) for a transform that makes a stream$/],
    ['a stream', new PassThrough(), /; use createStream\(client\) for a transform that makes a stream$/],
  ];
  for (const [what, answer, message] of invalid) {
    it(`fails with an explanation if it returns ${what}`, async () => {
      const error = await errorOf(answer);
      if (typeof message === 'string') expect(error.message).to.equal(message);
      else expect(error.message).to.match(message);
    });
  }

  it('emits nothing of an array that contains anything but messages', async () => {
    const stream = instantiate(() => [line, 'x' as never], { id: 0 });
    const emitted: unknown[] = [];
    stream.on('data', (message) => emitted.push(message));
    const failed = new Promise((resolve) => stream.once('error', resolve));
    stream.write(line);
    await within(failed, 'the error of the stream');
    expect(emitted).to.deep.equal([]);
  });

  it('fails with an Error if its promise rejects with anything else', async () => {
    expect((await errorOf(Promise.reject('oops'))).message).to.equal('oops');
  });
});
