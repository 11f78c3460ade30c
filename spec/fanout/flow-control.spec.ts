import { expect } from 'chai';
import { FlowControl } from '../../lib/fanout/flow-control.js';
import type { Progress } from '../../lib/fanout/progress.js';
import type { Reader } from '../../lib/fanout/reader.js';
import { FakeClock } from '../support/fake-environment.js';

const WINDOW = 100;
const SLOW_WINDOW = 1000;

interface FakeReader {
  owner: number;
  lagBytes: number;
  state: Progress;
  isFinishing: boolean;
  progress(now: number): Progress;
}

function reader(owner: number, lagBytes: number, state: Progress = 'active'): FakeReader & Reader {
  const fake: FakeReader = { owner, lagBytes, state, isFinishing: false, progress: () => fake.state };
  return fake as FakeReader & Reader;
}

function setUp(clientReaders: Reader[], outputReaders: Reader[] = []) {
  const clock = new FakeClock();
  const log = { isFull: false };
  const flow = new FlowControl({
    clock,
    windowBytes: WINDOW,
    slowWindowBytes: SLOW_WINDOW,
    isFull: () => log.isFull,
  });
  for (const reader of clientReaders) flow.clientReaders.add(reader);
  for (const reader of outputReaders) flow.outputReaders.add(reader);
  /** Senders in the order in which they continued. */
  const resumed: number[] = [];
  return {
    clock,
    log,
    flow,
    resumed,
    send: (client: number) => flow.throttle(client, () => resumed.push(client)),
  };
}

const microtasks = (): Promise<void> => Promise.resolve();

describe('FlowControl: a sender continues', () => {
  it('if there are no readers', () => {
    const { send, resumed } = setUp([]);
    send(0);
    expect(resumed).to.deep.equal([0]);
  });

  it('while one active reader is within the window, however far behind the others are', () => {
    const { send, resumed } = setUp([reader(1, 1e9), reader(2, WINDOW), reader(3, 1e9)]);
    send(0);
    expect(resumed).to.deep.equal([0]);
  });

  it('if all readers that are behind have stalled', () => {
    const { send, resumed } = setUp([reader(1, 1e9, 'stalled'), reader(2, 1e9, 'stalled')]);
    send(0);
    expect(resumed).to.deep.equal([0]);
  });

  it('if the only reader that is behind belongs to a client that has left', () => {
    const leaver = reader(1, 1e9);
    leaver.isFinishing = true;
    const { send, resumed } = setUp([leaver, reader(2, 1e9, 'stalled')]);
    send(0);
    expect(resumed).to.deep.equal([0]);
  });

  it('while a slow reader is within the larger window for slow readers', () => {
    const { send, resumed } = setUp([reader(1, SLOW_WINDOW, 'slow')]);
    send(0);
    expect(resumed).to.deep.equal([0]);
  });

  it('although a transcript is behind, if a client’s reader keeps up', () => {
    const { send, resumed } = setUp([reader(1, 0)], [reader(-1, 1e9)]);
    send(0);
    expect(resumed).to.deep.equal([0]);
  });
});

describe('FlowControl: a sender waits', () => {
  it('while every reader that makes progress is more than a window behind', () => {
    const { send, resumed, flow } = setUp([reader(1, WINDOW + 1), reader(2, 1e9), reader(3, 1e9, 'stalled')]);
    send(0);
    expect(resumed).to.deep.equal([]);
    expect(flow.waitingSenders).to.equal(1);
  });

  it('if the reader that let it continue before has stalled or begun to finish', () => {
    for (const change of [{ state: 'stalled' }, { isFinishing: true }] as const) {
      const [last, other] = [reader(1, 0), reader(2, WINDOW + 1)];
      const { send, resumed } = setUp([last, other]);
      send(0);
      Object.assign(last, change);
      send(0);
      expect(resumed).to.deep.equal([0]);
    }
  });

  it('if the reader that let it continue before was removed', () => {
    const [last, other] = [reader(1, 0), reader(2, WINDOW + 1)];
    const { send, resumed, flow } = setUp([last, other]);
    send(0);
    flow.clientReaders.delete(last);
    send(0);
    expect(resumed).to.deep.equal([0]);
  });

  it('while a slow reader is beyond the window for slow readers', () => {
    const { send, resumed } = setUp([reader(1, SLOW_WINDOW + 1, 'slow')]);
    send(0);
    expect(resumed).to.deep.equal([]);
  });

  it('although its own reader keeps up', () => {
    const { send, resumed } = setUp([reader(0, 0), reader(1, WINDOW + 1)]);
    send(0);
    expect(resumed).to.deep.equal([]);
  });

  it('for a transcript that is behind, if no client’s reader makes progress', () => {
    const { send, resumed } = setUp([reader(0, 0), reader(1, 1e9, 'stalled')], [reader(-1, WINDOW + 1)]);
    send(0);
    expect(resumed).to.deep.equal([]);
  });

  it('while the log is full, although a reader keeps up', () => {
    const { send, resumed, log } = setUp([reader(1, 0)]);
    log.isFull = true;
    send(0);
    expect(resumed).to.deep.equal([]);
  });
});

