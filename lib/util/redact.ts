/**
 * Replaces credentials in a text by `***`, as in `nats://user:password@host`. Everything before the last `@` counts as
 * credentials, because users may forget to encode a slash or a space in a password.
 */
export function redact(text: string): string {
  const at = text.lastIndexOf('@');
  const scheme = text.indexOf('://') + 3;
  return at === -1 ? text : `${text.slice(0, scheme > 2 && scheme <= at ? scheme : 0)}***${text.slice(at)}`;
}
