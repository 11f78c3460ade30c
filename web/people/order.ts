import type { ClientStatus } from '../feed/frames.js';

export type SortKey = 'id' | 'lag';

/** Ids ascend. The largest lag comes first, and clients with the same lag are sorted by id. */
export function sortClients(clients: readonly ClientStatus[], key: SortKey): ClientStatus[] {
  return [...clients].sort((a, b) => (key === 'lag' && b.lagBytes - a.lagBytes) || a.id - b.id);
}
