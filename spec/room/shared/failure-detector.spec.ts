import { expect } from 'chai';
import { FailureDetector } from '../../../lib/room/shared/failure-detector.js';
import { Simulation } from '../../support/fake-engine.js';

/** Relays that hear each other's beats, as long as nobody comes between. */
function watching() {
  const simulation = new Simulation();
  const accused: string[] = [];
  const hearing = new Map<string, FailureDetector>();
  const cut = new Set<string>();
  const start = (epoch: string, every = 100): FailureDetector => {
    const watch: FailureDetector = new FailureDetector({
      clock: simulation.clock,
      epoch,
      every,
      send: (beat) => {
        for (const [to, other] of hearing) {
          if (!cut.has(epoch) && !cut.has(to)) simulation.after(1, () => other.beat(beat));
        }
      },
      epochs: () => ['a', 'b', 'c'],
      away: () => false,
      accuse: (other) => accused.push(`${epoch} accuses ${other}`),
      deaf: (deaf) => accused.push(`${epoch} is ${deaf ? 'deaf' : 'heard again'}`),
    });
    hearing.set(epoch, watch);
    return watch;
  };
  return { simulation, accused, hearing, cut, start };
}

describe('who is alive', () => {
  it('is who sends beats; who is silent for more than five is accused, once by each', async () => {
    const { simulation, accused, hearing, start } = watching();
    const [, , c] = [start('a'), start('b'), start('c')];
    await simulation.advance(2000);
    expect(accused).to.deep.equal([]);
    c.stop();
    hearing.delete('c');
    await simulation.advance(450);
    expect(accused).to.deep.equal([]);
    await simulation.advance(2000);
    expect(accused.sort()).to.deep.equal(['a accuses c', 'b accuses c']);
  });

  it('is not for one to say whose own beats do not come back, or who has just been cut off', async () => {
    const { simulation, accused, cut, start } = watching();
    for (const epoch of ['a', 'b', 'c']) start(epoch);
    await simulation.advance(500);
    cut.add('a');
    await simulation.advance(5000);
    expect(accused.filter((line) => line.startsWith('a '))).to.deep.equal(['a is deaf']);
    cut.add('b').add('c');
    await simulation.advance(500);
    cut.delete('a');
    await simulation.advance(700);
    // Those others have some time to come back, too.
    expect(accused.filter((line) => line.startsWith('a '))).to.deep.equal(['a is deaf', 'a is heard again']);
    await simulation.advance(1000);
    expect(accused).to.include('a accuses b').and.to.include('a accuses c');
  });

  it('is told by the pace of each: one that sends beats more rarely is waited for longer', async () => {
    const { simulation, accused, hearing, start } = watching();
    start('a', 100);
    start('b', 100);
    const c = start('c', 1000);
    await simulation.advance(10_000);
    expect(accused).to.deep.equal([]);
    c.stop();
    hearing.delete('c');
    await simulation.advance(4500);
    expect(accused).to.deep.equal([]);
    await simulation.advance(2000);
    expect(accused.sort()).to.deep.equal(['a accuses c', 'b accuses c']);
  });

  it('does not get confused by what is no beat', async () => {
    const { simulation, accused, hearing, start } = watching();
    for (const epoch of ['a', 'b', 'c']) start(epoch);
    for (const text of ['', '{', 'null', '{"epoch":5}', '"beat"']) {
      hearing.get('a')?.beat(Buffer.from(text));
    }
    await simulation.advance(1000);
    expect(accused).to.deep.equal([]);
  });
});
