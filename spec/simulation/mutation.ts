import fc from 'fast-check';
import { catchAll, simulate } from './oracle.js';
import { schedules } from './schedule.js';

// What test:mutation asks of each change: as many schedules as a second or two is enough for, and no search for a
// shorter one. Not a part of npm test, which plays 10,000.
describe('a room under some simulated schedules', () => {
  it('keeps its promises', async () => {
    const giveBack = catchAll();
    try {
      const property = fc.asyncProperty(schedules, simulate);
      const { failed, errorInstance } = await fc.check(property, {
        numRuns: 200,
        seed: 42,
        endOnFailure: true,
      });
      if (failed) throw errorInstance;
    } finally {
      giveBack();
    }
  });
});
