/** A metric family: the samples that a scrape reports under one name. */
export interface Metric {
  /** With the unit last, and without the suffix `_total` of counters. */
  readonly name: string;
  /** `gaugehistogram`: a histogram of present values, so that its counts can fall. */
  readonly type: 'counter' | 'gauge' | 'histogram' | 'gaugehistogram';
  readonly unit?: Unit;
  /** A sentence on one line. */
  readonly help: string;
  readonly samples: readonly Sample[];
}

export type Unit = 'bytes' | 'seconds';

export interface Sample {
  readonly value: number;
  /** As in `{state="connected"}`. */
  readonly labels?: Readonly<Record<string, string>>;
  /** The part of a histogram, as in `lag_bytes_bucket`. */
  readonly suffix?: '_bucket' | '_sum' | '_count';
}

export function gauge(name: string, help: string, value: number): Metric {
  return { name, type: 'gauge', help, samples: [{ value }], ...unitOf(name) };
}

export function counter(name: string, help: string, value: number): Metric {
  return { name, type: 'counter', help, samples: [{ value }], ...unitOf(name) };
}

/** @param labelled the value of each label */
export function gauges(name: string, help: string, label: string, labelled: Record<string, number>): Metric {
  const samples = Object.entries(labelled).map(([text, value]) => ({ labels: { [label]: text }, value }));
  return { name, type: 'gauge', help, samples, ...unitOf(name) };
}

/** Returns the unit that a name ends in. */
function unitOf(name: string): { readonly unit?: Unit } {
  const unit = (['bytes', 'seconds'] as const).find((unit) => name.endsWith(`_${unit}`));
  return unit === undefined ? {} : { unit };
}
