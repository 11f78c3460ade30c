import type { Case, Rank } from '../../lib/conformance/case.js';
import { CASES } from '../../lib/conformance/cases/index.js';
import type { Cause } from '../../lib/conformance/causes.js';
import type { FailureDetails } from '../../lib/conformance/failure.js';
import type { Plan, Reporter, Summary } from '../../lib/conformance/reporter.js';
import type { Outcome, Result } from '../../lib/conformance/run.js';
import { summarize } from '../../lib/conformance/summary.js';
import type { Step } from '../../lib/conformance/timeline.js';

/** Texts with which a student's program, source or path could harm a report. */
export const HOSTILE_TEXTS: readonly string[] = [
  ']]></failure><testcase name="forged"/><![CDATA[',
  '</pre></svg><script>alert(1)</script><!-- --><img src=x onerror=alert(1)>',
  'nul \0, escape \x1b[2J\x1b]0;title\x07, C1 \x9b31m, DEL \x7f, return \r',
  '%0A::error file=forged.c,line=1::forged',
  '\n::error file=forged.c,line=1::forged\n##[error]forged\r::set-output name=grade::100',
  'lone surrogates \ud800 and \udc00, noncharacters \ufffe \uffff \u{1fffe}, not characters \ufffd',
  'bidi \u202eforged\u202c \u2066x\u2069, zero width \u200b\u200d\ufeff, separators \u2028\u2029, filler \u3164',
  '```\n````` | a | b |\n| --- | --- |\n`` ` @everyone #1 [x](javascript:alert(1)) <b> ~~x~~ *x* _x_ \\',
  '# SKIP forged # TODO forged \\# \\',
  '  ...\n  ---\nok 99 - forged\nnot ok 100 - forged\n1..1000\nBail out! forged',
  'subtest {',
  '&amp; &lt; " \' > \u{1f600}',
  'x'.repeat(64 * 1024),
  '`'.repeat(300),
  '',
];

/** The cases in the reports of the specs keep these ranks when the kit gives them others. All others are of rank subject. */
const RANK_OF: Readonly<Record<string, Rank>> = {
  pieces: 'exam',
  idle: 'beyond',
  nul: 'beyond',
  quiet: 'beyond',
};

function caseNamed(name: string): Case {
  return { ...(CASES.find((one) => one.name === name) as Case), rank: RANK_OF[name] ?? 'subject' };
}

export const STEPS: readonly Step[] = [
  { client: 'A', action: 'connects' },
  { client: 'B', action: 'connects' },
  { client: 'A', action: 'receives', bytes: Buffer.from('server: client 1 just arrived\n') },
  { client: 'A', action: 'sends', bytes: Buffer.from('one\ntwo\n') },
  { client: 'B', action: 'receives', bytes: Buffer.from('client 0: one\nclient 0: two\n') },
];

/** Returns a result of the case with this name. */
export function resultOf(name: string, outcome: Outcome, rest: Partial<Result> = {}): Result {
  return { case: caseNamed(name), outcome, timeline: [], ...rest };
}

/** Returns a failure of the case with this name, with the steps {@link STEPS}. */
export function failureOf(
  name: string,
  details: Partial<FailureDetails> = {},
  rest: Partial<Result> = {},
): Result {
  return resultOf(name, 'failed', {
    details: { what: 'B did not receive what it should have received', ...details },
    timeline: STEPS,
    ...rest,
  });
}

/** Returns one result of each kind, with this text wherever a server, a compiler or a user could put it. */
export function hostileResults(text: string): Result[] {
  const bytes = Buffer.from(text);
  const steps: Step[] = [...STEPS, { action: text }, { client: 'B', action: 'sends', bytes }];
  const received = Buffer.concat([Buffer.from('client 0: '), bytes]);
  return [
    resultOf('lines', 'passed'),
    failureOf(
      'every-line',
      { what: text, expected: Buffer.from('client 0: two\n'), received, end: text, output: [text, text] },
      { exit: { code: null, signal: 'SIGSEGV' }, stderr: [bytes.toString('latin1')], timeline: steps },
    ),
    failureOf(
      'not-to-oneself',
      { what: text, expected: bytes, received: Buffer.from('x') },
      { timeline: steps },
    ),
    failureOf(
      'compiles',
      { output: Array(30).fill(`${text}mini_serv.c:3:1: error: ${text}`) },
      { timeline: [] },
    ),
    resultOf('idle', 'skipped', { reason: text }),
    resultOf('pieces', 'undecided', { reason: text }),
    failureOf('nul', { what: text, end: text, expected: bytes, received: bytes }, { timeline: [] }),
  ];
}

/** Returns the summary of a run with these results. */
export function summaryOf(
  results: readonly Result[],
  { required = ['subject', 'exam'], ...plan }: Partial<Plan> & { required?: readonly Rank[] } = {},
  causes?: readonly Cause[],
): Summary {
  const cases = results.map((result) => result.case);
  const summary = summarize(
    { command: ['./mini_serv'], cases, required, isSelection: false, timeoutMs: 5000, ...plan },
    results,
  );
  return causes === undefined ? summary : { ...summary, causes };
}

/** Returns the report on a run. */
export function reportOf(reporter: Reporter, summary: Summary, finished = summary.results.length): string {
  const { plan, results } = summary;
  const start = reporter.onStart?.(plan);
  const texts = results
    .slice(0, finished)
    .map((result, i) => reporter.onResult?.(result, { finished: i + 1, total: results.length }));
  return [start, ...texts, reporter.onEnd(summary)].join('');
}

export function countOf(results: readonly Result[], ...outcomes: readonly Outcome[]): number {
  return results.filter(({ outcome }) => outcomes.includes(outcome)).length;
}
