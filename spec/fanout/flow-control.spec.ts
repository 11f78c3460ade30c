import { expect } from 'chai';
import { FlowControl } from '../../lib/fanout/flow-control.js';
import type { Progress, Reader } from '../../lib/fanout/reader.js';
import { FakeClock } from '../support/world.js';

const WINDOW = 100;
const LEEWAY = 1000;

interface FakeReader {
  owner: number;
  lagBytes: number;
  standing: Progress;
  isFinishing: boolean;
  progress(now: number): Progress;
}

function reader(owner: number, lagBytes: number, standing: Progress = 'going'): FakeReader & Reader {
  const fake: FakeReader = { owner, lagBytes, standing, isFinishing: false, progress: () => fake.standing };
  return fake as FakeReader & Reader;
}

/** Senders as `pass` sees them: who may go on now. */
function pacingOf(clients: Reader[], transcripts: Reader[] = []) {
  const clock = new FakeClock();
  const state = { overfull: false };
  const pacing = new FlowControl({
    clock,
    windowBytes: WINDOW,
    slowWindowBytes: LEEWAY,
    isFull: () => state.overfull,
  });
  for (const client of clients) pacing.clientReaders.add(client);
  for (const transcript of transcripts) pacing.outputReaders.add(transcript);
  const passed: number[] = [];
  return {
    clock,
    state,
    pacing,
    passed,
    say: (client: number) => pacing.throttle(client, () => passed.push(client)),
  };
}

const microtasks = (): Promise<void> => Promise.resolve();

describe('pacing lets a sender go on', () => {
  it('when nobody is there', () => {
    const { say, passed } = pacingOf([]);
    say(0);
    expect(passed).to.deep.equal([0]);
  });

  it('while one reader that makes progress is within the window, however far behind the others are', () => {
    const { say, passed } = pacingOf([reader(1, 1e9), reader(2, WINDOW), reader(3, 1e9)]);
    say(0);
    expect(passed).to.deep.equal([0]);
  });

  it('when all who are behind have stalled', () => {
    const { say, passed } = pacingOf([reader(1, 1e9, 'stopped'), reader(2, 1e9, 'stopped')]);
    say(0);
    expect(passed).to.deep.equal([0]);
  });

  it('whatever a client that has left is still owed', () => {
    const leaver = reader(1, 1e9);
    leaver.isFinishing = true;
    const { say, passed } = pacingOf([leaver, reader(2, 1e9, 'stopped')]);
    say(0);
    expect(passed).to.deep.equal([0]);
  });

  it('while a reader that hesitates is no further behind than memory holds', () => {
    const { say, passed } = pacingOf([reader(1, LEEWAY, 'hesitating')]);
    say(0);
    expect(passed).to.deep.equal([0]);
  });

  it('whatever a transcript can carry, as long as a client’s reader keeps up', () => {
    const { say, passed } = pacingOf([reader(1, 0)], [reader(-1, 1e9)]);
    say(0);
    expect(passed).to.deep.equal([0]);
  });
});

describe('pacing makes a sender wait', () => {
  it('while every reader that makes progress is more than a window behind', () => {
    const { say, passed, pacing } = pacingOf([
      reader(1, WINDOW + 1),
      reader(2, 1e9),
      reader(3, 1e9, 'stopped'),
    ]);
    say(0);
    expect(passed).to.deep.equal([]);
    expect(pacing.waitingSenders).to.equal(1);
  });

  it('though one that has let it pass before has stopped, or left, or begun to finish', () => {
    for (const change of [{ standing: 'stopped' }, { isFinishing: true }] as const) {
      const [lead, other] = [reader(1, 0), reader(2, WINDOW + 1)];
      const { say, passed } = pacingOf([lead, other]);
      say(0);
      Object.assign(lead, change);
      say(0);
      expect(passed).to.deep.equal([0]);
    }
  });

  it('though one that has let it pass before has gone', () => {
    const [lead, other] = [reader(1, 0), reader(2, WINDOW + 1)];
    const { say, passed, pacing } = pacingOf([lead, other]);
    say(0);
    pacing.clientReaders.delete(lead);
    say(0);
    expect(passed).to.deep.equal([0]);
  });

  it('while one that only hesitates is about to cost disk', () => {
    const { say, passed } = pacingOf([reader(1, LEEWAY + 1, 'hesitating')]);
    say(0);
    expect(passed).to.deep.equal([]);
  });

  it('though its own reader keeps up, to which what it says is no work', () => {
    const { say, passed } = pacingOf([reader(0, 0), reader(1, WINDOW + 1)]);
    say(0);
    expect(passed).to.deep.equal([]);
  });

  it('for a transcript that is behind, where no client’s reader makes progress', () => {
    const { say, passed } = pacingOf([reader(0, 0), reader(1, 1e9, 'stopped')], [reader(-1, WINDOW + 1)]);
    say(0);
    expect(passed).to.deep.equal([]);
  });

  it('whoever reads, while the log can take no more', () => {
    const { say, passed, state } = pacingOf([reader(1, 0)]);
    state.overfull = true;
    say(0);
    expect(passed).to.deep.equal([]);
  });
});

