import { expect } from 'chai';
import { play } from './play.js';

// For npm run test:mutation, which runs these schedules for each mutant. The specs play more of them.
const SCHEDULES = 200;

describe('a simulated room', () => {
  it(`keeps its promises in ${SCHEDULES} schedules`, async () => {
    const { failure } = await play({ runs: SCHEDULES, seed: 42, skipsShrinking: true });
    expect(failure).to.equal(null);
  });
});
