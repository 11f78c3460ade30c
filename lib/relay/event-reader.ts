import { decode } from '../protocol/message.js';
import { renderBytes, renderNotice } from '../protocol/render.js';
import type { EventLogReader } from '../room/event-log.js';
import type { MiniServError } from '../util/errors.js';
import type { Clients } from './clients.js';
import type { RelayEvents } from './events.js';
import type { Fanout } from './fanout.js';

export interface EventReaderOptions {
  readonly clients: Clients;
  readonly fanout: Fanout;
  readonly emit: <E extends keyof RelayEvents>(event: E, ...details: RelayEvents[E]) => void;
  readonly hasListener: (event: keyof RelayEvents) => boolean;
  /** Called when the engine that carries the room is lost. */
  readonly onLost: (reason: MiniServError) => void;
}

/** Applies the room's events in their order: appends messages, adds and ends readers, and emits the relay's events. */
export function createEventReader(options: EventReaderOptions): EventLogReader {
  const { clients, emit, hasListener, onLost } = options;
  const { messages, pager, flow } = options.fanout;
  const appendNotice = (kind: 'arrived' | 'left', client: number, time?: number): void =>
    messages.append(client, renderNotice(kind, client), true, time);
  const warn = (warning: MiniServError): void => emit('warning', warning);
  return {
    onIdAssigned: (token, client) => clients.onIdAssigned(token, client),
    onJoined(client, silent, first, time) {
      if (!silent) appendNotice('arrived', client, time);
      if (!first) return;
      clients.onJoined(client);
      emit('joined', client);
    },
    onLines(client, block, time) {
      messages.appendLines(client, renderBytes(client, block), time);
      if (!hasListener('line')) return;
      for (const line of block.split('\n')) emit('line', client, decode(line));
    },
    onLeft(client, silent, time) {
      if (!silent) appendNotice('left', client, time);
      const reason = clients.onLeft(client);
      emit('left', client, ...(reason === undefined ? [] : ([reason] as const)));
    },
    isFull: () => pager.isFull,
    onDrain: () => flow.recheck(),
    onWarning: warn,
    onOutage: warn,
    onReconnect: () => emit('engineReconnected'),
    onLost,
  };
}
