import { expect } from 'chai';
import { type Message, type RateOptions, rate } from '../../../lib/index.js';
import { instantiate } from '../../../lib/transforms/instantiate.js';
import { FakeClock } from '../../support/fake-environment.js';
import { life, pass, texts, thrown } from '../../support/pass.js';
import { createTestRelay, join } from '../../support/room.js';
import { arrivedNotice, leftNotice, relayed } from '../../support/wire.js';

const nextTurn = () => new Promise((resolve) => setImmediate(resolve));
const numbered = (count: number) => Array.from({ length: count }, (_, i) => `${i}`);

/** The stream of the transform for one client, its clock, and the messages that have passed. */
function limited(options: Omit<RateOptions, 'clock'>) {
  const clock = new FakeClock();
  const stream = instantiate(rate({ ...options, clock }), { id: 0 });
  const passed: Message[] = [];
  stream.on('data', (message: Message) => passed.push(message));
  const advance = async (ms: number): Promise<void> => {
    clock.advance(ms);
    await nextTurn();
  };
  return { stream, passed, advance };
}

describe('transform rate', () => {
  it('delays lines in excess, in order and without loss', async () => {
    const { stream, passed, advance } = limited({ lines: 2 });
    for (const message of life(numbered(5))) stream.write(message);
    stream.end();
    await nextTurn();
    expect(texts(passed)).to.deep.equal(['0', '1']);
    await advance(499);
    expect(texts(passed)).to.deep.equal(['0', '1']);
    await advance(1);
    expect(texts(passed)).to.deep.equal(['0', '1', '2']);
    await advance(500);
    await advance(500);
    expect(passed).to.deep.equal(life(numbered(5)));
  });

  it('drops lines in excess with excess: drop', async () => {
    const { stream, passed, advance } = limited({ lines: '2', excess: 'drop' });
    for (const message of life(numbered(5))) stream.write(message);
    await nextTurn();
    expect(passed).to.deep.equal(life(['0', '1']));
    await advance(500);
    for (const message of life(['6', '7'])) stream.write(message);
    await nextTurn();
    expect(texts(passed)).to.deep.equal(['0', '1', '6']);
  });

  it('allows one burst after a pause, however long', async () => {
    const { stream, passed, advance } = limited({ lines: 1, burst: 3, excess: 'drop' });
    await advance(1_000_000);
    for (const message of life(numbered(5))) stream.write(message);
    await nextTurn();
    expect(texts(passed)).to.deep.equal(['0', '1', '2']);
  });

  it('accepts less than one line per second', async () => {
    const { stream, passed, advance } = limited({ lines: 0.5 });
    for (const message of life(numbered(2))) stream.write(message);
    await advance(1999);
    expect(texts(passed)).to.deep.equal(['0']);
    await advance(1);
    expect(texts(passed)).to.deep.equal(['0', '1']);
  });

  it('keeps to the rate over many lines', async () => {
    const { stream, passed, advance } = limited({ lines: 30, burst: 1, excess: 'drop' });
    for (let i = 0; i < 3000; i++) {
      stream.write({ kind: 'line', client: 0, text: '' });
      await advance(10);
    }
    expect(passed.length).to.be.within(740, 901);
  });

  it('limits each client separately, without delaying others', async () => {
    const clock = new FakeClock();
    const relay = createTestRelay({ transforms: [rate({ lines: 1, clock })] });
    const [a, b] = [await join(relay), await join(relay)];
    b.send('1\n2\n');
    await a.until(relayed(1, '1'));
    const c = await join(relay);
    c.send('hello\n');
    await a.receives(arrivedNotice(1), relayed(1, '1'), arrivedNotice(2), relayed(2, 'hello'));
    expect(relay.stats().pendingTransforms.get(1)).to.equal(1);
    clock.advance(1000);
    await a.until(relayed(1, '2'));
  });

  it('relays the waiting lines of a client before its departure', async () => {
    const clock = new FakeClock();
    const relay = createTestRelay({ transforms: [rate({ lines: 1, clock })] });
    const [a, b] = [await join(relay), await join(relay)];
    b.send('1\n2\n');
    b.end();
    await a.until(relayed(1, '1'));
    clock.advance(1000);
    await a.receives(arrivedNotice(1), relayed(1, '1', '2'), leftNotice(1));
  });

  it('discards waiting lines when the grace period of relay.close() is over', async () => {
    const relay = createTestRelay({ transforms: [rate({ lines: 0.001 })] });
    const [a, b] = [await join(relay), await join(relay)];
    b.send('1\n2\n');
    await a.until(relayed(1, '1'));
    await relay.close(10);
    expect(relay.stats().pendingTransforms.size).to.equal(0);
  });

  it('uses the real clock by default', async () => {
    const started = performance.now();
    await pass(rate({ lines: 50, burst: 1 }), life(numbered(4)));
    expect(performance.now() - started).to.be.at.least(55);
  });

  it('rejects invalid options', () => {
    expect(thrown(() => rate({} as RateOptions))).to.match(
      /^transform rate: the option 'lines' is missing; expected a number of lines per second$/,
    );
    for (const lines of [
      0,
      -1,
      Number.NaN,
      Number.POSITIVE_INFINITY,
      'many',
      '',
      1e-9,
      true,
      '0x10',
      '1e3',
      ' 5',
      '-1',
    ]) {
      expect(thrown(() => rate({ lines } as RateOptions))).to.match(
        /lines: expected a number of at least 0.001, got /,
      );
    }
    expect(thrown(() => rate({ lines: 1, burst: 0.5 }))).to.match(
      /burst: expected a number of at least 1, got 0.5$/,
    );
    expect(thrown(() => rate({ lines: 1, excess: 'lose' as 'drop' }))).to.match(
      /excess: expected wait or drop, got 'lose'$/,
    );
    expect(thrown(() => rate({ lines: 1, per: 'minute' } as never))).to.match(/unknown option 'per'/);
  });
});
