/** A text without what may be secret in it: what stands before an @, as in `nats://user:password@host`. */
export function redact(text: string): string {
  return text.replace(/(\w+:\/\/)?\S*@/g, '$1***@');
}
