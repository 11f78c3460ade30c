/** Returns the seed of a session, a number of 32 bits. The first one has the seed of the run, so that each can be played alone. */
export function seedOf(seed: number, session: number): number {
  if (session === 0) return seed;
  // The finalizer of MurmurHash3.
  let mixed = Math.imul(seed ^ Math.imul(session, 0x9e3779b1), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}
