import type { Case } from './case.js';
import type { Room } from './room.js';
import { notJudged } from './run-case.js';
import type { Result, Trial } from './trial.js';

/** After this many cases in which a server has not sent a single byte, the rest is skipped. */
const MAX_SILENT_CASES = 3;
/** After this many cases for which the machine was too busy, the rest is not run. */
const MAX_UNDECIDED_CASES = 3;

/**
 * Reports results in the order of the cases, and decides after which of them the rest is not run. Both depend only on
 * the results, not on which case ends first.
 */
export class OrderedResults {
  readonly results: Result[] = [];
  /** Whether a server has listened: then it does not move to the background, and several may run at the same time. */
  hasListened = false;
  readonly #trial: Trial;
  readonly #ended = new Map<Case, { result: Result; room: Room }>();
  #rest: { readonly outcome: 'skipped' | 'undecided'; readonly reason: string } | undefined;
  #silentCases = 0;
  #undecidedCases = 0;
  #hasReceived = false;

  constructor(trial: Trial) {
    this.#trial = trial;
  }

  /** Whether a case belongs to the rest, which is not run. Rules for the source need no server. */
  excludes(one: Case): boolean {
    return this.#rest !== undefined && (one.source === undefined || this.#trial.bail !== undefined);
  }

  /** Takes the result of a case, and reports all results that are next. */
  add(result: Result, room: Room): void {
    this.#ended.set(result.case, { result, room });
    for (const one of this.#trial.cases.slice(this.results.length)) {
      const ended = this.#ended.get(one);
      if (this.#rest !== undefined && this.excludes(one)) {
        this.#report(notJudged(one, this.#rest.outcome, this.#rest.reason));
      } else if (ended === undefined) {
        return;
      } else {
        this.#report(ended.result);
        this.#decide(ended.result, ended.room);
      }
    }
  }

  #report(result: Result): void {
    this.results.push(result);
    this.#trial.onResult?.(result);
  }

  /** Decides whether the rest is run. */
  #decide(result: Result, room: Room): void {
    const { case: one, outcome, details, reason = '' } = result;
    this.#hasReceived ||= room.hasReceived;
    this.hasListened ||= room.servers.length > 0 && !room.hasNeverListened;
    if (details?.isTimeout && room.servers.length > 0 && !this.#hasReceived) this.#silentCases++;
    if (outcome === 'undecided' && ++this.#undecidedCases === MAX_UNDECIDED_CASES)
      this.#rest ??= { outcome, reason };
    if (outcome !== 'failed') return;
    const skip = (why: string): void => {
      this.#rest ??= { outcome: 'skipped', reason: why };
    };
    if (one.name === 'compiles') skip('the source does not compile');
    if (room.hasNeverListened) skip(`it does not listen on its port: see ${one.name}`);
    if (this.#silentCases === MAX_SILENT_CASES)
      skip(`it has not sent a single byte in ${MAX_SILENT_CASES} cases`);
    if (this.#trial.bail?.includes(one.rank)) skip('not run: an earlier case failed');
  }
}
