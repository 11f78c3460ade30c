import { once } from 'node:events';
import { finished } from 'node:stream/promises';
import { expect } from 'chai';
import { sinkStream } from '../../lib/sinks/sink-stream.js';
import { waitTurns, within } from '../support/waiting.js';

/** A sink of which the spec answers each write. */
function slowSink() {
  const writes: string[] = [];
  const answers: ((error?: Error) => void)[] = [];
  let isEnded = false;
  return {
    writes,
    answers,
    isEnded: () => isEnded,
    write(chunks: readonly Buffer[], done: (error?: Error) => void) {
      writes.push(chunks.map(String).join('|'));
      answers.push(done);
    },
    async end() {
      isEnded = true;
    },
  };
}

describe('sinkStream()', () => {
  it('makes one write of the chunks that arrive during a write, and ends the sink last', async () => {
    const sink = slowSink();
    const stream = sinkStream(async () => sink);
    stream.write('a');
    await waitTurns(2);
    stream.write('b');
    stream.end('c');
    await waitTurns(2);
    expect(sink.writes).to.deep.equal(['a']);
    sink.answers[0]?.();
    await waitTurns(2);
    expect([sink.writes, sink.isEnded()]).to.deep.equal([['a', 'b|c'], false]);
    sink.answers[1]?.();
    await within(finished(stream), 'the end');
    expect(sink.isEnded()).to.equal(true);
  });

  it('opens the sink at the first write', async () => {
    let opened = 0;
    const stream = sinkStream(async () => {
      opened++;
      return slowSink();
    });
    stream.end();
    await within(finished(stream), 'the end');
    expect(opened).to.equal(0);
  });

  it('fails if the sink cannot be opened, and if a write fails', async () => {
    const unopened = sinkStream(() => Promise.reject(new Error('cannot open')));
    unopened.write('x');
    expect((await once(unopened, 'error'))[0]).to.include({ message: 'cannot open' });
    const sink = slowSink();
    const stream = sinkStream(async () => sink);
    stream.write('x');
    await waitTurns(2);
    const failed = once(stream, 'error');
    sink.answers[0]?.(new Error('EPIPE'));
    expect((await failed)[0]).to.include({ message: 'EPIPE' });
  });
});
