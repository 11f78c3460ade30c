import type { Clock } from '../../util/environment.js';
import { MiniServError } from '../../util/errors.js';
import { saveRoomState } from '../room-state-data.js';
import type { Engine } from './engine.js';
import type { RecordReader } from './record-reader.js';
import { encodeSnapshot, type Snapshot } from './snapshot.js';

/** A snapshot is due after this many records or bytes: the most that a relay has to read when it joins. */
const MAX_RECORDS = 2000;
const MAX_BYTES = 8 * 1024 * 1024;
/** After this time even a single record is included in a snapshot. */
const MAX_AGE_MS = 5000;

export interface SnapshotWriterOptions {
  readonly engine: Engine;
  readonly clock: Clock;
  readonly reader: RecordReader;
  readonly onWarning: (warning: MiniServError) => void;
}

/** Saves snapshots of a room, so that a relay that joins does not have to read the whole log. */
export class SnapshotWriter {
  readonly #options: SnapshotWriterOptions;
  #records: number;
  #bytes: number;
  #savedSequence: number;
  #cancelTimer: (() => void) | null = null;
  #saving: Promise<void> = Promise.resolve();
  #hasFailed = false;
  #hasWarned = false;
  #isStopped = false;

  /** @param snapshot the one that the reader started from */
  constructor(options: SnapshotWriterOptions, snapshot: Snapshot | undefined) {
    this.#options = options;
    this.#records = snapshot?.records ?? 0;
    this.#bytes = snapshot?.bytes ?? 0;
    this.#savedSequence = options.reader.sequence;
  }

  /**
   * Counts a record that was read. All relays count alike, and the relay whose record makes a snapshot due saves it.
   *
   * @param isOwn whether this relay stored the record, or none did
   */
  onRecord(isOwn: boolean, bytes: number): void {
    this.#records++;
    this.#bytes += bytes;
    const isDue = this.#records >= MAX_RECORDS || this.#bytes >= MAX_BYTES;
    if (isDue) {
      this.#records = 0;
      this.#bytes = 0;
    }
    if (!isOwn) return;
    if (isDue) void this.save();
    else this.#saveLater();
  }

  /**
   * Saves a snapshot of the state, unless it is saved already. A failed attempt is repeated later. One attempt runs at a
   * time, so that the latest stored snapshot is that of the latest state.
   */
  save(): Promise<void> {
    this.#saving = this.#saving.then(() => this.#saveNow());
    return this.#saving;
  }

  async #saveNow(): Promise<void> {
    const { engine, reader } = this.#options;
    this.#stopTimer();
    const { sequence, time } = reader;
    if (this.#isStopped || this.#savedSequence === sequence) return;
    const snapshot = encodeSnapshot({
      identity: engine.identity,
      asOf: sequence,
      time,
      records: this.#records,
      bytes: this.#bytes,
      state: saveRoomState(reader.state),
    });
    try {
      await engine.saveSnapshot(sequence, snapshot);
      this.#savedSequence = Math.max(this.#savedSequence, sequence);
      this.#hasFailed = false;
      this.#hasWarned = false;
    } catch (error) {
      if (error instanceof MiniServError) this.#warn(error);
      // No other relay saves this snapshot, and without it no relay can join after the engine has dropped its records.
      this.#hasFailed = true;
      this.#saveLater();
    }
  }

  /** Repeats a failed attempt at once, for example after an outage. */
  retry(): void {
    if (this.#hasFailed) void this.save();
  }

  stop(): void {
    this.#isStopped = true;
    this.#stopTimer();
  }

  /** The room continues: only relays that join later are concerned. */
  #warn({ code, message, cause }: MiniServError): void {
    if (this.#hasWarned || this.#isStopped) return;
    this.#hasWarned = true;
    const text = `cannot save a snapshot of the room, without which no relay can join later: ${message}`;
    this.#options.onWarning(new MiniServError(code, text, { cause }));
  }

  #saveLater(): void {
    if (this.#isStopped) return;
    this.#cancelTimer ??= this.#options.clock.setTimer(MAX_AGE_MS, () => void this.save());
  }

  #stopTimer(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = null;
  }
}
