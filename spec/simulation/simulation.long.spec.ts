import { expect } from 'chai';
import { campaign } from './campaign.js';

describe('a simulated room (long)', () => {
  it('keeps its promises in 10,000 schedules', async () => {
    const { failure } = await campaign({ runs: 10_000, seed: 42 });
    expect(failure).to.equal(null);
  });
});
