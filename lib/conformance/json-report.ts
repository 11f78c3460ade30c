import { excerpt, same, visible } from './bytes.js';
import type { Case, Rank } from './case.js';
import { PARAGRAPHS } from './paragraphs.js';
import type { Result, Trial } from './run.js';
import { conforms, count, ending, hintFor } from './verdict.js';

/** The most of what was expected, and of what came, that is given whole. In bytes. */
const WHOLE = 4096;

/** The report as one object. Nothing in it differs from run to run: no times, no ports, no process ids. */
export function jsonReport(
  results: readonly Result[],
  required: readonly Rank[],
  { command, source, timeout }: Pick<Trial, 'command' | 'source' | 'timeout'>,
) {
  return {
    command: source === undefined ? command : [source.path, ...command.slice(1)],
    timeout,
    conforms: conforms(results, required),
    ranks: count(results, required),
    cases: results.map((result) => ({
      ...jsonCase(result.case),
      required: required.includes(result.case.rank),
      outcome: result.outcome,
      ...(result.reason !== undefined && { reason: result.reason }),
      ...(result.outcome === 'failed' && failure(result)),
    })),
  };
}

export function jsonCase({ name, rank, title, paragraph }: Case) {
  return { name, rank, title, paragraph: PARAGRAPHS[paragraph] };
}

function failure(result: Result) {
  const { details = { what: '' }, exit, stderr, timeline } = result;
  const { what, expected, came, end, output } = details;
  return {
    what,
    ...(exit !== undefined && { exit: { code: exit.code, signal: exit.signal, meaning: ending(exit) } }),
    ...(expected !== undefined && { expected: bytes(expected) }),
    ...(came !== undefined && { came: bytes(came) }),
    ...(expected !== undefined && came !== undefined && { firstDifference: same(expected, came) }),
    ...(end !== undefined && { end }),
    ...(output !== undefined && { output }),
    ...(stderr !== undefined && { stderr }),
    timeline: timeline.map(({ client, action, bytes: sent }) => ({
      ...(client !== undefined && { client }),
      action,
      ...(sent !== undefined && { bytes: bytes(sent) }),
    })),
    hint: hintFor(result),
  };
}

/** With control characters made visible; what is long has its middle left out. */
function bytes(all: Buffer): { text: string; length: number } {
  return { text: all.length <= WHOLE ? visible(all) : excerpt(all), length: all.length };
}
