import { deflateRawSync } from 'node:zlib';
import { expect } from 'chai';
import { createRelay, type MiniServError } from '../../../lib/index.js';
import type { EventLog } from '../../../lib/room/event-log.js';
import { joinRoom } from '../../../lib/room/shared/join-room.js';
import { encodeRecord } from '../../../lib/room/shared/record.js';
import type { SharedLog } from '../../../lib/room/shared/shared-log.js';
import { type FakeEngine, FakeRoom } from '../../support/fake-engine.js';
import { LogRecorder, logSpec } from '../../support/log-spec.js';
import { SimulatedTime } from '../../support/simulated-time.js';

async function open(room = new FakeRoom(new SimulatedTime()), options: { timeoutMs?: number } = {}) {
  const engine = room.open();
  const log = await joinRoom({ engine, clock: engine.clock, ...options });
  return { room, engine, log };
}

describe('SharedLog', () => {
  const rooms = new Map<EventLog, FakeRoom>();

  /** Joins a room whose time advances until the log is destroyed. */
  async function openLive(room = new FakeRoom(new SimulatedTime())): Promise<EventLog> {
    const { log, engine } = await open(room);
    rooms.set(log, room);
    const advance = async (): Promise<void> => {
      while (!engine.isClosed) await room.time.advance(1);
    };
    if (room.engines.size === 1) void advance();
    return log;
  }

  logSpec(
    () => openLive(),
    (log) => openLive(rooms.get(log)),
  );

  it('belongs to one relay', async () => {
    const { log } = await open();
    const relay = createRelay({ room: log });
    expect(errorOf(() => createRelay({ room: log }))).to.include({
      code: 'ERR_STATE',
      message: 'the room belongs to another relay; open it again for each relay',
    });
    await relay.close(0);
    expect(errorOf(() => createRelay({ room: log }))).to.include({ code: 'ERR_STATE' });
  });

  it('cannot be read after close() or destroy()', async () => {
    const closed = await open();
    await closed.log.close();
    expect(errorOf(() => createRelay({ room: closed.log }))).to.include({
      code: 'ERR_STATE',
      message: 'the room is closed; open it again',
    });
    const destroyed = await open();
    await destroyed.log.destroy();
    expect(errorOf(() => createRelay({ room: destroyed.log }))).to.include({ code: 'ERR_STATE' });
  });

  it('reports an outage that began before it was read, and its end', async () => {
    const { room, engine, log } = await open();
    engine.disconnect();
    await room.time.advance(10);
    const recorder = new LogRecorder(log);
    await room.time.advance(10);
    expect(recorder.entries).to.deep.equal(['outage ERR_ROOM_UNREACHABLE']);
    engine.reconnect();
    await room.time.advance(10);
    expect(recorder.entries.slice(1)).to.deep.equal(['reconnect', 'drain']);
  });

  it('reports no outage that began and ended before it was read', async () => {
    const { room, engine, log } = await open();
    engine.disconnect();
    await room.time.advance(10);
    engine.reconnect();
    await room.time.advance(10);
    const recorder = new LogRecorder(log);
    await room.time.advance(10);
    expect(recorder.entries).to.deep.equal([]);
  });

  it('reports a loss that happened before it was read', async () => {
    const { room, engine, log } = await open(undefined, { timeoutMs: 100 });
    engine.disconnect();
    await room.time.advance(200);
    const recorder = new LogRecorder(log);
    await room.time.advance(10);
    expect(recorder.entries).to.deep.equal(['lost ERR_ROOM_TIMEOUT']);
  });

  it('gives up when a record is not a record', async () => {
    const { room, log } = await open();
    const recorder = new LogRecorder(log);
    room.append(Buffer.from('hello'));
    await room.time.advance(10);
    expect(recorder.entries).to.deep.equal(['lost ERR_ROOM_FOREIGN']);
  });

  it('gives up after the timeout of an outage', async () => {
    const { room, engine, log } = await open(undefined, { timeoutMs: 100 });
    const recorder = new LogRecorder(log);
    engine.disconnect();
    await room.time.advance(90);
    engine.reconnect();
    await room.time.advance(90);
    engine.disconnect();
    await room.time.advance(200);
    expect(recorder.entries).to.deep.equal([
      'outage ERR_ROOM_UNREACHABLE',
      'reconnect',
      'drain',
      'outage ERR_ROOM_UNREACHABLE',
      'lost ERR_ROOM_TIMEOUT',
    ]);
  });

  it('warns of lost records of another relay, and gives up if its own are lost', async () => {
    const { room, log } = await open();
    const recorder = new LogRecorder(log);
    await recorder.log.append({ kind: 'connected', token: 0 });
    await room.time.advance(10);
    const append = (instanceId: string, number: number): void =>
      room.append(encodeRecord({ instanceId, number, events: [] }));
    append('other', 0);
    append('other', 3);
    await room.time.advance(10);
    expect(recorder.entries.at(-1)).to.equal('warning ERR_ROOM_GAP');
    const [own] = (log as SharedLog).state.instances.ids;
    append(own as string, 5);
    await room.time.advance(10);
    expect(recorder.entries.at(-1)).to.equal('lost ERR_ROOM_GAP');
  });

  it('warns about events that have not been stored when it is destroyed', async () => {
    const { room, engine, log } = await open();
    const recorder = new LogRecorder(log);
    engine.disconnect();
    await room.time.advance(10);
    log.append({ kind: 'connected', token: 0 });
    await log.destroy();
    expect(recorder.entries.at(-1)).to.equal('warning ERR_ROOM_UNREACHABLE');
  });
});

