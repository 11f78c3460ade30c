const UNITS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/**
 * Milliseconds of a time as people write it: `500ms`, `30s`, `5m`, `1.5h`, `7d`.
 *
 * @returns undefined if it is none
 */
export function parseDuration(text: string): number | undefined {
  const [, digits, unit] = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(text) ?? [];
  if (digits === undefined) return undefined;
  const ms = Math.round(Number(digits) * UNITS[unit as keyof typeof UNITS]);
  return Number.isSafeInteger(ms) ? ms : undefined;
}

/**
 * A time in the past, in milliseconds since 1970: `10:00` (today, or yesterday if that is yet to come; `10:00Z` for
 * UTC), a date as ISO 8601 has it, or how long ago: `1h`.
 *
 * @returns undefined if it is none
 */
export function parseSince(text: string, now: number): number | undefined {
  const ago = parseDuration(text);
  if (ago !== undefined) return now - ago;
  const [, hours, minutes, seconds = '0', zone] = /^(\d{1,2}):(\d{2})(?::(\d{2}))?(Z?)$/.exec(text) ?? [];
  if (hours === undefined) {
    const date = /^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}|$)/.test(text) ? Date.parse(text) : Number.NaN;
    return Number.isNaN(date) ? undefined : date;
  }
  const time = [Number(hours), Number(minutes), Number(seconds)] as const;
  if (time[0] > 23 || time[1] > 59 || time[2] > 59) return undefined;
  const date = new Date(now);
  const since = zone === 'Z' ? date.setUTCHours(...time, 0) : date.setHours(...time, 0);
  if (since <= now) return since;
  return zone === 'Z' ? date.setUTCDate(date.getUTCDate() - 1) : date.setDate(date.getDate() - 1);
}
