import type { Relay } from '../../lib/relay/relay.js';
import { countDescriptors, type MessageTransform } from '../../lib/transforms/transform.js';
import { descriptorBudget, descriptorLimit } from '../../lib/util/descriptors.js';
import { redact } from '../../lib/util/redact.js';
import type { Command } from '../arguments.js';
import { openWeb, type Web } from './web.js';

/** The part of the file descriptors that the web port may use, and its limits. */
const DESCRIPTOR_PART = 1 / 16;
const MIN_CONNECTIONS = 8;
const MAX_CONNECTIONS = 256;
/** Descriptors that are opened after the limit was computed: the sockets that listen, and those of the event loop. */
const OWN_DESCRIPTORS = 4;

function maxConnections(): number {
  const part = Math.floor(descriptorLimit() * DESCRIPTOR_PART);
  return Math.min(MAX_CONNECTIONS, Math.max(MIN_CONNECTIONS, part));
}

/** Returns the clients that a relay may have in addition to a web port, whose connections can become clients too. */
export function clientLimit(transforms: readonly MessageTransform[]): number {
  const { maxConnections: free } = descriptorBudget(countDescriptors(transforms));
  return Math.max(1, free - maxConnections() - OWN_DESCRIPTORS);
}

/**
 * Opens the web port of a relay.
 *
 * @param relayPort returns the port of the relay, which may not be known yet
 * @throws the system's error if the port is not available
 */
export function startWeb(
  { web = 0, room, relay: { maxLineBytes = 0 } }: Command & { kind: 'run' },
  relay: Relay,
  relayPort: () => number,
): Promise<Web> {
  const roomUrl = room === undefined ? null : redact(room.url);
  return openWeb({
    relay,
    port: web,
    maxConnections: maxConnections(),
    introduce: () => ({ port: relayPort(), room: roomUrl, maxLineBytes }),
  });
}
