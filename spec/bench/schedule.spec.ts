import { expect } from 'chai';
import { GOALS, type Judged } from '../../bench/goals.js';
import { nextContest, type Progress } from '../../bench/schedule.js';
import { ratioOf } from '../../bench/statistics.js';

const PLAN = { rounds: 3, maxRounds: 9 };
const FLOOR = { contest: 'c', of: 'a', against: 'b', atLeast: 1 };

function judged(verdict: Judged['verdict'], ratios: readonly number[]): Judged {
  return {
    goal: FLOOR,
    verdict,
    measured: ratioOf(
      ratios,
      ratios.map(() => 1),
    ),
  };
}

function contest(rounds: number, ...goals: Judged[]): Progress {
  return { rounds, roundMs: 1000, judged: goals };
}

const UNDECIDED = judged('undecided', [0.9, 0.9, 0.9, 1.1, 1.1, 0.9]);
const NEARLY_DECIDED = judged('undecided', [0.9, 0.9, 0.9, 0.9, 0.9, 1.1]);
const BARELY_MET = judged('met', [1.1, 1.1, 0.9, 1.1, 1.1, 0.9]);
const MET = judged('met', [1.1, 1.1, 1.1]);

describe('schedule of the bench', () => {
  it('measures all contests in turn first', () => {
    expect(nextContest([contest(0), contest(0)], PLAN, 1e6)).to.equal(0);
    expect(nextContest([contest(1, UNDECIDED), contest(0)], PLAN, 1e6)).to.equal(1);
    expect(nextContest([contest(3, UNDECIDED), contest(2, MET)], PLAN, 1e6)).to.equal(1);
  });

  it('then measures undecided goals before those that are barely met', () => {
    expect(nextContest([contest(6, BARELY_MET), contest(6, MET, UNDECIDED)], PLAN, 1e6)).to.equal(1);
    expect(nextContest([contest(6, BARELY_MET), contest(6, MET)], PLAN, 1e6)).to.equal(0);
  });

  it('prefers too few rounds for a decision, then the goal that is nearest to one', () => {
    const near = contest(6, NEARLY_DECIDED);
    expect(nextContest([contest(6, UNDECIDED), near], PLAN, 1e6)).to.equal(1);
    expect(nextContest([contest(4, UNDECIDED), near], PLAN, 1e6)).to.equal(0);
  });

  it('ends when every goal is met by every pair, missed, unknown or measured often enough', () => {
    const settled = [contest(3, MET), contest(5, judged('missed', [0.5])), contest(9, UNDECIDED)];
    expect(nextContest([...settled, contest(3, { goal: FLOOR, verdict: 'unknown' })], PLAN, 1e6)).to.equal(
      undefined,
    );
  });

  it('does not start a contest that takes longer than the time that is left', () => {
    const long = { ...contest(1), roundMs: 20_000 };
    expect(nextContest([long, contest(2)], PLAN, 5000)).to.equal(1);
    expect(nextContest([long], PLAN, 5000)).to.equal(undefined);
  });

  it('has no two goals for the same comparison', () => {
    const keys = GOALS.map(({ contest: name, of, against, metric }) =>
      JSON.stringify([name, of, against, metric]),
    );
    expect(new Set(keys).size).to.equal(keys.length);
  });
});
