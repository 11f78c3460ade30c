import { once } from 'node:events';
import { PassThrough } from 'node:stream';
import { expect } from 'chai';
import { toCurrentStream } from '../../lib/transforms/current-stream.js';
import { readableStreams, type Stream, streamx } from '../support/stream-libraries.js';
import { eventually, waitTurns } from '../support/waiting.js';

const objectMode = { objectMode: true };
const old = readableStreams[2];

async function errorOf(stream: Stream): Promise<Error> {
  const [error] = await once(stream, 'error');
  return error as Error;
}

describe('toCurrentStream()', () => {
  it('returns a current stream as it is', () => {
    const stream = new PassThrough();
    expect(toCurrentStream(stream)).to.equal(stream);
  });

  it('keeps what the stream has emitted before it failed', async () => {
    const stream = new old.Duplex({
      ...objectMode,
      read() {},
      write(this: Stream, _chunk: unknown, _encoding: string, done: (error: Error) => void) {
        for (let i = 0; i < 100; i++) this.push(i);
        setImmediate(done, new Error('oops'));
      },
    });
    const wrapped = toCurrentStream(stream);
    wrapped.read(0);
    wrapped.write('go');
    expect((await errorOf(wrapped)).message).to.equal('oops');
    const kept: unknown[] = [];
    for (let item = wrapped.read(); item !== null; item = wrapped.read()) kept.push(item);
    expect(kept).to.deep.equal(Array.from({ length: 100 }, (_, i) => i));
  });

  for (const method of ['write', 'end', 'resume'] as const) {
    it(`fails when ${method}() of the stream throws`, async () => {
      const stream = new old.PassThrough(objectMode);
      stream[method] = () => {
        throw new Error('oops');
      };
      const wrapped = toCurrentStream(stream);
      const error = errorOf(wrapped);
      wrapped.resume();
      wrapped.end('last');
      expect((await error).message).to.equal('oops');
      expect(wrapped.destroyed).to.equal(true);
    });
  }

  it('fails with the first error when destroy() of the stream throws as well', async () => {
    const destroy = (): never => {
      throw new Error('second');
    };
    const stream = Object.assign(new old.PassThrough(objectMode), { destroy });
    const wrapped = toCurrentStream(stream);
    const error = errorOf(wrapped);
    stream.emit('error', 'first');
    expect((await error).message).to.equal('first');
    const other = toCurrentStream(Object.assign(new old.PassThrough(), { destroy }));
    const reason = errorOf(other);
    other.destroy();
    expect((await reason).message).to.equal('second');
  });

  it('fails with its first error when reading the rest throws as well', async () => {
    const stream = new old.PassThrough(objectMode);
    const { read } = stream;
    let isBroken = false;
    stream.read = (size) => {
      if (isBroken) throw new Error('second');
      return read.call(stream, size);
    };
    const wrapped = toCurrentStream(stream);
    wrapped.read(0);
    stream.pause();
    stream.write('kept');
    isBroken = true;
    const error = errorOf(wrapped);
    stream.emit('error', new Error('first'));
    expect((await error).message).to.equal('first');
  });

  it('fails when a method throws that the library calls later', async () => {
    for (const method of ['_read', '_final'] as const) {
      const stream = new readableStreams[3].Duplex({ read() {}, write() {}, final() {} });
      stream[method] = () => {
        throw new Error('oops');
      };
      const wrapped = toCurrentStream(stream);
      const error = errorOf(wrapped);
      wrapped.resume();
      wrapped.end();
      expect((await error).message).to.equal('oops');
    }
  });

  it('works without destroy(), which the first releases of readable-stream 2 lack', async () => {
    const stream = Object.assign(new old.PassThrough(), { destroy: undefined });
    const wrapped = toCurrentStream(stream);
    wrapped.end('bytes');
    expect(await wrapped.toArray()).to.deep.equal([Buffer.from('bytes')]);
    await eventually('the end', () => wrapped.destroyed);
  });

  it('does not end a stream that has finished by itself', async () => {
    const stream = new old.PassThrough();
    const wrapped = toCurrentStream(stream);
    stream.end('bytes');
    await once(stream, 'finish');
    wrapped.end();
    expect(await wrapped.toArray()).to.deep.equal([Buffer.from('bytes')]);
    await eventually('the end', () => wrapped.destroyed);
  });

  it('keeps what a stream of streamx has emitted before it was destroyed in its own method', async () => {
    const stream: Stream = new streamx.Transform({
      transform(item: number, done: (error: null, item: number) => void) {
        if (item === 3) stream.destroy();
        else done(null, item);
      },
    });
    const wrapped = toCurrentStream(stream);
    wrapped.read(0);
    for (let i = 0; i < 5; i++) wrapped.write(i);
    await once(wrapped, 'close');
    const kept: unknown[] = [];
    for (let item = wrapped.read(); item !== null; item = wrapped.read()) kept.push(item);
    expect(kept).to.deep.equal([0, 1, 2]);
  });

  it('does not acknowledge a chunk that a destroyed stream of streamx has dropped', async () => {
    const stream = new streamx.Transform({ highWaterMark: 1 });
    const wrapped = toCurrentStream(stream);
    let written = 0;
    for (let i = 0; i < 4; i++) wrapped.write(i, (error) => void (error ?? written++));
    wrapped.on('error', () => {});
    await waitTurns();
    const before = written;
    expect(before).to.be.below(4);
    stream.destroy();
    await eventually('the end', () => wrapped.closed);
    expect(written).to.equal(before);
  });
});
