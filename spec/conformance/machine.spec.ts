import { expect } from 'chai';
import { Machine } from '../../lib/conformance/machine.js';
import { addCleanup } from '../support/cleanup.js';
import { WAIT_LIMIT_MS } from '../support/waiting.js';

describe('Machine', () => {
  it('tells how long a server needs to relay a question and its answer', async () => {
    const machine = new Machine();
    addCleanup(() => machine.close());
    const answers = [machine.answersWithin(WAIT_LIMIT_MS), machine.answersWithin(0)];
    expect(await Promise.all(answers)).to.deep.equal([true, false]);
    expect(await machine.quickestAnswerMs(3)).to.be.within(0, WAIT_LIMIT_MS);
  });

  it('does not answer when its server has ended', async () => {
    const machine = new Machine();
    expect(await machine.answersWithin(WAIT_LIMIT_MS)).to.equal(true);
    machine.close();
    expect(await machine.answersWithin(WAIT_LIMIT_MS)).to.equal(false);
  });

  it('does not throw when its server ends during a question', async () => {
    const machine = new Machine();
    expect(await machine.answersWithin(WAIT_LIMIT_MS)).to.equal(true);
    const answer = machine.quickestAnswerMs(1_000_000);
    await new Promise((resolve) => setTimeout(resolve, 20));
    machine.close();
    expect(await answer).to.be.above(0);
  });
});