describe('a sender that waits goes on', () => {
  it('when a reader has come within the window', async () => {
    const slow = reader(1, WINDOW + 1);
    const { say, passed, pacing, clock } = pacingOf([slow]);
    say(0);
    pacing.onReaderProgress(slow);
    await microtasks();
    expect(passed).to.deep.equal([]);
    slow.lagBytes = WINDOW;
    pacing.onReaderProgress(slow);
    await microtasks();
    expect(passed).to.deep.equal([0]);
    expect(clock.pending).to.equal(0);
  });

  it('when the reader that it waited for has stalled', async () => {
    const slow = reader(1, WINDOW + 1);
    const { say, passed, clock } = pacingOf([slow]);
    say(0);
    slow.standing = 'stopped';
    clock.advance(50);
    await microtasks();
    expect(passed).to.deep.equal([0]);
  });

  it('when the reader that it waited for has left', async () => {
    const slow = reader(1, WINDOW + 1);
    const { say, passed, pacing } = pacingOf([slow]);
    say(0);
    pacing.clientReaders.delete(slow);
    pacing.recheck();
    await microtasks();
    expect(passed).to.deep.equal([0]);
  });

  it('when the log has room again, each in its turn', async () => {
    const { say, passed, pacing, state } = pacingOf([reader(9, 0)]);
    state.overfull = true;
    for (const client of [2, 0, 1]) say(client);
    expect(pacing.waitingSenders).to.equal(3);
    state.overfull = false;
    pacing.recheck();
    await microtasks();
    expect(passed).to.deep.equal([2, 0, 1]);
  });

  it('when the room is closed', async () => {
    const { say, passed, pacing, clock } = pacingOf([reader(1, 1e9)]);
    say(0);
    pacing.disable();
    await microtasks();
    expect(passed).to.deep.equal([0]);
    expect(clock.pending).to.equal(0);
  });

  it('never in the middle of what woke it', () => {
    const slow = reader(1, WINDOW + 1);
    const { say, passed, pacing } = pacingOf([slow]);
    say(0);
    slow.lagBytes = 0;
    pacing.onReaderProgress(slow);
    expect(passed).to.deep.equal([]);
  });
});

describe('pacing does not look', () => {
  /** How often it was asked whether the log is full: once each time that a sender is looked at. */
  function counted(clients: Reader[]) {
    const made = pacingOf(clients);
    const counts = { looks: 0 };
    const { overfull } = made.state;
    Object.defineProperty(made.state, 'overfull', {
      get: () => {
        counts.looks++;
        return overfull;
      },
    });
    return { ...made, counts };
  }

  it('for a reader that is still behind, and only once for many that are not', async () => {
    const [slow, other] = [reader(1, WINDOW + 1), reader(2, WINDOW + 1)];
    const { say, pacing, counts } = counted([slow, other]);
    say(0);
    expect(counts.looks).to.equal(1);
    pacing.onReaderProgress(slow);
    await microtasks();
    expect(counts.looks).to.equal(1);
    // The sender's own reader is no reason to let it pass.
    const own = reader(0, 0);
    pacing.onReaderProgress(own);
    pacing.onReaderProgress(own);
    pacing.recheck();
    await microtasks();
    expect(counts.looks).to.equal(2);
  });

  it('at all the others while the one that let the last sender pass keeps up', () => {
    let asked = 0;
    const behind = reader(1, WINDOW + 1);
    behind.progress = () => {
      asked++;
      return 'going';
    };
    const { say, passed } = pacingOf([behind, reader(2, WINDOW)]);
    say(0);
    const first = asked;
    expect(first).to.be.greaterThan(0);
    say(0);
    expect(passed).to.deep.equal([0, 0]);
    expect(asked).to.equal(first);
  });
});
