/**
 * The methods that the author of a stream has written and that its library calls, also in turns of the event loop in which
 * no exception can be caught elsewhere.
 */
export function authorMethods(stream: object): readonly string[] {
  // A Transform calls `_flush` only from its original `_final`, which must not be replaced.
  const last = '_transform' in stream ? '_flush' : '_final';
  return ['_construct', '_read', '_transform', '_write', '_writev', last, '_destroy'];
}
