/** Powers of 1024. */
const UNITS = { '': 0, K: 1, M: 2, G: 3, T: 4 };

/**
 * Parses a size such as `4096`, `64K`, `64KiB` or `1.5G`. Units are powers of 1024.
 *
 * @returns bytes, or undefined if the text is not a size
 */
export function parseSize(text: string): number | undefined {
  const [, digits, unit = ''] = /^(\d+(?:\.\d+)?) ?(?:([KMGT])i?B?|B)?$/i.exec(text) ?? [];
  if (digits === undefined) return undefined;
  const size = Number(digits) * 1024 ** UNITS[unit.toUpperCase() as keyof typeof UNITS];
  return Number.isSafeInteger(Math.round(size)) ? Math.round(size) : undefined;
}
