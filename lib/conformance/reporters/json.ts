import { type Case, PARAGRAPHS } from '../case.js';
import { describeExit, hintFor } from '../exit.js';
import type { Reporter, Summary } from '../reporter.js';
import type { Result } from '../run.js';
import { commonPrefixLength, excerpt, visible } from '../text.js';
import { printableJson } from './printable.js';

/** The longest expected or received text that is not shortened. */
const MAX_TEXT_BYTES = 4096;

/** Writes the report as one JSON object. */
export function json(): Reporter {
  return { onEnd: (summary) => toJson(jsonReport(summary)) };
}

export function toJson(value: unknown): string {
  return `${printableJson(JSON.stringify(value, null, 2))}\n`;
}

/** Returns the report as one object. It contains no times, ports or process ids, so it is the same in each run. */
export function jsonReport({ plan, results, counts, verdict, sentence, causes, stop }: Summary) {
  return {
    command: plan.command,
    ...(plan.subject !== undefined && { subject: plan.subject }),
    timeoutMs: plan.timeoutMs,
    verdict,
    sentence,
    conforms: verdict === 'conforms',
    ...(stop !== undefined && { stop }),
    ranks: counts,
    causes: causes.map(({ first, others, required }) => ({
      required,
      cases: [first, ...others].map((result) => result.case.name),
    })),
    cases: results.map((result) => ({
      ...jsonCase(result.case),
      required: plan.required.includes(result.case.rank),
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
