import type { Rank } from '../case.js';
import type { Reporter } from '../reporter.js';
import type { Result } from '../run.js';
import { factsOf } from './facts.js';
import { printable } from './printable.js';

/**
 * Reports in the Test Anything Protocol, version 14, case by case. A failure that is not required does not make the
 * run fail, and a case that could not be judged is skipped.
 */
export function tap(): Reporter {
  let required: readonly Rank[] = [];
  let printed = 0;
  const print = (result: Result): string => testPoint(result, ++printed, required);
  return {
    onStart(plan) {
      required = plan.required;
      return `TAP version 14\n1..${plan.cases.length}\n`;
    },
    onResult: print,
    // After an early end, the cases that were not run are missing.
    onEnd: ({ results, sentence }) =>
      `${results.slice(printed).map(print).join('')}# ${printable(sentence)}\n`,
  };
}

/** The directive for a failure that does not make the run fail. */
const KNOWN_FAILURE = 'TODO';

function testPoint(result: Result, number: number, required: readonly Rank[]): string {
  const { case: one, outcome, reason = '' } = result;
  const ok = outcome === 'failed' ? 'not ok' : 'ok';
  const line = `${ok} ${number} - ${escapeDescription(`${one.name}: ${one.title}`)}`;
  if (outcome === 'passed') return `${line}\n`;
  if (outcome !== 'failed') return `${line} # SKIP ${escapeDescription(reason)}\n`;
  const isRequired = required.includes(one.rank);
  const directive = isRequired ? '' : ` # ${KNOWN_FAILURE} not required`;
  return `${line}${directive}\n${diagnostics(result, isRequired)}`;
}

/** Without the escapes, a # would begin a directive, and a brace at the end a subtest. */
function escapeDescription(text: string): string {
  return printable(text)
    .replace(/[\\#]/g, '\\$&')
    .replace(/\{\s*$/, '(');
}

/** A JSON string is a YAML string on one line, so that no text can end the block. */
function diagnostics(result: Result, isRequired: boolean): string {
  const { what, exit, expected, received, output, stderr, steps, subject, hint } = factsOf(result);
  const texts = {
    message: what,
    severity: isRequired ? 'fail' : 'todo',
    rank: result.case.rank,
    exit,
    expected,
    received,
    output,
    stderr,
    steps,
    subject,
    hint,
  };
  const entries = Object.entries(texts).flatMap(([key, value]) => {
    if (value === undefined || value.length === 0) return [];
    if (typeof value === 'string') return [`${key}: ${JSON.stringify(value)}`];
    return [`${key}:`, ...value.map((line) => `  - ${JSON.stringify(line)}`)];
  });
  return ['---', ...entries, '...'].map((line) => `  ${line}\n`).join('');
}
