import type { Case } from './case.js';
import { Failure, type FailureDetails, Skip, Undecided } from './failure.js';
import { Room } from './room.js';
import type { Exit } from './server.js';
import type { Source } from './source.js';
import type { Step } from './timeline.js';

/**
 * The outcome of a case. `skipped`: it cannot be checked here. `undecided`: it was checked, but the machine is so busy
 * that the result says nothing about the server.
 */
export const OUTCOMES = ['passed', 'failed', 'skipped', 'undecided'] as const;
export type Outcome = (typeof OUTCOMES)[number];

/** The result of a case. */
export interface Result {
  readonly case: Case;
  readonly outcome: Outcome;
  /** Why it was skipped, or could not be judged. */
  readonly reason?: string;
  readonly details?: FailureDetails;
  /** How the server ended, if it did. */
  readonly exit?: Exit;
  /** The last lines on standard error, if the server ended. */
  readonly stderr?: readonly string[];
  readonly timeline: readonly Step[];
}

export interface Trial {
  /** The command under test, without the port. */
  readonly command: readonly string[];
  readonly source?: Source | undefined;
  readonly cases: readonly Case[];
  /** Time to wait for the next byte of an expected text, in milliseconds. */
  readonly timeoutMs: number;
  /** Cases that may run at the same time. */
  readonly jobs?: number;
  /** Whether to stop at the first case that fails. The rest are reported as skipped. */
  readonly bail?: boolean;
  /** Called when a case starts. Several can run at the same time. */
  readonly onStart?: (one: Case) => void;
  /** Called after each case, in the order of the cases. */
  readonly onResult?: (result: Result) => void;
}

/** After this many cases in which a server has not sent a single byte, the rest is skipped. */
const MAX_SILENT_CASES = 3;

/** Lines of standard error that a report shows. */
const STDERR_LINES = 5;

/** Runs one case after the other, each with a new server. */
export async function runCases(trial: Trial): Promise<Result[]> {
  const results: Result[] = [];
  let silentCases = 0;
  let hasReceived = false;
  let skipReason: string | undefined;
  for (const one of trial.cases) {
    if (trial.bail && results.some(({ outcome }) => outcome === 'failed'))
      skipReason = 'not run: an earlier case failed';
    if (skipReason === undefined) trial.onStart?.(one);
    const { result, room } = await runCase(one, trial, skipReason);
    results.push(result);
    trial.onResult?.(result);
    if (room === undefined) {
      if (result.outcome === 'failed' && one.name === 'compiles') skipReason = 'the source does not compile';
      continue;
    }
    hasReceived ||= room.hasReceived;
    if (result.details?.isTimeout && room.servers.length > 0 && !hasReceived) silentCases++;
    if (result.outcome === 'failed' && room.hasNeverListened) {
      skipReason = `it does not listen on its port: see ${one.name}`;
    } else if (silentCases === MAX_SILENT_CASES) {
      skipReason = `it has not sent a single byte in ${MAX_SILENT_CASES} cases`;
    }
  }
  return results;
}

async function runCase(
  one: Case,
  { command, source, timeoutMs, bail }: Trial,
  skipReason: string | undefined,
): Promise<{ result: Result; room?: Room }> {
  if (one.source !== undefined && (skipReason === undefined || !bail))
    return { result: await checkSource(one, source) };
  if (skipReason !== undefined) return { result: skipped(one, skipReason) };
  const room = new Room(command, timeoutMs);
  try {
    await one.run?.(room);
    const exit = room.ended;
    if (exit !== undefined) throw new Failure({ what: 'it ended while clients were connected', exit });
    return { room, result: { case: one, outcome: 'passed', timeline: room.timeline.steps } };
  } catch (error) {
    if (error instanceof Skip) return { room, result: skipped(one, error.message) };
    if (error instanceof Undecided)
      return { room, result: { ...skipped(one, error.message), outcome: 'undecided' } };
    return { room, result: await failedInRoom(room, one, error) };
  } finally {
    await room.close();
  }
}

async function checkSource(one: Case, source: Source | undefined): Promise<Result> {
  if (source === undefined) return skipped(one, 'a command is tested, not a source file');
  try {
    await one.source?.(source);
    return { case: one, outcome: 'passed', timeline: [] };
  } catch (error) {
    return error instanceof Skip ? skipped(one, error.message) : failed(one, error);
  }
}

function skipped(one: Case, reason: string): Result {
  return { case: one, outcome: 'skipped', reason, timeline: [] };
}

function failed(one: Case, error: unknown): Result {
  if (!(error instanceof Failure)) throw error;
  return { case: one, outcome: 'failed', details: error.details, timeline: [] };
}

async function failedInRoom(room: Room, one: Case, error: unknown): Promise<Result> {
  const result = failed(one, error);
  const server = room.servers.at(-1);
  const { details } = result;
  const exit = details?.exit ?? (await server?.fate(details?.isClosed === true, room.limits.timeoutMs));
  const stderr = exit === undefined ? [] : (server?.stderr.lastLines(STDERR_LINES) ?? []);
  return {
    ...result,
    ...(exit !== undefined && { exit }),
    ...(stderr.length > 0 && { stderr }),
    timeline: room.timeline.steps,
  };
}
