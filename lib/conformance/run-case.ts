import type { Case } from './case.js';
import { signalOf } from './exit.js';
import { type Exit, Failure, Skip, Undecided } from './failure.js';
import type { Room } from './room.js';
import type { Server } from './server.js';
import type { Source } from './source.js';
import { isComposed, type Result, type Trial } from './trial.js';

/** Lines of standard error that a report shows. */
const STDERR_LINES = 5;

/** Runs a case with a new server, or checks the source file. */
export async function runCase(
  one: Case,
  room: Room,
  { source, signal }: Pick<Trial, 'source' | 'signal'>,
): Promise<Result> {
  try {
    if (isComposed(one)) {
      return await one.judge({ command: room.command, timeoutMs: room.clock.timeoutMs, signal });
    }
    if (one.source !== undefined) await checkSource(one.source, source);
    else await one.run?.(room);
    const exit = room.ended;
    if (exit !== undefined) throw new Failure({ what: 'it ended while clients were connected', exit });
    return { case: one, outcome: 'passed', timeline: room.timeline.steps };
  } catch (error) {
    if (error instanceof Skip) return notJudged(one, 'skipped', error.message);
    if (error instanceof Undecided) return notJudged(one, 'undecided', error.message);
    if (error instanceof Failure) return await explainFailure(one, room, error);
    throw error;
  } finally {
    await room.close();
  }
}

/** Returns the result of a case that says nothing about the server. */
export function notJudged(one: Case, outcome: 'skipped' | 'undecided', reason: string): Result {
  return { case: one, outcome, reason, timeline: [] };
}

function checkSource(check: NonNullable<Case['source']>, source: Source | undefined): Promise<void> | void {
  if (source === undefined) throw new Skip('a command is tested, not a source file');
  return check(source);
}

async function explainFailure(one: Case, room: Room, { details }: Failure): Promise<Result> {
  const server = room.servers.at(-1);
  const exit = details.exit ?? (await server?.fate(details.isClosed === true, room.clock));
  const stderr = exit === undefined || server === undefined ? [] : await lastLines(server, room);
  return {
    case: one,
    outcome: 'failed',
    details,
    ...(exit !== undefined && { exit: withCircumstances(exit, room) }),
    ...(stderr.length > 0 && { stderr }),
    timeline: room.timeline.steps,
  };
}

/** Returns the last output of a server that has ended. It may arrive after the end of the process. */
async function lastLines({ stderr }: Server, { clock }: Room): Promise<string[]> {
  await clock.within(stderr.closed, clock.timeoutMs);
  return stderr.lastLines(STDERR_LINES);
}

/** A broken connection is the usual reason for SIGPIPE, but not if there was none. */
function withCircumstances(exit: Exit, room: Room): Exit {
  return signalOf(exit) === 'SIGPIPE' && room.hasAllClients ? { ...exit, hadAllClients: true } : exit;
}
