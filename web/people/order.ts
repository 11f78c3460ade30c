import type { ClientStats } from '../../lib/relay/stats.js';

export type SortKey = 'id' | 'lag';

/** Ids ascend. The largest lag comes first, and clients with the same lag are sorted by id. */
export function sortClients(clients: readonly ClientStats[], key: SortKey): ClientStats[] {
  return [...clients].sort((a, b) => (key === 'lag' && b.lagBytes - a.lagBytes) || a.id - b.id);
}
