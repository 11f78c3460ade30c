import { expect } from 'chai';
import * as C from '../../bench/contests.js';
import { exitCode, GOALS, type Goal, goalsOf, judge } from '../../bench/goals.js';
import { LIMIT, MINI } from '../../bench/relays.js';
import type { ContestResult, EntryResult } from '../../bench/results.js';

const FLOOR: Goal = { contest: 'c', of: 'a', against: 'b', atLeast: 0.5 };
const CEILING: Goal = { contest: 'c', of: 'a', against: 'b', metric: 'p99', atMost: 1.5 };

function entry(name: string, numbers: readonly number[], more: Partial<EntryResult> = {}): EntryResult {
  return { name, samples: numbers.map((value) => ({ rate: value, p99: value })), ...more };
}

function results(...entries: EntryResult[]): ContestResult[] {
  return [{ name: 'c', metric: 'rate', unit: '', less: false, entries }];
}

const many = (value: number): number[] => [0.99, 1, 1, 1, 1, 1, 1.01].map((noise) => value * noise);

describe('goals of the bench', () => {
  it('are met at the floor and missed well below it', () => {
    const against = entry('b', many(10));
    expect(judge(FLOOR, results(entry('a', many(5)), against)).verdict).to.equal('met');
    expect(judge(FLOOR, results(entry('a', many(4)), against)).verdict).to.equal('missed');
  });

  it('are judged by the metric that they name: met at the ceiling, missed well above it', () => {
    const against = entry('b', many(10));
    expect(judge(CEILING, results(entry('a', many(15)), against)).verdict).to.equal('met');
    expect(judge(CEILING, results(entry('a', many(17)), against)).verdict).to.equal('missed');
  });

  it('are undecided when the noise reaches across the floor', () => {
    const noisy = entry('a', [3, 3, 4, 4.5, 4.9, 6, 7]);
    expect(judge(FLOOR, results(noisy, entry('b', many(10)))).verdict).to.equal('undecided');
  });

  it('are undecided after too few rounds', () => {
    expect(judge(FLOOR, results(entry('a', [1, 1]), entry('b', [10, 10]))).verdict).to.equal('undecided');
  });

  it('are missed by a disqualified relay, however fast', () => {
    const fast = entry('a', many(100), { disqualified: 'it lost a line' });
    const { verdict, reason } = judge(FLOOR, results(fast, entry('b', many(10))));
    expect(verdict).to.equal('missed');
    expect(reason).to.include('it lost a line');
  });

  it('are unknown when there is nothing to compare with', () => {
    const own = entry('a', many(5));
    const absent = judge(FLOOR, results(own, entry('b', [], { missing: 'ncat is not installed' })));
    expect(absent).to.include({ verdict: 'unknown', reason: 'ncat is not installed' });
    const lost = judge(FLOOR, results(own, entry('b', many(10), { disqualified: 'it echoed' })));
    expect(lost).to.include({ verdict: 'unknown', reason: 'b: it echoed' });
    expect(judge(FLOOR, []).verdict).to.equal('unknown');
  });

  it('can limit a figure without a comparison', () => {
    const goal: Goal = { contest: 'c', of: 'a', atMost: 7 };
    expect(judge(goal, results(entry('a', many(6)))).measured?.ratio).to.equal(6);
    expect(judge(goal, results(entry('a', many(8)))).verdict).to.equal('missed');
  });

  it('make --check fail when one is missed, none could be judged or the time was over', () => {
    const judged = (verdict: 'met' | 'missed' | 'undecided' | 'unknown') => ({ goal: FLOOR, verdict });
    expect(exitCode([judged('met'), judged('undecided'), judged('unknown')])).to.equal(0);
    expect(exitCode([judged('met'), judged('missed')])).to.equal(1);
    expect(exitCode([judged('unknown')])).to.equal(1);
    expect(exitCode([])).to.equal(1);
    expect(exitCode([judged('met'), judge(FLOOR, [])])).to.equal(1);
  });

  it('are not judged when the entry to compare with does not take part', () => {
    const against = (contest: string, ...names: string[]) =>
      goalsOf(
        contest,
        names.map((name) => ({ name })),
      ).map((goal) => goal.against);
    expect(against(C.CLOSED_100, MINI, LIMIT)).to.deep.equal([LIMIT]);
    expect(against(C.CLOSED_100, MINI)).to.deep.equal([]);
    expect(against(C.idleName(10_000), MINI)).to.deep.equal([undefined]);
  });

  it('name existing contests and entries', () => {
    const all = C.contests();
    for (const { contest, of, against } of GOALS) {
      const found = all.find(({ name }) => name === contest);
      for (const name of against === undefined ? [of] : [of, against]) {
        expect(found?.entries.map((each) => each.name)).to.include(name);
      }
    }
  });
});
