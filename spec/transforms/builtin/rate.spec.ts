import { expect } from 'chai';
import { type Message, type RateOptions, rate } from '../../../lib/index.js';
import { instantiate } from '../../../lib/transforms/factory.js';
import { FakeClock } from '../../support/fake-environment.js';
import { life, pass, texts, thrown } from '../../support/pass.js';
import { join, room } from '../../support/room.js';
import { arrived, left, said } from '../../support/wire.js';

const turn = () => new Promise((resolve) => setImmediate(resolve));
const numbered = (count: number) => Array.from({ length: count }, (_, i) => `${i}`);

/** An instance of the transform, its clock, and the lines that have passed. */
function limited(options: Omit<RateOptions, 'clock'>) {
  const clock = new FakeClock();
  const stage = instantiate(rate({ ...options, clock }), { id: 0 });
  const passed: Message[] = [];
  stage.on('data', (message: Message) => passed.push(message));
  const advance = async (ms: number): Promise<void> => {
    clock.advance(ms);
    await turn();
  };
  return { clock, stage, passed, advance };
}

describe('transform rate', () => {
  it('lets lines in excess wait, in order, and loses none', async () => {
    const { stage, passed, advance } = limited({ lines: 2 });
    for (const message of life(numbered(5))) stage.write(message);
    stage.end();
    await turn();
    expect(texts(passed)).to.deep.equal(['0', '1']);
    await advance(499);
    expect(texts(passed)).to.deep.equal(['0', '1']);
    await advance(1);
    expect(texts(passed)).to.deep.equal(['0', '1', '2']);
    await advance(500);
    await advance(500);
    expect(passed).to.deep.equal(life(numbered(5)));
  });

  it('drops lines in excess where it is asked to', async () => {
    const { stage, passed, advance } = limited({ lines: '2', excess: 'drop' });
    for (const message of life(numbered(5))) stage.write(message);
    await turn();
    expect(passed).to.deep.equal(life(['0', '1']));
    await advance(500);
    for (const message of life(['6', '7'])) stage.write(message);
    await turn();
    expect(texts(passed)).to.deep.equal(['0', '1', '6']);
  });

  it('allows a burst after a silence, and no more than that', async () => {
    const { stage, passed, advance } = limited({ lines: 1, burst: 3, excess: 'drop' });
    await advance(1_000_000);
    for (const message of life(numbered(5))) stage.write(message);
    await turn();
    expect(texts(passed)).to.deep.equal(['0', '1', '2']);
  });

  it('can be slower than a line a second', async () => {
    const { stage, passed, advance } = limited({ lines: 0.5 });
    for (const message of life(numbered(2))) stage.write(message);
    await advance(1999);
    expect(texts(passed)).to.deep.equal(['0']);
    await advance(1);
    expect(texts(passed)).to.deep.equal(['0', '1']);
  });

  it('is exact over many lines', async () => {
    const { stage, passed, advance } = limited({ lines: 30, burst: 1, excess: 'drop' });
    for (let i = 0; i < 3000; i++) {
      stage.write({ kind: 'line', client: 0, text: '' });
      await advance(10);
    }
    expect(passed.length).to.be.within(740, 901);
  });

  it('limits each client by itself, and holds up nobody else', async () => {
    const clock = new FakeClock();
    const relay = room({ transforms: [rate({ lines: 1, clock })] });
    const [a, b] = [await join(relay), await join(relay)];
    b.send('1\n2\n');
    await a.until(said(1, '1'));
    const c = await join(relay);
    c.send('hello\n');
    await a.hears(arrived(1), said(1, '1'), arrived(2), said(2, 'hello'));
    expect(relay.stats().pendingTransforms.get(1)).to.equal(1);
    clock.advance(1000);
    await a.until(said(1, '2'));
  });

  it('says what waits before its client leaves', async () => {
    const clock = new FakeClock();
    const relay = room({ transforms: [rate({ lines: 1, clock })] });
    const [a, b] = [await join(relay), await join(relay)];
    b.send('1\n2\n');
    b.end();
    await a.until(said(1, '1'));
    clock.advance(1000);
    await a.hears(arrived(1), said(1, '1', '2'), left(1));
  });

  it('gives up when the relay is closed', async () => {
    const relay = room({ transforms: [rate({ lines: 0.001 })] });
    const [a, b] = [await join(relay), await join(relay)];
    b.send('1\n2\n');
    await a.until(said(1, '1'));
    await relay.close(10);
    expect(relay.stats().pendingTransforms.size).to.equal(0);
  });

  it('takes the real clock by default', async () => {
    const started = performance.now();
    await pass(rate({ lines: 50, burst: 1 }), life(numbered(4)));
    expect(performance.now() - started).to.be.at.least(55);
  });

  it('refuses options that it cannot use', () => {
    expect(thrown(() => rate({} as RateOptions))).to.match(/rate: lines must be .*, and is not given/);
    for (const lines of [0, -1, Number.NaN, Number.POSITIVE_INFINITY, 'many', '', 1e-9, true]) {
      expect(thrown(() => rate({ lines } as RateOptions))).to.match(/lines must be a number from 0.001/);
    }
    expect(thrown(() => rate({ lines: 1, burst: 0.5 }))).to.match(
      /burst must be a number from 1, and is 0.5/,
    );
    expect(thrown(() => rate({ lines: 1, excess: 'lose' as 'drop' }))).to.match(
      /excess must be wait or drop/,
    );
    expect(thrown(() => rate({ lines: 1, per: 'minute' } as never))).to.match(/no option 'per'/);
  });
});
