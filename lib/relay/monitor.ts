import type { MiniServError } from '../util/errors.js';
import type { Clients } from './clients.js';
import type { Fanout } from './fanout.js';
import type { Listener } from './listener.js';
import type { Outputs } from './outputs.js';
import type { ClientStats, EngineState, RelayStats } from './stats.js';
import { Traffic } from './traffic.js';

/** The parts of a relay that have numbers of their own. */
export interface Monitored {
  readonly clients: Clients;
  readonly fanout: Fanout;
  readonly listener: Listener;
  readonly outputs: Outputs;
}

/** The newest messages of the log. The first may be incomplete. */
export interface RecentMessages {
  readonly bytes: Buffer;
  /** The position in the log after the last byte. */
  readonly end: number;
  /** Lines and notices in the log up to there. */
  readonly messages: number;
}

/** Counts what no other part of the relay counts, and collects the statistics of all parts. */
export class Monitor {
  readonly traffic = new Traffic();
  engine: EngineState;
  #transformErrors = 0;

  constructor(engine: EngineState) {
    this.engine = engine;
  }

  onWarning({ code }: MiniServError): void {
    if (code === 'ERR_TRANSFORM') this.#transformErrors++;
  }

  stats({ clients, fanout, listener, outputs }: Monitored): RelayStats {
    const { pager, flow, messages } = fanout;
    const { traffic } = this;
    return {
      clients: clients.count,
      refused: listener.refused,
      lagBytes: clients.lagBytes,
      outputLagBytes: outputs.lagBytes,
      memoryBytes: pager.memoryBytes,
      diskBytes: pager.diskBytes,
      waitingSenders: flow.waitingSenders,
      waitedMs: flow.waitedMs,
      pendingTransforms: clients.pendingTransforms,
      transformErrors: this.#transformErrors,
      messages: traffic.messages,
      messageBytes: messages.end,
      linesIn: clients.linesIn,
      bytesIn: clients.bytesIn,
      linesOut: traffic.linesOut,
      bytesOut: traffic.bytesOut,
      engine: this.engine,
    };
  }

  recent({ fanout: { messages } }: Monitored, start: number, maxBytes: number): RecentMessages {
    return {
      bytes: messages.tail(start, maxBytes),
      end: messages.end,
      messages: this.traffic.messages,
    };
  }

  clientStats({ clients }: Monitored): ClientStats[] {
    return clients.joined.map((client) => ({
      id: client.id,
      joinedAt: client.joinedAt,
      lines: client.lines,
      bytes: client.bytes,
      lagBytes: client.lagBytes,
      state: client.progress,
      hasLeft: client.hasLeft,
    }));
  }
}
