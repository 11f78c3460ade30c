import type { Relay } from '../../lib/relay/relay.js';
import { largest } from '../../lib/util/largest.js';
import type { Sample } from '../../web/feed/frames.js';

const INTERVAL_MS = 1000;
/** Five minutes. */
const MAX_SAMPLES = 300;

/** Samples the numbers of a relay every second, so that a page that is opened later has its charts. */
export class History {
  readonly samples: Sample[] = [];
  readonly #relay: Relay;
  readonly #timer: NodeJS.Timeout;

  /** @param onSample called with each new sample */
  constructor(relay: Relay, onSample: (sample: Sample) => void) {
    this.#relay = relay;
    this.#add();
    this.#timer = setInterval(() => onSample(this.#add()), INTERVAL_MS);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #add(): Sample {
    const stats = this.#relay.stats();
    const sample: Sample = {
      time: Date.now(),
      lines: stats.linesIn,
      bytes: stats.bytesIn,
      linesOut: stats.linesOut,
      bytesOut: stats.bytesOut,
      clients: stats.clients,
      memoryBytes: stats.memoryBytes,
      diskBytes: stats.diskBytes,
      waitingSenders: stats.waitingSenders,
      maxLagBytes: largest(stats.lagBytes.values()),
    };
    this.samples.push(sample);
    if (this.samples.length > MAX_SAMPLES) this.samples.shift();
    return sample;
  }
}
