import { NO_OWNER } from '../fanout/segment-index.js';
import { decode, toLatin1 } from '../protocol/message.js';
import { renderBytes, renderNotice } from '../protocol/render.js';
import type { EventLogReader } from '../room/event-log.js';
import type { MiniServError } from '../util/errors.js';
import type { Clients } from './clients.js';
import type { Diagnostics } from './diagnostics.js';
import type { RelayEvents } from './events.js';
import type { Fanout } from './fanout.js';
import type { Monitor } from './monitor.js';

export interface EventReaderOptions {
  readonly clients: Clients;
  readonly fanout: Fanout;
  readonly monitor: Monitor;
  readonly diagnostics: Diagnostics;
  readonly emit: <E extends keyof RelayEvents>(event: E, ...details: RelayEvents[E]) => void;
  readonly hasListener: (event: keyof RelayEvents) => boolean;
  readonly warn: (warning: MiniServError) => void;
  /** Called when the engine that carries the room is lost. */
  readonly onLost: (reason: MiniServError) => void;
}

/** Applies the room's events in their order: appends messages, adds and ends readers, and emits the relay's events. */
export function createEventReader(options: EventReaderOptions): EventLogReader {
  const { clients, monitor, diagnostics, emit, hasListener, warn } = options;
  const { messages, pager, flow } = options.fanout;
  const appendNotice = (kind: 'arrived' | 'left', client: number, owner: number, time?: number): void => {
    const notice = renderNotice(kind, client);
    monitor.traffic.addNotice(notice.length, clients.recipientsOf(client));
    messages.append(owner, notice, true, time);
  };
  return {
    onIdAssigned: (token, client) => clients.onIdAssigned(token, client),
    onJoined(client, silent, first, time) {
      // A client that joins receives only what follows its notice. Notices without an owner form one span of the log.
      if (!silent) appendNotice('arrived', client, first ? NO_OWNER : client, time);
      if (!first) return;
      clients.onJoined(client);
      emit('joined', client);
      diagnostics.onClient('joined', client);
    },
    onLines(client, block, time) {
      const recipients = clients.recipientsOf(client);
      const bytes = messages.appendLines(client, renderBytes(client, block), time);
      const lines = monitor.traffic.addLines(client, block, bytes, recipients);
      clients.addLines(client, lines, block.length + 1);
      const isHeard = hasListener('line');
      const isObserved = diagnostics.wantsLines;
      if (!isHeard && !isObserved) return;
      for (const line of toLatin1(block).split('\n')) {
        const text = decode(line);
        if (isHeard) emit('line', client, text);
        if (isObserved) diagnostics.onLine(client, text);
      }
    },
    onLeft(client, silent, time) {
      if (!silent) appendNotice('left', client, client, time);
      const reason = clients.onLeft(client);
      emit('left', client, ...(reason === undefined ? [] : ([reason] as const)));
      diagnostics.onClient('left', client, reason);
    },
    isFull: () => pager.isFull,
    onDrain: () => flow.recheck(),
    onWarning: warn,
    onOutage(reason) {
      monitor.engine = 'unreachable';
      warn(reason);
    },
    onReconnect() {
      monitor.engine = 'connected';
      emit('engineReconnected');
    },
    onLost: options.onLost,
  };
}
