import type { EventLog } from '../room/event-log.js';
import type { Clock } from '../util/environment.js';
import type { Clients } from './clients.js';
import type { Fanout } from './fanout.js';
import type { Listener } from './listener.js';
import type { Outputs } from './outputs.js';

/** Turns of the event loop in which input that has reached this machine is still read. */
const LAST_INPUT_TURNS = 2;

export interface ClosingRelay {
  readonly clock: Clock;
  readonly listener: Listener;
  readonly clients: Clients;
  readonly outputs: Outputs;
  readonly log: EventLog;
  readonly fanout: Fanout;
  /** Whether the room's engine is lost, so that nothing that was sent to it can come back. */
  readonly isEngineLost: () => boolean;
}

/** Ends all parts of a relay in order. Never rejects. */
export async function closeRelay(relay: ClosingRelay, graceMs: number): Promise<void> {
  const { clock, listener, clients, outputs, log, fanout } = relay;
  clients.startClosing();
  const listenerClosed = listener.close();
  let cancel = (): void => {};
  const expired = new Promise<void>((resolve) => {
    cancel = clock.setTimer(graceMs, resolve);
  });
  for (let turn = 0; turn < LAST_INPUT_TURNS; turn++) {
    await new Promise<void>((resolve) => clock.setImmediate(resolve));
  }
  clients.destroyPending();
  const drained = clients.stopReading().then(() => log.close());
  if (!relay.isEngineLost()) await Promise.race([expired, drained]);
  await Promise.race([expired, Promise.all([outputs.finish(), clients.finish()])]);
  cancel();
  clients.destroy();
  outputs.destroy();
  await listenerClosed;
  clients.clear();
  await log.destroy();
  fanout.pager.shutdown();
  await fanout.spill.close();
}
