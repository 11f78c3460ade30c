import type { Status } from '../feed/frames.js';
import { formatExact } from '../numbers/format.js';

const MAX_IDS = 200;

/** Describes the clients of all relays of a shared room; empty if there is only one relay. */
export function describeRoom(room: Status['room']): string {
  if (room === null) return '';
  const { count, others } = room;
  const total = `The whole room has ${formatExact(count)} ${count === 1 ? 'client' : 'clients'}.`;
  if (others.length === 0) return `${total} All of them are connected to this relay.`;
  const rest = others.length - MAX_IDS;
  const ids = others.slice(0, MAX_IDS).join(', ');
  return `${total} On other relays: ${ids}${rest > 0 ? ` and ${formatExact(rest)} more` : ''}.`;
}
