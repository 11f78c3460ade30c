import { expect } from 'chai';
import { createRelay, type MiniServError } from '../../../lib/index.js';
import type { EventLog, EventLogReader } from '../../../lib/room/event-log.js';
import { joinRoom } from '../../../lib/room/shared/shared-log.js';
import { FakeRoom, Simulation } from '../../support/fake-engine.js';
import { logSpec } from '../../support/log-spec.js';

/** An engine in this process, whose time goes on by itself as long as the test does. */
async function live(
  rooms: Map<EventLog, FakeRoom>,
  room = new FakeRoom(new Simulation()),
): Promise<EventLog> {
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
  const rooms = new Map<EventLog, FakeRoom>();
  logSpec(
    () => live(rooms),
    (log) => live(rooms, rooms.get(log)),
  );
});

const reader: EventLogReader = {
  isFull: () => false,
  onDrain() {},
  onWarning() {},
  onOutage() {},
  onReconnect() {},
  onLost() {},
  onIdAssigned() {},
  onJoined() {},
  onLines() {},
  onLeft() {},
};

describe('a roster that was not kept', () => {
  const begin = async () => {
    const room = new FakeRoom(new Simulation());
    const engine = room.open();
    const log = await joinRoom({ engine, clock: engine.clock });
    log.read(reader);
    log.append({ kind: 'connected', token: 0 });
    await room.simulation.advance(1000);
    expect(room.records.length).to.equal(1);
    return { room, engine };
  };

  it('is kept another time, though nothing more is said', async () => {
    const { room, engine } = await begin();
    engine.forgetful = 2;
    await room.simulation.advance(30_000);
    expect(engine.forgetful).to.be.below(0);
    expect(room.rosters.map(({ asOf }) => asOf)).to.deep.equal([1]);
  });

  it('is kept when the engine is back', async () => {
    const { room, engine } = await begin();
    await room.simulation.advance(3800);
    engine.cut();
    await room.simulation.advance(1000);
    expect(room.rosters).to.deep.equal([]);
    engine.heal();
    await room.simulation.advance(100);
    expect(room.rosters.map(({ asOf }) => asOf)).to.deep.equal([1]);
  });
});

describe('a room that is given to a relay', () => {
  const open = async () => {
    const engine = new FakeRoom(new Simulation()).open();
    return joinRoom({ engine, clock: engine.clock });
  };
  const refusal = (room: EventLog): unknown => {
    try {
      createRelay({ room });
    } catch (error) {
      return (error as MiniServError).code;
    }
    return undefined;
  };

  it('is no other relay’s', async () => {
    const room = await open();
    const relay = createRelay({ room });
    expect(refusal(room)).to.equal('ERR_STATE');
    await relay.close(0);
    expect(refusal(room)).to.equal('ERR_STATE');
  });

  it('is not closed', async () => {
    const closed = await open();
    await closed.close();
    expect(refusal(closed)).to.equal('ERR_STATE');
    const destroyed = await open();
    await destroyed.destroy();
    expect(refusal(destroyed)).to.equal('ERR_STATE');
  });
});
