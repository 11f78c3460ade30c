import { signalOf } from './exit.js';
import type { Result } from './run.js';
import { isSanitizerSummary } from './sanitizer.js';
import {
  type Difference,
  findDifference,
  hasTwoMessages,
  isBare,
  isRepeated,
  type Line,
  parseLine,
  textClass,
} from './wire-line.js';

/**
 * The symptom of a failure, from the general to the special: `['line', 'text', 'blank']`. A failure whose symptom begins
 * with that of another one probably has the same cause.
 */
export type Symptom = readonly string[];

/** Returns the symptom of a failed case. */
export function symptomOf(result: Result): Symptom {
  const { details, exit, stderr = [] } = result;
  const sanitizer = stderr.find(isSanitizerSummary);
  if (sanitizer !== undefined) return ['crash', sanitizer];
  const signal = exit === undefined ? undefined : signalOf(exit);
  if (signal !== undefined) return ['signal', signal];
  const [line] = (details?.output ?? []).flatMap((text) => /\bline \d+|:\d+:\d/.exec(text)?.[0] ?? []);
  if (line !== undefined) return ['source', ...(/\d+/.exec(line) ?? [])];
  const symptom = exit === undefined ? symptomOfBytes(result) : undefined;
  if (symptom !== undefined) return symptom;
  return [normalize(details?.what ?? ''), ...(exit === undefined ? [] : [`exit ${exit.code}`])];
}

/** Returns the symptom of the failure that a failure summarizes. It can differ between runs. */
export function summarizedSymptom(result: Result): Symptom | undefined {
  const summarized = result.details?.summarized;
  return summarized === undefined ? undefined : symptomOfBytes({ ...result, details: summarized });
}

/** Replaces numbers and the names of clients, which differ between cases. */
function normalize(text: string): string {
  return text.replace(/\b\d[\d,.]*\b/g, 'N').replace(/\b[A-Z]{1,2}\b/g, 'X');
}

function symptomOfBytes(result: Result): Symptom | undefined {
  const difference = findDifference(result.details);
  if (difference === undefined) return undefined;
  const { wanted, got, line, before } = difference;
  const { isClosed, isTimeout } = result.details ?? {};
  if (isClosed === true) return ['closed', textClass(wanted, line)];
  if (line === undefined) return ['other', normalize(wanted.toString('latin1'))];
  if (got.length === 0 && isTimeout === true) return ['missing', line.kind, textClass(wanted, line)];
  if (hasTwoMessages(got)) return ['unfinished line', line.kind];
  if (isRepeated(got, before, result.timeline)) return ['repeated'];
  return symptomOfLine(difference, line);
}

function symptomOfLine({ wanted, got, at }: Difference, line: Line): Symptom {
  const kind = parseLine(got)?.kind;
  if (kind !== undefined && kind !== line.kind) return ['missing', line.kind, textClass(wanted, line)];
  const group = line.kind === 'line' ? 'line' : 'notice';
  if (at < line.idStart) return [group, isBare(wanted, got, line) ? 'no prefix' : 'first word'];
  if (at < line.idEnd || (kind !== undefined && at === line.idEnd)) return [line.kind, 'id'];
  if (at < line.textStart) return [group, 'separator'];
  if (at === wanted.length - 1) return [group, 'end'];
  if (group === 'notice') return [line.kind, 'words'];
  if (textClass(wanted, line) === 'long') return ['long line'];
  if (at === got.length) return ['line', 'text', 'cut'];
  return [group, 'text', textClass(wanted.subarray(at, at + 1))];
}
