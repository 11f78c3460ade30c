import { formatBytes, formatCount } from './format.js';
import type { History, Summary, Values } from './series.js';

/** A line in a chart. */
export interface Part {
  /** Names the line if its chart has several. */
  readonly name?: string;
  readonly values: (history: History) => Values;
}

export interface Measure {
  readonly title: string;
  readonly format: (value: number) => string;
  /** Distances between the labels of the axis, of which the chart chooses one. */
  readonly increments: readonly number[];
  readonly parts: readonly [Part, ...Part[]];
}

const COUNTS = Array.from({ length: 13 }, (_, i) => [1, 2, 5].map((factor) => factor * 10 ** i)).flat();
const BYTES = Array.from({ length: 48 }, (_, i) => 2 ** i);
const formatBytesPerSecond = (value: number) => `${formatBytes(value)}/s`;
const formatWhole = (value: number) => formatCount(Math.round(value));

/** The charts of the page, in their order. */
export const MEASURES: readonly Measure[] = [
  {
    title: 'Lines per second',
    format: formatWhole,
    increments: COUNTS,
    parts: [{ values: (history) => history.rates('lines') }],
  },
  {
    title: 'Bytes per second',
    format: formatBytesPerSecond,
    increments: BYTES,
    parts: [{ values: (history) => history.rates('bytes') }],
  },
  {
    title: 'Clients',
    format: formatWhole,
    increments: COUNTS,
    parts: [{ values: (history) => history.levels('clients') }],
  },
  {
    title: 'Largest lag',
    format: formatBytes,
    increments: BYTES,
    parts: [{ values: (history) => history.levels('maxLagBytes') }],
  },
  {
    title: 'Backlog',
    format: formatBytes,
    increments: BYTES,
    parts: [
      { name: 'in memory', values: (history) => history.levels('memoryBytes') },
      { name: 'on disk', values: (history) => history.levels('diskBytes') },
    ],
  },
  {
    title: 'Waiting senders',
    format: formatWhole,
    increments: COUNTS,
    parts: [{ values: (history) => history.levels('waitingSenders') }],
  },
];

/** Describes each line of a chart in words: its latest value, and its lowest and highest one. */
export function describe(
  { format, parts }: Measure,
  summaries: readonly (Summary | undefined)[],
): { now: string; range: string }[] {
  return parts.map(({ name }, i) => {
    const summary = summaries[i];
    const suffix = name === undefined ? '' : ` ${name}`;
    if (summary === undefined) return { now: `–${suffix}`, range: `–${suffix}` };
    const [lowest, highest] = [format(summary.lowest), format(summary.highest)];
    const range = lowest === highest ? highest : `${lowest} to ${highest}`;
    return { now: `${format(summary.now)}${suffix}`, range: `${range}${suffix}` };
  });
}
