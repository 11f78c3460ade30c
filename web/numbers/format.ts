const exact = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });
const compact = new Intl.NumberFormat('en', { notation: 'compact', maximumSignificantDigits: 3 });
const threeDigits = new Intl.NumberFormat('en', { maximumSignificantDigits: 3 });
const timeOfDay = new Intl.DateTimeFormat('en-GB', { timeStyle: 'medium' });
const dateAndTime = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'short' });

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
/** Larger numbers have three digits and a unit. */
const MAX_EXACT = 100_000;

/** All digits: `1,234,567`. */
export function formatExact(count: number): string {
  return exact.format(count);
}

/** At most six characters: `1,234`, `1.23M`. */
export function formatCount(count: number): string {
  return count < MAX_EXACT ? exact.format(count) : compact.format(count);
}

/** At least three digits and a unit: `512 B`, `1.5 KiB`. */
export function formatBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (Math.round(value) >= 1024 && unit < UNITS.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${value < 100 && unit > 0 ? threeDigits.format(value) : exact.format(value)} ${UNITS[unit]}`;
}

/** `1 line`, `1,234 lines`. */
export function formatLines(count: number): string {
  return `${exact.format(count)} ${count === 1 ? 'line' : 'lines'}`;
}

/** `1 new line`, `1,234 new lines`. */
export function formatNewLines(count: number): string {
  return `${exact.format(count)} new ${count === 1 ? 'line' : 'lines'}`;
}

/** The time of day, and the date if it is not today's. Times are in milliseconds since 1970. */
export function formatTime(time: number, now = Date.now()): string {
  const isToday = new Date(time).toDateString() === new Date(now).toDateString();
  return (isToday ? timeOfDay : dateAndTime).format(time);
}