describe('joinRoom()', () => {
  it('rejects an option of another name, and a missing engine', async () => {
    const engine = new FakeRoom(new SimulatedTime()).open();
    for (const [options, message] of [
      [{ engine, timeout: 5 }, /^timeout: unknown option; expected one of engine, /],
      [{}, /^engine: expected an Engine, got undefined$/],
      [undefined, /^options: expected an object, got undefined$/],
    ] as const) {
      const error = await joinRoom(options as never).then(
        () => new Error('it joined'),
        (reason: Error) => reason,
      );
      expect(error).to.include({ code: 'ERR_OPTION' });
      expect(error.message).to.match(message);
    }
  });

  const reject = async (engine: FakeEngine): Promise<MiniServError> => {
    try {
      await joinRoom({ engine, clock: engine.clock });
    } catch (error) {
      return error as MiniServError;
    }
    throw new Error('joinRoom() resolved');
  };

  /** A room with one record and its snapshot. */
  async function usedRoom(): Promise<FakeRoom> {
    const { room, log } = await open();
    const recorder = new LogRecorder(log);
    recorder.append({ kind: 'connected', token: 0 });
    await room.time.advance(6000);
    expect(room.snapshots).to.have.length(1);
    return room;
  }

  it('rejects a snapshot that is not a snapshot', async () => {
    for (const [bytes, reason] of [
      [Buffer.from('hello'), /./],
      [deflateRawSync('{"v":2}'), /expected version 1, got 2$/],
      [deflateRawSync('{"v":1}'), /expected the field asOf$/],
    ] as const) {
      const room = new FakeRoom(new SimulatedTime());
      room.snapshots.push({ sequence: 1, bytes });
      const error = await reject(room.open());
      expect(error).to.include({ code: 'ERR_ROOM_FOREIGN' });
      expect(error.message)
        .to.match(/^the stored room snapshot is invalid: /)
        .and.to.match(reason);
    }
  });

  it('rejects a snapshot of another log', async () => {
    const room = await usedRoom();
    room.identity = 'second';
    const error = await reject(room.open());
    expect(error).to.include({ code: 'ERR_ROOM_FOREIGN' });
    expect(error.message).to.match(/it was created again, or belongs to another program$/);
  });

  it('rejects a log that ends before its snapshot', async () => {
    const room = await usedRoom();
    room.records.pop();
    expect(await reject(room.open())).to.include({
      code: 'ERR_ROOM_FOREIGN',
      message: 'the log of the room has lost records: it ends at 0, and ended at 1 before',
    });
  });

  it('rejects a log that starts after its snapshot', async () => {
    const room = await usedRoom();
    room.firstSequence = 9;
    const error = await reject(room.open());
    expect(error).to.include({ code: 'ERR_ROOM_GAP' });
    expect(error.message).to.match(/^records 2 to 8 of the room are missing: /);
  });

  it('rejects an engine whose records are too small for an event', async () => {
    const room = new FakeRoom(new SimulatedTime());
    const error = await reject(room.open(undefined, 255));
    expect(error).to.include({ code: 'ERR_ROOM_REFUSED' });
    expect(error.message).to.match(/^the engine limits a record to 255 bytes, and a room needs at least 256/);
  });
});

describe('SnapshotWriter', () => {
  const begin = async () => {
    const { room, engine, log } = await open();
    const recorder = new LogRecorder(log);
    recorder.append({ kind: 'connected', token: 0 });
    await room.time.advance(1000);
    expect(room.records.length).to.equal(1);
    const sequences = (): number[] => room.snapshots.map(({ sequence }) => sequence);
    return { room, engine, recorder, sequences };
  };

  it('saves a snapshot after 2,000 records or 8 MiB', async () => {
    const { room, recorder, sequences } = await begin();
    const send = async (bytes: string): Promise<void> => {
      recorder.append({ kind: 'lines', client: 0, bytes });
      await room.time.advance(2);
    };
    for (let i = 0; i < 2100; i++) await send(`${i}`);
    expect(sequences()).to.deep.equal([2000]);
    const before = room.records.length;
    for (let i = 0; i < 9; i++) await send('x'.repeat(1000 * 1000));
    expect(sequences()).to.have.length(2);
    expect(room.records.length).to.be.at.most(before + 20);
  });

  it('tries again after a failure, although nothing else happens in the room', async () => {
    const { room, engine, sequences } = await begin();
    engine.failingSnapshots = 2;
    await room.time.advance(30_000);
    expect(engine.failingSnapshots).to.be.below(0);
    expect(sequences()).to.deep.equal([1]);
  });

  it('tries again as soon as an outage is over', async () => {
    const { room, engine, sequences } = await begin();
    await room.time.advance(3800);
    engine.disconnect();
    await room.time.advance(1000);
    expect(sequences()).to.deep.equal([]);
    engine.reconnect();
    await room.time.advance(100);
    expect(sequences()).to.deep.equal([1]);
  });
});

function errorOf(action: () => void): unknown {
  try {
    action();
  } catch (error) {
    return error;
  }
  return undefined;
}
