import type { Clock } from '../util/environment.js';
import { MiniServError } from '../util/errors.js';
import type { Segment } from './segment.js';
import { SegmentIndex } from './segment-index.js';
import type { SegmentPool } from './segment-pool.js';
import type { Spill } from './spill.js';

/** The pauses before a failed read is repeated. After the last it is given up. */
const RETRY_DELAYS_MS = [10, 100, 1000];

export interface SegmentLoaderOptions {
  readonly clock: Clock;
  readonly spill: Spill;
  readonly pool: SegmentPool;
  readonly segmentBytes: number;
  /** Called when a segment is in memory again. */
  readonly onLoaded: (segment: Segment) => void;
}

/** Reads segments back from disk. */
export class SegmentLoader {
  readonly #options: SegmentLoaderOptions;
  readonly #loads = new Map<Segment, Promise<void>>();
  /** Ends the pauses in progress. */
  readonly #pauseEnds = new Set<() => void>();
  #isShutDown = false;

  constructor(options: SegmentLoaderOptions) {
    this.#options = options;
  }

  get pendingLoads(): number {
    return this.#loads.size;
  }

  /**
   * Reads a segment; once if several readers ask for it at the same time.
   *
   * @throws {MiniServError} ERR_SPILL_READ
   */
  load(segment: Segment): Promise<void> {
    let load = this.#loads.get(segment);
    if (load === undefined) {
      load = this.#load(segment).finally(() => this.#loads.delete(segment));
      this.#loads.set(segment, load);
    }
    return load;
  }

  /** Fails loads that are waiting to be repeated. */
  shutdown(): void {
    this.#isShutDown = true;
    for (const endPause of this.#pauseEnds) endPause();
  }

  async #load(segment: Segment): Promise<void> {
    for (let attempt = 0; ; attempt++) {
      try {
        await this.#read(segment);
        return;
      } catch (cause) {
        if (segment.readers === 0) return;
        const delayMs = RETRY_DELAYS_MS[attempt];
        if (delayMs === undefined || this.#isShutDown) {
          const reason = cause instanceof Error ? cause.message : String(cause);
          throw new MiniServError('ERR_SPILL_READ', `cannot read the backlog back from disk: ${reason}`, {
            cause,
          });
        }
        await this.#pause(delayMs);
      }
    }
  }

  async #read(segment: Segment): Promise<void> {
    const { segmentBytes, spill, pool, onLoaded } = this.#options;
    const { location } = segment;
    if (location === null || segment.content !== null) return;
    const { bytes } = pool.allocate();
    const index = Buffer.alloc(location.length - segmentBytes);
    await Promise.all([spill.read(location, bytes, 0), spill.read(location, index, segmentBytes)]);
    if (segment.readers === 0) return;
    segment.content = { bytes, index: SegmentIndex.fromBytes(index) };
    pool.count(segment, segmentBytes + segment.content.index.memoryBytes);
    onLoaded(segment);
  }

  /** Waits, but no longer than until the shutdown. */
  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const end = (): void => {
        cancel();
        this.#pauseEnds.delete(end);
        resolve();
      };
      const cancel = this.#options.clock.setTimer(ms, end);
      this.#pauseEnds.add(end);
    });
  }
}
