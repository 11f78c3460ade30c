import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { expect } from 'chai';
import { createRelay, MiniServError } from '../../../lib/index.js';
import type { EventLog, LogEvent } from '../../../lib/room/event-log.js';
import { saveRoomState } from '../../../lib/room/room-state-data.js';
import { joinRoom } from '../../../lib/room/shared/join-room.js';
import { encodeRecord } from '../../../lib/room/shared/record.js';
import { RecordReader } from '../../../lib/room/shared/record-reader.js';
import type { SharedLog } from '../../../lib/room/shared/shared-log.js';
import { encodeSnapshot } from '../../../lib/room/shared/snapshot.js';
import { type FakeEngine, FakeRoom } from '../../support/fake-engine.js';
import { LogRecorder, logSpec } from '../../support/log-spec.js';
import { SimulatedTime } from '../../support/simulated-time.js';

async function open(room = new FakeRoom(new SimulatedTime()), options: { timeoutMs?: number } = {}) {
  const engine = room.open();
  const log = await joinRoom({ engine, clock: engine.clock, ...options });
  return { room, engine, log };
}

/** Opens a room that has records already, which takes time to read. */
async function openSoon(room: FakeRoom) {
  const opening = open(room);
  await room.time.advance(1000);
  return opening;
}

/** Saves a snapshot of all records of a room. */
function saveSnapshot(room: FakeRoom): void {
  const reader = new RecordReader();
  const events = { onIdAssigned() {}, onJoined() {}, onLines() {}, onLeft() {} };
  for (const [i, { bytes, time }] of room.records.entries()) reader.read(i + 1, time, bytes, events, '');
  const { sequence, time, state } = reader;
  const fields = { identity: room.identity, asOf: sequence, time, records: 0, bytes: 0 };
  room.snapshots.push({ sequence, bytes: encodeSnapshot({ ...fields, state: saveRoomState(state) }) });
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

  describe('with records that no relay wrote', () => {
    const JUNK = [
      '',
      'hello',
      '\xff\0\x1b[2J',
      'x'.repeat(2_000_000),
      '{}\n',
      '{"v":1,"epoch":"e","n":0,"events":[["said",0,3]]}\nabc',
      '{"v":1,"epoch":"never started","n":5,"events":[["arrived",0]]}\n',
      '{"v":1,"epoch":"never started","n":5,"events":[["arrived",0]]}\n',
    ].map((text) => Buffer.from(text, 'latin1'));
    const WARNING = 'warning ERR_ROOM_FOREIGN';

    it('skips them with one warning, on each relay in the same way', async () => {
      const { room, log } = await open();
      for (const bytes of JUNK) room.append(bytes);
      const recorders = [new LogRecorder(log), new LogRecorder((await openSoon(room)).log)];
      const [first, second] = recorders as [LogRecorder, LogRecorder];
      first.append({ kind: 'connected', token: 0 });
      await room.time.advance(20);
      for (const bytes of JUNK) room.append(bytes);
      first.append({ kind: 'lines', client: 0, bytes: 'hello' });
      second.append({ kind: 'connected', token: 0 });
      await room.time.advance(50);
      for (const { entries, roomEntries } of recorders) {
        expect(entries.filter((entry) => entry.startsWith('warning'))).to.deep.equal([WARNING]);
        expect(entries.filter((entry) => entry.startsWith('lost'))).to.deep.equal([]);
        expect(roomEntries).to.deep.equal(['joined 0 first', 'lines 0 hello', 'joined 1 first']);
      }
    });

    it('warns of records of a later version in words of their own', async () => {
      const { room, log } = await open();
      const messages: string[] = [];
      const relay = createRelay({ room: log });
      relay.on('warning', ({ message }) => messages.push(message));
      for (let i = 0; i < 3; i++) room.append(Buffer.from('{"v":2,"epoch":"later","n":0,"events":[]}\n'));
      room.append(Buffer.from('hello'));
      await room.time.advance(20);
      expect(messages).to.deep.equal([
        'skipped record 1 of the room, which this relay cannot read (expected version 1, got 2); more of them are skipped without a warning; if a newer mini-serv wrote it, run the same version on all relays of the room',
        'skipped record 4 of the room, which is invalid (its first line is not JSON); more of them are skipped without a warning; restrict the permission to publish to the subjects of the room to relays',
      ]);
      await relay.close(0);
    });

    it('keeps a line whole that they interrupt, also for a relay that joins meanwhile', async () => {
      const { room, log } = await open();
      room.maxRecordBytes = 300;
      const first = new LogRecorder(log);
      first.append({ kind: 'connected', token: 0 });
      await room.time.advance(5);
      const line = 'abcdefghij'.repeat(1000);
      first.append({ kind: 'lines', client: 0, bytes: line });
      for (const bytes of JUNK) {
        room.append(bytes);
        await room.time.advance(3);
      }
      saveSnapshot(room);
      let second: LogRecorder | undefined;
      const opening = open(room).then((opened) => {
        second = new LogRecorder(opened.log);
      });
      while (second === undefined) await room.time.advance(1);
      await opening;
      expect(first.roomEntries, 'the line is unfinished').to.have.length(1);
      room.append(JUNK[1] as Buffer);
      await room.time.advance(1000);
      for (const { roomEntries } of [first, second]) {
        expect(roomEntries.at(-1)).to.equal(`lines 0 ${line}`);
      }
    });

    it('saves snapshots although only other programs publish, so that relays can join later', async () => {
      const { room, log } = await open();
      const recorder = new LogRecorder(log);
      recorder.append({ kind: 'connected', token: 0 });
      await room.time.advance(6000);
      const before = room.snapshots.length;
      room.append(Buffer.from('hello'));
      await room.time.advance(6000);
      expect(room.snapshots.slice(before).map(({ sequence }) => sequence)).to.deep.equal([2]);
      // The engine has deleted the records up to the snapshot.
      room.firstSequence = 3;
      const late = new LogRecorder((await openSoon(room)).log);
      late.append({ kind: 'connected', token: 0 });
      await room.time.advance(20);
      expect(late.entries).to.deep.equal(['id 0 1', 'joined 1 first']);
    });

    it('declares a relay dead that exists only as a forged record', async () => {
      const { room, log } = await open();
      const recorder = new LogRecorder(log);
      const events: LogEvent[] = [{ kind: 'connected', token: 0 }];
      room.append(encodeRecord({ instanceId: 'forged', number: 0, events }));
      await room.time.advance(10_000);
      expect(recorder.entries).to.deep.equal(['joined 0 first', 'left 0']);
    });

    it('does not lose its own events if another program uses its number', async () => {
      const { room, log } = await open();
      const recorder = new LogRecorder(log);
      recorder.append({ kind: 'connected', token: 0 });
      await room.time.advance(20);
      const [instanceId] = (log as SharedLog).state.instances.ids;
      recorder.append({ kind: 'lines', client: 0, bytes: 'hello' });
      room.append(encodeRecord({ instanceId: instanceId as string, number: 1, events: [] }));
      await room.time.advance(20);
      expect(recorder.roomEntries.at(-1)).to.equal('lines 0 hello');
      expect((log as SharedLog).state.instances.get(instanceId as string)?.lastNumber).to.equal(2);
    });
  });

  describe('with an engine that refuses records', () => {
    it('cuts waiting lines to a lowered limit, and uses a raised one again', async () => {
      const { room, engine, log } = await open();
      const recorder = new LogRecorder(log);
      recorder.append({ kind: 'connected', token: 0 });
      await room.time.advance(20);
      const lines = Array.from({ length: 40 }, (_, i) => `${i} ${'x'.repeat(i * 60)}`);
      const send = (): void => {
        for (const bytes of lines) recorder.append({ kind: 'lines', client: 0, bytes });
      };
      const sizes = (): number[] => room.records.map(({ bytes }) => bytes.length);
      room.maxRecordBytes = 1000;
      send();
      await room.time.advance(1000);
      expect(Math.max(...sizes())).to.be.within(800, 1000);
      room.maxRecordBytes = 100_000;
      engine.disconnect();
      await room.time.advance(10);
      engine.reconnect();
      send();
      await room.time.advance(1000);
      expect(Math.max(...sizes())).to.be.above(40_000);
      expect(recorder.roomEntries.slice(1)).to.deep.equal(
        [...lines, ...lines].map((bytes) => `lines 0 ${bytes}`),
      );
      // A smaller limit is no outage: the only one is that of the connection.
      expect(recorder.entries.filter((entry) => entry.startsWith('outage'))).to.have.length(1);
    });

    it('gives up when no record fits under the limit', async () => {
      const { room, log } = await open();
      const recorder = new LogRecorder(log);
      room.maxRecordBytes = 255;
      const client = 0;
      recorder.append({ kind: 'connected', token: 0 });
      await room.time.advance(20);
      recorder.append({ kind: 'lines', client, bytes: 'x'.repeat(500) });
      await room.time.advance(1000);
      expect(recorder.entries.at(-1)).to.equal('lost ERR_ROOM_REFUSED');
    });

    it('gives up when the engine says that waiting would not help', async () => {
      const { room, log } = await open();
      const recorder = new LogRecorder(log);
      room.refusal = new MiniServError('ERR_ROOM_REFUSED', 'the stream is full');
      recorder.append({ kind: 'connected', token: 0 });
      await room.time.advance(20);
      expect(recorder.entries).to.deep.equal(['lost ERR_ROOM_REFUSED']);
      expect(room.records).to.have.length(0);
    });

    it('waits as long as the engine only reports an error', async () => {
      const { room, log } = await open();
      const recorder = new LogRecorder(log);
      room.refusal = new Error('no leader');
      recorder.append({ kind: 'connected', token: 0 });
      await room.time.advance(60_000);
      expect(recorder.entries).to.deep.equal(['outage ERR_ROOM_UNREACHABLE']);
      room.refusal = undefined;
      await room.time.advance(1000);
      expect(recorder.entries).to.include.members(['reconnect', 'drain', 'joined 0 first']);
    });
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
  it('rejects options of other names, types and ranges, and a missing engine', async () => {
    const engine = new FakeRoom(new SimulatedTime()).open();
    for (const [options, message] of [
      [{ engine, timeout: 5 }, /^timeout: unknown option; expected one of engine, /],
      [{}, /^engine: expected an Engine, got undefined$/],
      [
        { engine, heartbeatMs: 0 },
        /^heartbeatMs: expected an integer of at least 1 \(milliseconds\), got 0$/,
      ],
      [{ engine, heartbeatMs: 2 ** 31 }, /^heartbeatMs: expected an integer of at least 1 /],
      [{ engine, timeoutMs: 0.5 }, /^timeoutMs: expected an integer of at least 1 /],
      [{ engine, onWarning: 1 }, /^onWarning: expected a function, got 1$/],
      [{ engine, instanceId: '"' }, /^instanceId: expected 1 to 48 printable ASCII characters/],
      [{ engine, instanceId: 'x'.repeat(49) }, /^instanceId: expected 1 to 48 printable ASCII characters/],
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

  it('skips snapshots that are no snapshots, with one warning', async () => {
    const room = await usedRoom();
    const valid = Buffer.from(room.snapshots[0]?.bytes as Uint8Array);
    const { fold, ...fields } = JSON.parse(inflateRawSync(valid).toString());
    const change = (change: object, state: object = {}): Buffer =>
      deflateRawSync(JSON.stringify({ ...fields, fold: { ...fold, ...state }, ...change }));
    const invalid = [
      Buffer.from('hello'),
      Buffer.alloc(0),
      valid.subarray(0, -5),
      deflateRawSync('null'),
      ...[
        { v: 2 },
        { asOf: 0.5 },
        { time: '1' },
        { fold: null },
        { identity: 5 },
        { identity: 'another room' },
      ],
      ...[
        ...[
          { next: -1 },
          { runs: [['a']] },
          { runs: [] },
          { dead: 'x' },
          { clients: [[0.5]] },
          { silent: [-1] },
        ],
        ...[{ outside: 5 }, { open: [[0, 1]] }, { open: [[77, 1, 1]] }],
      ].map((state) => ({ fold: { ...fold, ...state } })),
    ].map((item) => (Buffer.isBuffer(item) ? item : change(item)));
    for (const bytes of invalid) room.snapshots.push({ sequence: 1, bytes });
    // The engine has deleted the records up to the snapshot, so a relay that ignores it cannot join.
    room.firstSequence = 2;
    const { log } = await openSoon(room);
    const recorder = new LogRecorder(log);
    recorder.append({ kind: 'connected', token: 0 });
    await room.time.advance(20);
    expect(recorder.entries).to.deep.equal(['warning ERR_ROOM_FOREIGN', 'id 0 1', 'joined 1 first']);
  });

  it('reads the log from the beginning if there is no valid snapshot', async () => {
    const room = await usedRoom();
    room.snapshots.length = 0;
    room.snapshots.push({ sequence: 1, bytes: Buffer.from('hello') });
    const { log } = await openSoon(room);
    expect((log as SharedLog).state.nextId).to.equal(1);
    await log.destroy();
  });

  it('warns of an outage that begins while it reads the log', async () => {
    const room = await usedRoom();
    room.snapshots.length = 0;
    const engine = room.open();
    const warnings: string[] = [];
    engine.disconnect();
    const joining = joinRoom({ engine, clock: engine.clock, onWarning: ({ code }) => warnings.push(code) });
    await room.time.advance(10);
    expect(warnings).to.deep.equal(['ERR_ROOM_UNREACHABLE']);
    engine.reconnect();
    await room.time.advance(10);
    await (await joining).destroy();
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

  it('warns once if the engine refuses the snapshot, and tries again', async () => {
    const { room, engine, recorder, sequences } = await begin();
    engine.failingSnapshots = 3;
    engine.snapshotError = new MiniServError('ERR_ROOM_REFUSED', 'the stream is full');
    await room.time.advance(30_000);
    expect(recorder.entries.filter((entry) => entry.startsWith('warning'))).to.deep.equal([
      'warning ERR_ROOM_REFUSED',
    ]);
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
