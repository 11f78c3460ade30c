let lastTime = Number.NaN;
let lastISO = '';

/** A time (milliseconds since 1970) as ISO 8601 has it. Many lines are said in the same millisecond. */
export function toISO(time: number): string {
  if (time !== lastTime) {
    lastTime = time;
    lastISO = new Date(time).toISOString();
  }
  return lastISO;
}
