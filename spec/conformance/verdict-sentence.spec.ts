import { expect } from 'chai';
import { RANKS, type Rank } from '../../lib/conformance/case.js';
import { CASES } from '../../lib/conformance/cases/index.js';
import type { Plan } from '../../lib/conformance/reporter.js';
import type { Outcome, Result } from '../../lib/conformance/run.js';
import { summarize } from '../../lib/conformance/summary.js';
import { summaryOf } from '../support/conformance.js';

const REQUIRED: readonly Rank[] = ['subject', 'exam'];

/** Returns results such as `subject passed 12`. Failures of a rank have one cause. */
function results(...texts: string[]): Result[] {
  return texts.flatMap((text) => {
    const [rank, outcome, count] = text.split(' ') as [Rank, Outcome, string];
    return Array.from({ length: Number(count) }, (_, i): Result => {
      const [one] = CASES;
      if (one === undefined) throw new Error('the kit has no cases');
      const named = { ...one, rank, name: `${rank}-${outcome}-${i}` };
      return { case: named, outcome, details: { what: rank }, timeline: [] };
    });
  });
}

describe('the verdict', () => {
  const sentence = (plan: Partial<Plan>, ...texts: string[]) => summaryOf(results(...texts), plan).sentence;
  const exam = { required: REQUIRED };

  for (const [plan, texts, expected] of [
    [
      exam,
      ['subject passed 12', 'exam passed 20', 'practice failed 3'],
      'Would most likely pass: subject 12/12, exam 20/20. 3 findings of good practice.',
    ],
    [
      exam,
      ['subject passed 1', 'exam passed 1', 'practice failed 1', 'beyond failed 2'],
      'Would most likely pass: subject 1/1, exam 1/1. 1 finding of good practice, 2 findings beyond the exam.',
    ],
    [
      exam,
      ['subject failed 2', 'exam passed 1', 'exam skipped 1'],
      'Would most likely fail: subject 0/2, exam 1/1. 2 failures with 1 cause. 1 skipped.',
    ],
    [
      exam,
      ['subject passed 2', 'exam undecided 1'],
      'No verdict, because the machine was too busy to judge 1 case: subject 2/2, exam not run. 1 undecided.',
    ],
    [
      exam,
      ['subject skipped 2'],
      'No verdict, because no required case could be run: subject not run. 2 skipped.',
    ],
    [
      { required: ['subject'] },
      ['subject passed 2'],
      'Conforms to the subject: subject 2/2. The rank exam was not run.',
    ],
    [
      { required: RANKS },
      ['subject passed 1', 'exam passed 1', 'practice failed 1'],
      'Would most likely pass, but not at the rank practice: subject 1/1, exam 1/1, practice 0/1.',
    ],
    [{ isSelection: true }, ['exam passed 1'], 'Passed 1 chosen case: exam 1/1.'],
    [{ isSelection: true }, ['exam passed 1', 'exam failed 1'], 'Failed 1 of 2 chosen cases: exam 1/2.'],
  ] as const) {
    it(`is "${expected}"`, () => {
      expect(sentence(plan, ...texts)).to.equal(expected);
    });
  }

  it('tells how far an interrupted run came, and is undecided', () => {
    const all = results('subject passed 2', 'exam passed 1');
    const { plan } = summaryOf(all, exam);
    const summary = summarize(plan, all.slice(0, 2), 'interrupted');
    expect(summary.verdict).to.equal('undecided');
    expect(summary.sentence).to.equal(
      'Interrupted after 2 of 3 cases: subject 2/2, exam not run. 1 skipped.',
    );
  });

  it('tells that a run stopped at its first failure', () => {
    const all = results('subject failed 1', 'exam passed 1');
    const { plan } = summaryOf(all, exam);
    expect(summarize(plan, all.slice(0, 1), 'bail').sentence).to.equal(
      'Would most likely fail: subject 0/1, exam not run. 1 skipped. Stopped at the first failure.',
    );
  });
});
