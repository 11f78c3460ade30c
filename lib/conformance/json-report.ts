import { type Case, PARAGRAPHS, type Rank } from './case.js';
import type { Result, Trial } from './run.js';
import { commonPrefixLength, excerpt, visible } from './text.js';
import { conforms, countResults, describeExit, hintFor, verdictOf } from './verdict.js';

/** The longest expected or received text that is not shortened. */
const MAX_TEXT_BYTES = 4096;

/** Returns the report as one object. It contains no times, ports or process ids, so it is the same in each run. */
export function jsonReport(
  results: readonly Result[],
  required: readonly Rank[],
  { command, source, timeoutMs }: Pick<Trial, 'command' | 'source' | 'timeoutMs'>,
) {
  return {
    command: source === undefined ? command : [source.path, ...command.slice(1)],
    timeoutMs,
    verdict: verdictOf(results, required),
    conforms: conforms(results, required),
    ranks: countResults(results, required),
    cases: results.map((result) => ({
      ...jsonCase(result.case),
      required: required.includes(result.case.rank),
      outcome: result.outcome,
      ...(result.reason !== undefined && { reason: result.reason }),
      ...(result.outcome === 'failed' && jsonFailure(result)),
    })),
  };
}

export function jsonCase({ name, rank, title, paragraph }: Case) {
  return { name, rank, title, paragraph: PARAGRAPHS[paragraph] };
}

function jsonFailure(result: Result) {
  const { details = { what: '' }, exit, stderr, timeline } = result;
  const { what, expected, received, end, output } = details;
  return {
    what,
    ...(exit !== undefined && {
      exit: { code: exit.code, signal: exit.signal, meaning: describeExit(exit) },
    }),
    ...(expected !== undefined && { expected: jsonBytes(expected) }),
    ...(received !== undefined && { received: jsonBytes(received) }),
    ...(expected !== undefined &&
      received !== undefined && { firstDifference: commonPrefixLength(expected, received) }),
    ...(end !== undefined && { end }),
    ...(output !== undefined && { output }),
    ...(stderr !== undefined && { stderr }),
    timeline: timeline.map(({ client, action, bytes }) => ({
      ...(client !== undefined && { client }),
      action,
      ...(bytes !== undefined && { bytes: jsonBytes(bytes) }),
    })),
    hint: hintFor(result),
  };
}

function jsonBytes(bytes: Buffer): { text: string; length: number } {
  return { text: bytes.length <= MAX_TEXT_BYTES ? visible(bytes) : excerpt(bytes), length: bytes.length };
}
