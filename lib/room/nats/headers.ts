import type { MsgHdrs } from '@nats-io/transport-node';

/**
 * Returns a header of a message, or '' if it has none. The headers are a function because they are parsed when they are
 * used, and anyone can publish headers that cannot be parsed.
 */
export function readHeader(headers: () => MsgHdrs | undefined, name: string): string {
  try {
    return headers()?.get(name) ?? '';
  } catch {
    return '';
  }
}
