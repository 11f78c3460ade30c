import { joinRoom } from '../../lib/engine/shared-log.js';
import type { Log } from '../../lib/log.js';
import { FakeRoom, Simulation } from '../support/fake-engine.js';
import { logSpec } from '../support/log-spec.js';

/** An engine in this process, whose time goes on by itself as long as the test does. */
async function live(rooms: Map<Log, FakeRoom>, room = new FakeRoom(new Simulation())): Promise<Log> {
  const engine = room.open();
  let going = true;
  const go = async (): Promise<void> => {
    while (going && !engine.closed) await room.simulation.advance(1);
  };
  if (room.engines.size === 1) void go();
  const log = await joinRoom({ engine, clock: engine.clock });
  rooms.set(log, room);
  const { destroy } = log;
  log.destroy = () => {
    going = false;
    return destroy.call(log);
  };
  return log;
}

describe('a log over an engine in this process', () => {
  const rooms = new Map<Log, FakeRoom>();
  logSpec(
    () => live(rooms),
    (log) => live(rooms, rooms.get(log)),
  );
});
