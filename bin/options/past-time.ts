import { parseDuration } from '../../lib/util/duration.js';

/**
 * Parses a time in the past: a time of day such as `10:00` or `10:00Z` (UTC), an ISO 8601 date, or how long ago it was,
 * such as `1h`. A time of day that is yet to come today is yesterday's.
 *
 * @param now the current time, in milliseconds since 1970
 * @returns milliseconds since 1970, or undefined if the text is not a time
 */
export function parsePastTime(text: string, now: number): number | undefined {
  const ago = parseDuration(text);
  if (ago !== undefined) return ago < now ? now - ago : undefined;
  const [, hours, minutes, seconds = '0', zone] = /^(\d{1,2}):(\d{2})(?::(\d{2}))?(Z?)$/.exec(text) ?? [];
  if (hours === undefined) {
    const date = /^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}|$)/.test(text) ? Date.parse(text) : Number.NaN;
    return Number.isNaN(date) ? undefined : date;
  }
  const timeOfDay = [Number(hours), Number(minutes), Number(seconds)] as const;
  if (timeOfDay[0] > 23 || timeOfDay[1] > 59 || timeOfDay[2] > 59) return undefined;
  const date = new Date(now);
  const today = zone === 'Z' ? date.setUTCHours(...timeOfDay, 0) : date.setHours(...timeOfDay, 0);
  if (today <= now) return today;
  return zone === 'Z' ? date.setUTCDate(date.getUTCDate() - 1) : date.setDate(date.getDate() - 1);
}
