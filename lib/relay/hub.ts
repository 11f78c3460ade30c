import { PassThrough } from 'node:stream';
import type { ClientEvent } from '../protocol/message.js';

/** Creates the one stream that the sources of all clients are piped into. */
export function createHub(onEvent: (event: ClientEvent) => void): PassThrough {
  const hub = new PassThrough({ objectMode: true });
  // Each client that has sent something adds listeners of its own.
  hub.setMaxListeners(0);
  hub.on('data', onEvent);
  return hub;
}
