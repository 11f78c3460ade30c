/**
 * A text without what may be secret in it: what stands before the last @, as in `nats://user:password@host`. Spaces
 * and slashes that somebody has not encoded are a part of it.
 */
export function redact(text: string): string {
  const at = text.lastIndexOf('@');
  const scheme = text.indexOf('://') + 3;
  return at === -1 ? text : `${text.slice(0, scheme > 2 && scheme <= at ? scheme : 0)}***${text.slice(at)}`;
}
