// Functions on buffers that follow each other, as if they were one.

/** Returns the buffers without their first `count` bytes. */
export function dropBytes(chunks: readonly Buffer[], count: number): Buffer[] {
  let left = count;
  const rest: Buffer[] = [];
  for (const chunk of chunks) {
    if (left < chunk.length) rest.push(left === 0 ? chunk : chunk.subarray(left));
    left = Math.max(0, left - chunk.length);
  }
  return rest;
}

/** Returns the first `count` bytes. */
export function takeBytes(chunks: readonly Buffer[], count: number): Buffer[] {
  let left = count;
  const first: Buffer[] = [];
  for (const chunk of chunks) {
    if (left > 0) first.push(chunk.subarray(0, left));
    left -= chunk.length;
  }
  return first;
}

export function byteLength(chunks: readonly Buffer[]): number {
  return chunks.reduce((sum, { length }) => sum + length, 0);
}

/** Returns the position after the newline of the `nth` line, where the first line is 1; -1 if there are fewer lines. */
export function findLineEnd(chunks: readonly Buffer[], nth: number): number {
  let start = 0;
  let left = nth;
  for (const chunk of chunks) {
    for (let at = chunk.indexOf(0x0a); at !== -1 && left > 0; at = chunk.indexOf(0x0a, at + 1)) {
      if (--left === 0) return start + at + 1;
    }
    start += chunk.length;
  }
  return nth === 0 ? 0 : -1;
}

/** Returns the number of newlines in the first `count` bytes. */
export function countLines(chunks: readonly Buffer[], count = Number.POSITIVE_INFINITY): number {
  let lines = 0;
  for (const chunk of takeBytes(chunks, count)) {
    for (let at = chunk.indexOf(0x0a); at !== -1; at = chunk.indexOf(0x0a, at + 1)) lines++;
  }
  return lines;
}

/** Returns the position after the last newline in the first `count` bytes, or 0. */
export function findLastLineEnd(chunks: readonly Buffer[], count: number): number {
  let start = byteLength(chunks);
  for (let i = chunks.length - 1; i >= 0; i--) {
    const chunk = chunks[i] as Buffer;
    start -= chunk.length;
    const end = start < count ? chunk.subarray(0, count - start).lastIndexOf(0x0a) : -1;
    if (end !== -1) return start + end + 1;
  }
  return 0;
}
