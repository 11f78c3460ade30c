import type { ClientStats, EngineState } from '../../lib/relay/stats.js';

/** The counters of a relay at one moment. Those of lines and bytes count from its start. */
export interface Sample {
  /** In milliseconds since 1970. */
  readonly time: number;
  readonly lines: number;
  readonly bytes: number;
  readonly linesOut: number;
  readonly bytesOut: number;
  readonly clients: number;
  readonly memoryBytes: number;
  readonly diskBytes: number;
  readonly waitingSenders: number;
  readonly maxLagBytes: number;
}

/** The first frame of a feed. */
export interface Hello {
  readonly type: 'hello';
  readonly port: number;
  readonly room: string | null;
  readonly startedAt: number;
  readonly maxLineBytes: number;
  readonly history: readonly Sample[];
}

/** Sent every second. */
export interface Status {
  readonly type: 'status';
  readonly sample: Sample;
  readonly clients: readonly ClientStats[];
  readonly clientsLeftOut: number;
  /** The clients of all relays in a shared room. */
  readonly room: { readonly count: number; readonly others: readonly number[] } | null;
  readonly engine: EngineState;
}

/** The samples of statuses that were not sent, because the page did not read. The next status follows. */
export interface MissedSamples {
  readonly type: 'samples';
  readonly samples: readonly Sample[];
}

/** A part of the log was left out, because the page was too far behind. */
export interface Skip {
  readonly type: 'skip';
  /** The number of messages in the log since the feed began, up to the place where it continues. */
  readonly messages: number;
}

export type Frame = Hello | Status | MissedSamples | Skip;
