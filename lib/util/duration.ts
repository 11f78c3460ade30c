const UNITS_MS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/**
 * Parses a duration such as `500ms`, `30s`, `5m`, `1.5h` or `7d`. A number without a unit is not a duration: half of its
 * readers would take it for seconds, the other half for milliseconds.
 *
 * @returns milliseconds, Infinity if the duration is too long to count, or undefined if the text is not a duration
 */
export function parseDuration(text: string): number | undefined {
  const [, digits, unit] = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(text) ?? [];
  if (digits === undefined) return undefined;
  const ms = Math.round(Number(digits) * UNITS_MS[unit as keyof typeof UNITS_MS]);
  return Number.isSafeInteger(ms) ? ms : Number.POSITIVE_INFINITY;
}

/** Formats a duration so that {@link parseDuration} returns the same: `90s`, `24d`, `1500ms`. */
export function formatDuration(ms: number): string {
  const [unit, unitMs] = Object.entries(UNITS_MS).findLast(([, one]) => ms > 0 && ms % one === 0) ?? [
    'ms',
    1,
  ];
  return `${ms / unitMs}${unit}`;
}
