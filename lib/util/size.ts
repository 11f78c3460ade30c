/** Powers of 1024. */
const UNITS = ['', 'K', 'M', 'G', 'T'];

/**
 * Parses a size such as `4096`, `64K`, `64KiB` or `1.5G`. Units are powers of 1024.
 *
 * @returns bytes, Infinity if the size is too large to count, or undefined if the text is not a size
 */
export function parseSize(text: string): number | undefined {
  // A fraction needs a unit: half a byte is not a size.
  const [, bytes, digits = bytes, unit = ''] =
    /^(?:(\d+)(?: ?B)?|(\d+(?:\.\d+)?) ?([KMGT])i?B?)$/i.exec(text) ?? [];
  if (digits === undefined) return undefined;
  const size = Math.round(Number(digits) * 1024 ** UNITS.indexOf(unit.toUpperCase()));
  return Number.isSafeInteger(size) ? size : Number.POSITIVE_INFINITY;
}

/** Formats a size so that {@link parseSize} returns the same: `64M`, `1536K`, `100B`. */
export function formatSize(bytes: number): string {
  let power = 0;
  while (power < UNITS.length - 1 && bytes > 0 && bytes % 1024 ** (power + 1) === 0) power++;
  return `${bytes / 1024 ** power}${UNITS[power] || 'B'}`;
}
