import type { EventLog } from '../room/event-log.js';
import type { Clock } from '../util/environment.js';
import type { Monitor, Monitored } from './monitor.js';

/** Turns of the event loop in which input that has reached this machine is still read. */
const LAST_INPUT_TURNS = 2;

/** The parts of a relay. */
export interface RelayParts extends Monitored {
  readonly clock: Clock;
  readonly log: EventLog;
  readonly monitor: Monitor;
}

/** Ends all parts of a relay in order. Never rejects. */
export async function closeRelay(
  { clock, log, monitor, fanout, clients, outputs, listener }: RelayParts,
  graceMs: number,
): Promise<void> {
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
  // Events that were sent to a lost engine cannot come back.
  if (monitor.engine !== 'lost') await Promise.race([expired, drained]);
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