describe('FlowControl: a waiting sender continues', () => {
  it('when a reader has come within the window', async () => {
    const behind = reader(1, WINDOW + 1);
    const { send, resumed, flow, clock } = setUp([behind]);
    send(0);
    flow.onReaderProgress(behind);
    await microtasks();
    expect(resumed).to.deep.equal([]);
    behind.lagBytes = WINDOW;
    flow.onReaderProgress(behind);
    await microtasks();
    expect(resumed).to.deep.equal([0]);
    expect(clock.pending).to.equal(0);
  });

  it('when the reader that it waits for has stalled', async () => {
    const behind = reader(1, WINDOW + 1);
    const { send, resumed, clock } = setUp([behind]);
    send(0);
    behind.state = 'stalled';
    clock.advance(50);
    await microtasks();
    expect(resumed).to.deep.equal([0]);
  });

  it('when the reader that it waits for was removed', async () => {
    const behind = reader(1, WINDOW + 1);
    const { send, resumed, flow } = setUp([behind]);
    send(0);
    flow.clientReaders.delete(behind);
    flow.recheck();
    await microtasks();
    expect(resumed).to.deep.equal([0]);
  });

  it('when the log has space again, in the order in which the senders began to wait', async () => {
    const { send, resumed, flow, log } = setUp([reader(9, 0)]);
    log.isFull = true;
    for (const client of [2, 0, 1]) send(client);
    expect(flow.waitingSenders).to.equal(3);
    log.isFull = false;
    flow.recheck();
    await microtasks();
    expect(resumed).to.deep.equal([2, 0, 1]);
  });

  it('when flow control is disabled', async () => {
    const { send, resumed, flow, clock } = setUp([reader(1, 1e9)]);
    send(0);
    flow.disable();
    await microtasks();
    expect(resumed).to.deep.equal([0]);
    expect(clock.pending).to.equal(0);
  });

  it('only after the call that reported progress has returned', () => {
    const behind = reader(1, WINDOW + 1);
    const { send, resumed, flow } = setUp([behind]);
    send(0);
    behind.lagBytes = 0;
    flow.onReaderProgress(behind);
    expect(resumed).to.deep.equal([]);
  });
});

describe('FlowControl: the cost of checks', () => {
  /** Counts calls of `isFull`: one for each check of a sender. */
  function counted(clientReaders: Reader[]) {
    const all = setUp(clientReaders);
    const counts = { checks: 0 };
    Object.defineProperty(all.log, 'isFull', {
      get: () => {
        counts.checks++;
        return false;
      },
    });
    return { ...all, counts };
  }

  it('does not check senders for a reader that is still behind, and checks once for several that are not', async () => {
    const [behind, other] = [reader(1, WINDOW + 1), reader(2, WINDOW + 1)];
    const { send, flow, counts } = counted([behind, other]);
    send(0);
    expect(counts.checks).to.equal(1);
    flow.onReaderProgress(behind);
    await microtasks();
    expect(counts.checks).to.equal(1);
    // The sender's own reader, so that the sender still has to wait.
    const own = reader(0, 0);
    flow.onReaderProgress(own);
    flow.onReaderProgress(own);
    flow.recheck();
    await microtasks();
    expect(counts.checks).to.equal(2);
  });

  it('checks no other reader while the one that let the last sender continue keeps up', () => {
    let asked = 0;
    const behind = reader(1, WINDOW + 1);
    behind.progress = () => {
      asked++;
      return 'active';
    };
    const { send, resumed } = setUp([behind, reader(2, WINDOW)]);
    send(0);
    const first = asked;
    expect(first).to.be.greaterThan(0);
    send(0);
    expect(resumed).to.deep.equal([0, 0]);
    expect(asked).to.equal(first);
  });
});

describe('FlowControl: the time that senders have waited', () => {
  it('is the sum over all senders, of those that still wait too', async () => {
    const { send, resumed, flow, log, clock } = setUp([]);
    log.isFull = true;
    send(0);
    clock.advance(40);
    send(1);
    clock.advance(5);
    expect(flow.waitedMs).to.equal(45 + 5);
    // Checks that do not let a sender continue do not begin a new wait.
    clock.advance(1000);
    await microtasks();
    expect(flow.waitedMs).to.equal(1045 + 1005);
    log.isFull = false;
    flow.recheck();
    await microtasks();
    expect(resumed).to.deep.equal([0, 1]);
    clock.advance(1000);
    expect(flow.waitedMs).to.equal(1045 + 1005);
  });
});
