import type { Case } from './case.js';
import { type Details, Failure, LeftOut } from './failure.js';
import { Room } from './room.js';
import type { Exit } from './server.js';
import type { Source } from './source.js';
import type { Step } from './timeline.js';

export interface Result {
  readonly case: Case;
  readonly outcome: 'passed' | 'failed' | 'left out';
  /** Why it was left out. */
  readonly reason?: string;
  readonly details?: Details;
  /** How the server ended, if it did. */
  readonly exit?: Exit;
  /** What it has last written on standard error, if it ended. */
  readonly stderr?: readonly string[];
  readonly timeline: readonly Step[];
}

export interface Trial {
  /** The command under test, to which the port is added. */
  readonly command: readonly string[];
  readonly source?: Source | undefined;
  readonly cases: readonly Case[];
  /** How long to wait for the next byte of what should come, in ms. */
  readonly timeout: number;
  readonly report?: (result: Result) => void;
}

/** So many cases in which a server has not sent a single byte are enough to know that it never will. */
const MUTE = 3;

/** Runs one case after the other, each with a server of its own. */
export async function runCases(trial: Trial): Promise<Result[]> {
  const results: Result[] = [];
  let mute = 0;
  let heard = false;
  let stop: string | undefined;
  for (const one of trial.cases) {
    const { result, room } = await runCase(one, trial, stop);
    results.push(result);
    trial.report?.(result);
    if (room === undefined) {
      if (result.outcome === 'failed' && one.name === 'compiles') stop = 'the source does not compile';
      continue;
    }
    heard ||= room.heard;
    if (result.details?.late && room.servers.length > 0 && !heard) mute++;
    if (result.outcome === 'failed' && room.unopened)
      stop = `it does not listen on its port: see ${one.name}`;
    else if (mute === MUTE) stop = `it has not sent a single byte in ${MUTE} cases`;
  }
  return results;
}

async function runCase(
  one: Case,
  { command, source, timeout }: Trial,
  stop: string | undefined,
): Promise<{ result: Result; room?: Room }> {
  const leave = (reason: string): { result: Result } => ({
    result: { case: one, outcome: 'left out', reason, timeline: [] },
  });
  if (one.source !== undefined) {
    if (source === undefined) return leave('what is judged is no source file, but a command');
    try {
      await one.source(source);
      return { result: { case: one, outcome: 'passed', timeline: [] } };
    } catch (error) {
      return error instanceof LeftOut ? leave(error.message) : { result: failed(one, error) };
    }
  }
  if (stop !== undefined) return leave(stop);
  const room = new Room(command, timeout);
  try {
    await one.run?.(room);
    const exit = room.ended;
    if (exit !== undefined) throw new Failure({ what: 'it ended while it was used', exit });
    return { room, result: { case: one, outcome: 'passed', timeline: room.timeline.steps } };
  } catch (error) {
    if (error instanceof LeftOut) return { ...leave(error.message), room };
    return { room, result: await failedIn(room, one, error) };
  } finally {
    await room.close();
  }
}

function failed(one: Case, error: unknown): Result {
  if (!(error instanceof Failure)) throw error;
  return { case: one, outcome: 'failed', details: error.details, timeline: [] };
}

async function failedIn(room: Room, one: Case, error: unknown): Promise<Result> {
  const result = failed(one, error);
  const server = room.servers.at(-1);
  const { details } = result;
  const exit = details?.exit ?? (await server?.fate(details?.broken === true, room.patience.ms));
  const stderr = exit === undefined ? [] : (server?.stderr.lines(5) ?? []);
  return {
    ...result,
    ...(exit !== undefined && { exit }),
    ...(stderr.length > 0 && { stderr }),
    timeline: room.timeline.steps,
  };
}
