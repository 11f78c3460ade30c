import { disconnectedClients } from './oracle.js';
import type { Peer } from './peer.js';
import type { Simulation } from './simulation.js';

/** Whether all lines were relayed, and all clients that read have received everything. */
export function isAtRest({ relay, peers, transcripts, disk, clock }: Simulation): boolean {
  const { waitingSenders, lagBytes, pendingTransforms } = relay.stats();
  if (waitingSenders > 0 || pendingTransforms.size > 0) return false;
  if (disk.operationsInProgress > 0 || clock.pendingImmediates > 0) return false;
  const isReceiving = ({ id, isReading, hasOutbound }: Peer): boolean =>
    isReading && (hasOutbound || (lagBytes.get(id) ?? 0) > 0);
  const isSending = ({ connection, state }: Peer): boolean =>
    connection.isDeliverable || (state !== 'reset' && !connection.destroyed && connection.inbound.length > 0);
  return (
    !peers.some((peer) => isReceiving(peer) || isSending(peer)) &&
    !transcripts.some(({ isReading, hasBlock }) => isReading && hasBlock)
  );
}

/** Whether the room is at rest, all transcripts are complete, and all clients that should leave have left. */
export function isFinished(simulation: Simulation): boolean {
  const { relay, peers } = simulation;
  const { outputLagBytes } = relay.stats();
  if (!isAtRest(simulation) || outputLagBytes.some((lag) => lag > 0)) return false;
  const disconnected = disconnectedClients(simulation);
  return peers.every(
    ({ id, state, connection }) => connection.destroyed || (state === 'open' && !disconnected.has(id)),
  );
}

/** The state of the room, for the message of a violation. */
export function describeState({ relay, peers, disk }: Simulation): string {
  const { lagBytes, pendingTransforms, ...stats } = relay.stats();
  const clients = peers.map(({ id, state, isReading, connection, hasOutbound }) =>
    [
      id,
      state,
      isReading ? 'reads' : 'does not read',
      `${connection.inbound.length} bytes unread by the relay`,
      hasOutbound ? 'has bytes to read' : '',
      connection.destroyed ? 'closed' : '',
      `lag ${lagBytes.get(id)}`,
    ].join(' '),
  );
  const diskOperations = disk.operationsInProgress;
  return JSON.stringify({ ...stats, clients, pendingTransforms: [...pendingTransforms], diskOperations });
}
