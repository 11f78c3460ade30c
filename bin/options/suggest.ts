import { editDistance } from './edit-distance.js';

/** An unfinished word is completed if it has this many letters. */
const MIN_PREFIX_LETTERS = 3;
/** Words of this many letters may have two mistakes, shorter ones one. */
const LONG_WORD_LETTERS = 6;

/**
 * Returns the candidate that the word is most probably a typing mistake of, or undefined if none is near: one or
 * two mistakes, or an unfinished word.
 */
export function findSimilar(word: string, candidates: readonly string[]): string | undefined {
  const lower = word.toLowerCase();
  let best: { candidate: string; distance: number } | undefined;
  for (const candidate of candidates) {
    const distance = editDistance(lower, candidate.toLowerCase());
    const maxDistance = candidate.length < LONG_WORD_LETTERS ? 1 : 2;
    const isNear = distance <= maxDistance && distance < lower.length - 1;
    if ((isNear || distance === 0) && distance < (best?.distance ?? Number.POSITIVE_INFINITY)) {
      best = { candidate, distance };
    }
  }
  if (best !== undefined) return best.candidate;
  // The end of a longer word may differ: complete is the start of completion.
  const prefix = lower.length < LONG_WORD_LETTERS ? lower : lower.slice(0, -1);
  const begun = candidates.filter((one) => lower.length >= MIN_PREFIX_LETTERS && one.startsWith(prefix));
  return begun.length === 1 ? begun[0] : undefined;
}

/** Returns the end of a message, `; did you mean verify?`, or an empty text if no candidate is near. */
export function didYouMean(word: string, candidates: readonly string[]): string {
  const similar = findSimilar(word, candidates);
  return similar === undefined ? '' : `; did you mean ${similar}?`;
}
