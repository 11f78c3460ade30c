// A client's chain by itself, where transforms give what they should not, or stop when they should not.
import { PassThrough, Transform } from 'node:stream';
import { expect } from 'chai';
import type { Message, TransformFactory } from '../../lib/index.js';
import { Chain, type Failure } from '../../lib/transforms/chain.js';
import { eventually } from '../support/waiting.js';

const line = (text: string): Message => ({ kind: 'line', client: 0, text });
const through: TransformFactory = () => new PassThrough({ objectMode: true });

type Give = (stream: Transform, message: Message, done: () => void) => void;
const giving =
  (give: Give): TransformFactory =>
  () =>
    new Transform({
      objectMode: true,
      transform(message: Message, _encoding, done) {
        give(this, message, done);
      },
    });

/** A chain, and all that it has to say. */
function made(factories: TransformFactory[], bypass = false) {
  const heard: string[] = [];
  const failures: Failure[] = [];
  const counts = { ended: 0, settled: 0 };
  const chain = new Chain({
    client: { id: 0 },
    factories,
    bypass,
    message: (message) => heard.push(message.kind === 'line' ? message.text : message.kind),
    ended: () => counts.ended++,
    failed: (failure) => failures.push(failure),
    settled: () => counts.settled++,
  });
  const write = (message: Message): boolean => chain.write(message, () => {});
  return { chain, write, heard, failures, counts };
}

describe('chain of transforms that fail', () => {
  it('makes no more of them once one could not be made', () => {
    let calls = 0;
    const broken = (): never => {
      throw new Error('oops');
    };
    const next: TransformFactory = () => {
      calls++;
      return new PassThrough({ objectMode: true });
    };
    const { failures, write } = made([broken, next]);
    expect(calls).to.equal(0);
    expect(failures.map(({ position, bypassed }) => [position, bypassed])).to.deep.equal([[0, false]]);
    expect(write(line('nobody hears'))).to.equal(true);
  });

  for (const bypass of [false, true]) {
    const what = bypass ? 'gives what else there was' : 'gives nothing more';
    it(`${what} after something that is no message (${bypass ? 'bypass' : 'close'})`, async () => {
      const several = giving((stream, message, done) => {
        for (const given of [line('before'), 'no message', { kind: 'none' }, message]) stream.push(given);
        done();
      });
      const { write, heard, failures } = made([several, through], bypass);
      write(line('one'));
      await eventually('its failure', () => failures.length > 0);
      expect(failures).to.have.length(1);
      expect(failures[0]?.error.message).to.equal('it gave something that is no message');
      expect(failures[0]?.position).to.equal(0);
      write(line('two'));
      const whole = ['before', 'one', 'two'];
      if (bypass) await eventually('the rest', () => heard.length === whole.length);
      await new Promise((resolve) => setImmediate(resolve));
      expect(heard).to.deep.equal(bypass ? whole : ['before']);
    });
  }

  it('says how it failed: that it closed, or ended, before its client left', async () => {
    const closing = made([giving((stream) => void stream.destroy())]);
    closing.write(line('x'));
    const ending = made([giving((stream) => void stream.push(null))]);
    ending.write(line('x'));
    await eventually('both to fail', () => closing.failures.length + ending.failures.length === 2);
    expect(closing.failures[0]?.error.message).to.equal('it closed before its client left');
    expect(ending.failures[0]?.error.message).to.equal('it ended before its client left');
  });

  it('is the end of a client that is refused, also where others would be led around', async () => {
    const refusing = giving((stream) => {
      stream.destroy(Object.assign(new Error('go away'), { code: 'ERR_REFUSED' }));
    });
    const { write, failures, heard } = made([refusing, through], true);
    write(line('x'));
    await eventually('the refusal', () => failures.length > 0);
    expect(failures[0]?.bypassed).to.equal(false);
    write(line('y'));
    await new Promise((resolve) => setImmediate(resolve));
    expect(heard).to.deep.equal([]);
  });

  it('gives what it had given and nobody had taken yet, before what it had not answered (bypass)', async () => {
    const three: TransformFactory = () =>
      new Transform({
        objectMode: true,
        transform(message: Message, _encoding, done) {
          if (message.kind === 'line' && message.text === 'bad') return done(new Error('oops'));
          for (const text of ['one', 'two', 'three']) this.push(line(text));
          done();
        },
      });
    const held: (() => void)[] = [];
    const slow: TransformFactory = () =>
      new Transform({
        objectMode: true,
        highWaterMark: 1,
        transform(message: Message, _encoding, done) {
          held.push(() => done(null, message));
        },
      });
    const { write, heard, failures } = made([three, slow], true);
    write(line('many'));
    await eventually('the first to be held', () => held.length > 0);
    write(line('bad'));
    await eventually('its failure', () => failures.length > 0);
    await eventually('all of it', () => {
      held.shift()?.();
      return heard.length >= 4;
    });
    expect(heard).to.deep.equal(['one', 'two', 'three', 'bad']);
  });

  it('has nothing left to answer when it is given up', () => {
    const { chain, write } = made([giving(() => {})]);
    write(line('x'));
    write(line('y'));
    expect(chain.busy).to.equal(2);
    chain.destroy();
    expect(chain.busy).to.equal(0);
  });
});

describe('chain that is at rest', () => {
  it('says so when all that it was given is answered, and not before', async () => {
    const waiting: (() => void)[] = [];
    const slow = giving((_stream, _message, done) => void waiting.push(done));
    const { write, counts } = made([through, slow]);
    write(line('one'));
    write(line('two'));
    const answer = async (): Promise<void> => {
      await eventually('a message to answer', () => waiting.length > 0);
      waiting.shift()?.();
      await new Promise((resolve) => setImmediate(resolve));
    };
    await answer();
    expect(counts.settled).to.equal(0);
    await answer();
    expect(counts.settled).to.equal(1);
  });
});
