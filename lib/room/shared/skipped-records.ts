import { MiniServError } from '../../util/errors.js';
import type { ReadRecord } from './record-reader.js';

const RESTRICT = 'restrict the permission to publish to the subjects of the room to relays';

/** Warns about data of a room that no relay wrote: once for each kind, because anyone could publish much of it. */
export class SkippedRecords {
  readonly #onWarning: (warning: MiniServError) => void;
  readonly #kinds = new Set<string>();

  constructor(onWarning: (warning: MiniServError) => void) {
    this.#onWarning = onWarning;
  }

  onRecord(sequence: number, problem: NonNullable<ReadRecord['problem']>): void {
    const skipped = `skipped record ${sequence} of the room, which`;
    if (problem === 'unknown relay')
      this.#warn('foreign', `${skipped} belongs to a relay that never started`, RESTRICT);
    else if (problem.laterVersion === undefined)
      this.#warn('foreign', `${skipped} is invalid (${problem.message})`, RESTRICT);
    else {
      const advice = 'if a newer mini-serv wrote it, run the same version on all relays of the room';
      this.#warn('version', `${skipped} this relay cannot read (${problem.message})`, advice);
    }
  }

  onSnapshot(reason: string): void {
    this.#warn('snapshot', `skipped a stored snapshot of the room, which is invalid (${reason})`, RESTRICT);
  }

  #warn(kind: string, problem: string, advice: string): void {
    if (this.#kinds.has(kind)) return;
    this.#kinds.add(kind);
    const message = `${problem}; more of them are skipped without a warning; ${advice}`;
    this.#onWarning(new MiniServError('ERR_ROOM_FOREIGN', message));
  }
}
