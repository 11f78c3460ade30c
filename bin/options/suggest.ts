/** A prefix of this many letters names what it begins. */
const MIN_PREFIX = 3;
/** Words of this many letters may have two mistakes, shorter ones one. */
const LONG = 6;

/**
 * Returns the candidate that the word is most probably a typing mistake of, or undefined if none is near: one or
 * two mistakes, or an unfinished word.
 */
export function findSimilar(word: string, candidates: readonly string[]): string | undefined {
  const lower = word.toLowerCase();
  let best: { candidate: string; distance: number } | undefined;
  for (const candidate of candidates) {
    const distance = editDistance(lower, candidate.toLowerCase());
    const maxDistance = candidate.length < LONG ? 1 : 2;
    const isNear = distance <= maxDistance && distance < lower.length - 1;
    if ((isNear || distance === 0) && distance < (best?.distance ?? Number.POSITIVE_INFINITY)) {
      best = { candidate, distance };
    }
  }
  if (best !== undefined) return best.candidate;
  // The end of a longer word may differ: complete is the start of completion.
  const prefix = lower.length < LONG ? lower : lower.slice(0, -1);
  const begun = candidates.filter((one) => lower.length >= MIN_PREFIX && one.startsWith(prefix));
  return begun.length === 1 ? begun[0] : undefined;
}

/** Returns the end of a message, `; did you mean verify?`, or an empty text if no candidate is near. */
export function didYouMean(word: string, candidates: readonly string[]): string {
  const similar = findSimilar(word, candidates);
  return similar === undefined ? '' : `; did you mean ${similar}?`;
}

/** The Damerau-Levenshtein distance: how many letters are to be inserted, deleted, replaced or swapped with the next. */
export function editDistance(a: string, b: string): number {
  let before: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const isSame = a[i - 1] === b[j - 1];
      const isSwapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      row[j] = Math.min(
        (last[j] as number) + 1,
        (row[j - 1] as number) + 1,
        (last[j - 1] as number) + (isSame ? 0 : 1),
        isSwapped ? (before[j - 2] as number) + 1 : Number.POSITIVE_INFINITY,
      );
    }
    before = last;
    last = row;
  }
  return last[b.length] as number;
}
