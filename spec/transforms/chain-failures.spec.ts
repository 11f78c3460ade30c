import { PassThrough, Transform } from 'node:stream';
import { expect } from 'chai';
import type { Message, MessageTransform } from '../../lib/index.js';
import { Chain, type TransformFailure } from '../../lib/transforms/chain.js';
import { eventually } from '../support/waiting.js';

const line = (text: string): Message => ({ kind: 'line', client: 0, text });
const through: MessageTransform = { createStream: () => new PassThrough({ objectMode: true }) };

type Handler = (stream: Transform, message: Message, done: (error?: Error) => void) => void;
const stream = (handle: Handler, options = {}): MessageTransform => ({
  createStream: () =>
    new Transform({
      objectMode: true,
      ...options,
      transform(message: Message, _encoding, done) {
        handle(this, message, done);
      },
    }),
});

/** A chain, and everything that it reports. */
function createChain(transforms: MessageTransform[], bypassFailed = false) {
  const received: string[] = [];
  const failures: TransformFailure[] = [];
  const counts = { idle: 0 };
  const chain = new Chain({
    client: { id: 0 },
    transforms,
    bypassFailed,
    maxLineBytes: 1000,
    onMessage: (message) => received.push(message.kind === 'line' ? message.text : message.kind) > 0,
    onWarning: () => {},
    onEnd: () => {},
    onFailure: (failure) => failures.push(failure),
    onIdle: () => counts.idle++,
  });
  const write = (message: Message): boolean => chain.write(message, () => {});
  return { chain, write, received, failures, counts };
}

describe('Chain', () => {
  it('creates no further transforms after one that could not be created', () => {
    let calls = 0;
    const broken: MessageTransform = {
      createStream() {
        throw new Error('oops');
      },
    };
    const next: MessageTransform = {
      createStream() {
        calls++;
        return new PassThrough({ objectMode: true });
      },
    };
    const { failures, write } = createChain([broken, next]);
    expect(calls).to.equal(0);
    expect(failures.map(({ position, isBypassed }) => [position, isBypassed])).to.deep.equal([[0, false]]);
    expect(write(line('ignored'))).to.equal(true);
  });

  for (const bypassFailed of [false, true]) {
    const what = bypassFailed ? 'passes the remaining output' : 'passes nothing more';
    it(`${what} after a transform emitted an invalid message (bypassFailed: ${bypassFailed})`, async () => {
      const several = stream((transform, message, done) => {
        for (const output of [line('before'), 'no message', { kind: 'none' }, message])
          transform.push(output);
        done();
      });
      const { write, received, failures } = createChain([several, through], bypassFailed);
      write(line('one'));
      await eventually('a failure', () => failures.length > 0);
      expect(failures).to.have.length(1);
      expect(failures[0]?.error.message).to.equal(
        "emitted 'no message'; expected a message such as { kind: 'line', client, text }",
      );
      expect(failures[0]?.position).to.equal(0);
      write(line('two'));
      const all = ['before', 'one', 'two'];
      if (bypassFailed) await eventually('all output', () => received.length === all.length);
      await new Promise((resolve) => setImmediate(resolve));
      expect(received).to.deep.equal(bypassFailed ? all : ['before']);
    });
  }

  it('reports whether a transform closed or ended too early', async () => {
    const closing = createChain([stream((transform) => void transform.destroy())]);
    closing.write(line('x'));
    const ending = createChain([stream((transform) => void transform.push(null))]);
    ending.write(line('x'));
    await eventually('two failures', () => closing.failures.length + ending.failures.length === 2);
    expect(closing.failures[0]?.error.message).to.equal('closed before its client left');
    expect(ending.failures[0]?.error.message).to.equal('ended before its client left');
  });

  it('reports the transform whose message cannot be passed on', async () => {
    const failures: TransformFailure[] = [];
    const chain = new Chain({
      client: { id: 0 },
      transforms: [through],
      bypassFailed: false,
      maxLineBytes: 1000,
      onMessage: () => {
        throw new RangeError('Invalid string length');
      },
      onEnd: () => {},
      onWarning: () => {},
      onFailure: (failure) => failures.push(failure),
      onIdle: () => {},
    });
    chain.write(line('x'), () => {});
    await eventually('a failure', () => failures.length > 0);
    expect(failures.map(({ error, position }) => [error.message, position])).to.deep.equal([
      ['Invalid string length', 0],
    ]);
  });

  it('does not bypass a transform that refuses its client', async () => {
    const refusing = stream((transform) => {
      transform.destroy(Object.assign(new Error('go away'), { code: 'ERR_REFUSED' }));
    });
    const { write, failures, received } = createChain([refusing, through], true);
    write(line('x'));
    await eventually('the refusal', () => failures.length > 0);
    expect(failures[0]?.isBypassed).to.equal(false);
    write(line('y'));
    await new Promise((resolve) => setImmediate(resolve));
    expect(received).to.deep.equal([]);
  });

  it('passes the buffered output of a failed transform before its pending messages (bypass)', async () => {
    const three = stream((transform, message, done) => {
      if (message.kind === 'line' && message.text === 'bad') return done(new Error('oops'));
      for (const text of ['one', 'two', 'three']) transform.push(line(text));
      done();
    });
    const held: (() => void)[] = [];
    const slow = stream(
      (transform, message, done) => {
        held.push(() => {
          transform.push(message);
          done();
        });
      },
      { highWaterMark: 1 },
    );
    const { write, received, failures } = createChain([three, slow], true);
    write(line('many'));
    await eventually('a held message', () => held.length > 0);
    write(line('bad'));
    await eventually('the failure', () => failures.length > 0);
    await eventually('all output', () => {
      held.shift()?.();
      return received.length >= 4;
    });
    expect(received).to.deep.equal(['one', 'two', 'three', 'bad']);
  });

  it('counts no pending messages after destroy()', () => {
    const { chain, write } = createChain([stream(() => {})]);
    write(line('x'));
    write(line('y'));
    expect(chain.pendingCount).to.equal(2);
    chain.destroy();
    expect(chain.pendingCount).to.equal(0);
  });

  it('calls onIdle only when all messages are acknowledged', async () => {
    const waiting: (() => void)[] = [];
    const slow = stream((_transform, _message, done) => void waiting.push(done));
    const { write, counts } = createChain([through, slow]);
    write(line('one'));
    write(line('two'));
    const acknowledge = async (): Promise<void> => {
      await eventually('a waiting message', () => waiting.length > 0);
      waiting.shift()?.();
      await new Promise((resolve) => setImmediate(resolve));
    };
    await acknowledge();
    expect(counts.idle).to.equal(0);
    await acknowledge();
    expect(counts.idle).to.equal(1);
  });
});
