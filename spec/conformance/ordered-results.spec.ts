import { expect } from 'chai';
import { type Case, RANKS } from '../../lib/conformance/case.js';
import { OrderedResults } from '../../lib/conformance/ordered-results.js';
import type { Room } from '../../lib/conformance/room.js';
import type { Result, Trial } from '../../lib/conformance/trial.js';

const caseNamed = (name: string, source?: Case['source']): Case => ({
  name,
  rank: 'exam',
  title: name,
  paragraph: 'purpose',
  hint: '',
  ...(source !== undefined && { source }),
});

const CASES = ['one', 'two', 'three', 'four', 'five'].map((name) => caseNamed(name));

const resultOf = (one: Case, outcome: Result['outcome'], isTimeout = false): Result => ({
  case: one,
  outcome,
  timeline: [],
  ...(outcome === 'failed' && { details: { what: 'wrong', isTimeout } }),
  ...(outcome === 'undecided' && { reason: 'too busy' }),
});

const roomWith = (state: { hasReceived?: boolean; hasNeverListened?: boolean } = {}): Room =>
  ({ hasReceived: true, hasNeverListened: false, servers: [{}], ...state }) as unknown as Room;

/** Adds these results in this order; returns what was reported. */
function report(
  options: Partial<Trial>,
  added: readonly (readonly [index: number, outcome: Result['outcome'], room?: Room])[],
): string[] {
  const reported: string[] = [];
  const cases = options.cases ?? CASES;
  const results = new OrderedResults({
    command: [],
    timeoutMs: 1,
    cases,
    onResult: ({ case: one, outcome, reason }) =>
      reported.push([one.name, outcome, ...(reason === undefined ? [] : [reason])].join(' ')),
    ...options,
  });
  for (const [index, outcome, room = roomWith()] of added) {
    results.add(resultOf(cases[index] as Case, outcome, true), room);
  }
  expect(results.results).to.have.length(reported.length);
  return reported;
}

describe('OrderedResults', () => {
  it('reports results in the order of the cases, whatever ends first', () => {
    expect(
      report({}, [
        [1, 'passed'],
        [3, 'failed'],
      ]),
    ).to.deep.equal([]);
    expect(
      report({}, [
        [1, 'passed'],
        [3, 'failed'],
        [0, 'skipped'],
      ]),
    ).to.deep.equal(['one skipped', 'two passed']);
  });

  it('with bail, reports all cases before the first failure, and skips the rest', () => {
    const reason = 'skipped not run: an earlier case failed';
    expect(
      report({ bail: RANKS }, [
        [3, 'passed'],
        [1, 'failed'],
        [2, 'failed'],
        [0, 'passed'],
      ]),
    ).to.deep.equal(['one passed', 'two failed', `three ${reason}`, `four ${reason}`, `five ${reason}`]);
  });

  it('skips the rest after three cases without a byte, in the order of the cases', () => {
    const silent = roomWith({ hasReceived: false });
    const added = [4, 3, 2, 1, 0].map((index) => [index, 'failed', silent] as const);
    expect(report({}, added).slice(3)).to.deep.equal([
      'four skipped it has not sent a single byte in 3 cases',
      'five skipped it has not sent a single byte in 3 cases',
    ]);
    const mixed = [...added.slice(0, 3), [1, 'passed', roomWith()] as const, ...added.slice(4)];
    expect(report({}, mixed).slice(2)).to.deep.equal(['three failed', 'four failed', 'five failed']);
  });

  it('skips the rest if the server never listens, but not the rules for the source', () => {
    const cases = [caseNamed('one'), caseNamed('two'), caseNamed('three', () => {})];
    const never = [0, 'failed', roomWith({ hasNeverListened: true })] as const;
    const skipped = 'two skipped it does not listen on its port: see one';
    expect(report({ cases }, [never])).to.deep.equal(['one failed', skipped]);
    expect(report({ cases }, [never, [2, 'passed']])).to.deep.equal(['one failed', skipped, 'three passed']);
  });

  it('gives up after three cases for which the machine was too busy', () => {
    const added = [0, 1, 2].map((index) => [index, 'undecided'] as const);
    expect(report({}, added).slice(2)).to.deep.equal([
      'three undecided too busy',
      'four undecided too busy',
      'five undecided too busy',
    ]);
  });
});
