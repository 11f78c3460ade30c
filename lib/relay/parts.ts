import { LocalLog } from '../room/local-log.js';
import type { MiniServError } from '../util/errors.js';
import { Clients } from './clients.js';
import type { RelayParts } from './close.js';
import { Diagnostics } from './diagnostics.js';
import { createEventReader } from './event-reader.js';
import type { RelayEvents } from './events.js';
import { createFanout } from './fanout.js';
import { createHub } from './hub.js';
import { Listener } from './listener.js';
import { Monitor } from './monitor.js';
import type { CheckedOptions } from './options.js';
import { Outputs } from './outputs.js';

/** The relay that the parts belong to. */
export interface PartsOwner {
  emit<E extends keyof RelayEvents>(event: E, ...details: RelayEvents[E]): boolean;
  listenerCount(event: keyof RelayEvents): number;
}

export interface PartsHooks {
  readonly isClosing: () => boolean;
  /** Called when the engine that carries the room is lost. */
  readonly onLost: (reason: MiniServError) => void;
}

/** Creates the parts of a relay, and lets them read the room. */
export function createParts(owner: PartsOwner, options: CheckedOptions, hooks: PartsHooks): RelayParts {
  const { room, environment } = options;
  const { clock } = environment;
  const log = room ?? new LocalLog();
  const monitor = new Monitor(room === undefined ? 'local' : 'connected');
  const diagnostics = new Diagnostics(owner);
  const warn = (warning: MiniServError): void => {
    monitor.onWarning(warning);
    owner.emit('warning', warning);
    diagnostics.onWarning(warning);
  };
  const fanout = createFanout(options, {
    warn,
    onSpillDrain: () => owner.emit('spillDrained'),
    onDrain: () => log.resume(),
    isRoomFull: () => log.isFull,
  });
  const { flow, clientReaders } = fanout;
  const hub = createHub((event) => clients.onSourceEvent(event));
  const throttle = (client: number, resume: () => void): void => flow.throttle(client, resume);
  const clients = new Clients({
    log,
    flow,
    reader: clientReaders,
    client: { ...options, hub, clock, throttle, warn },
  });
  const outputs = new Outputs(fanout.outputs);
  const listener = new Listener({
    onConnection: (socket) => {
      if (hooks.isClosing()) socket.destroy();
      else clients.add(socket, null);
    },
    onRefuse: () => owner.emit('refused', listener.refused),
    warn,
  });
  const parts = { clock, log, monitor, fanout, clients, outputs, listener };
  log.read(
    createEventReader({
      ...parts,
      diagnostics,
      warn,
      emit: (event, ...details) => void owner.emit(event, ...details),
      hasListener: (event) => owner.listenerCount(event) > 0,
      onLost: hooks.onLost,
    }),
  );
  return parts;
}
