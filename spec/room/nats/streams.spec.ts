import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { expect } from 'chai';
import { type MiniServError, openRoom, type RoomOptions } from '../../../lib/index.js';
import { namesOf } from '../../../lib/room/nats/streams.js';
import { afterwards } from '../../support/cleanup.js';
import { Readings } from '../../support/log-spec.js';
import { describeWithNats, scratch, startNats, wireTo } from '../../support/nats.js';
import { eventually, within } from '../../support/waiting.js';

async function open(url: string, options: RoomOptions = {}): Promise<Readings> {
  // One that fails while it is waited for must not be waited for beyond its test.
  const over = new AbortController();
  afterwards(() => over.abort());
  const { signal } = over;
  return new Readings(await within(openRoom(url, { heartbeatMs: 200, signal, ...options }), 'the room'));
}

async function refusal(url: string, options: RoomOptions = {}): Promise<MiniServError> {
  try {
    const log = await within(openRoom(url, options), 'an answer');
    await log.destroy();
  } catch (error) {
    return error as MiniServError;
  }
  throw new Error('it was taken');
}

async function manager(url: string) {
  const connection = await connect({ servers: new URL(url).host });
  afterwards(() => connection.close());
  return { jsm: await jetstreamManager(connection), js: jetstream(connection) };
}

async function arrive(readings: Readings, token = 0): Promise<number> {
  readings.append({ kind: 'connected', token });
  await readings.told.until((bytes) => bytes.includes(`given ${token} `));
  return readings.ids.get(token) as number;
}

describeWithNats('what the engine keeps of a room', () => {
  it('is as much as is asked for, and a thousand million bytes otherwise', async () => {
    const nats = await startNats();
    const { jsm } = await manager(nats.url);
    const config = async (room: string) => (await jsm.streams.info(namesOf(room).log)).config;
    await open(nats.room('plain'));
    expect(await config('plain')).to.include({
      max_bytes: 2 ** 30,
      max_age: 0,
      storage: 'file',
      num_replicas: 1,
    });
    await open(nats.room('hour'), { retention: { ms: 3_600_000 } });
    expect(await config('hour')).to.include({ max_bytes: -1, max_age: 3_600e9 });
    await open(nats.room('hour'));
    expect(await config('hour')).to.include({ max_bytes: -1, max_age: 3_600e9 });
    await open(nats.room('hour'), { retention: { bytes: 2e7 } });
    expect(await config('hour')).to.include({ max_bytes: 2e7, max_age: 0 });
  });

  it('lets who comes later begin where the room stands, without reading what was said before', async () => {
    const nats = await startNats();
    const url = nats.room('long');
    const first = await open(url);
    const client = await arrive(first);
    // One record after the other, as where people talk.
    for (let i = 0; i < 2100; i++) {
      first.append({ kind: 'lines', client, bytes: `${i}` });
      while (first.said.length < i + 2) await new Promise((resolve) => setImmediate(resolve));
    }
    const { jsm } = await manager(nats.url);
    const { log, roster } = namesOf('long');
    await eventually('a roster', async () => (await jsm.streams.info(roster)).state.messages > 0);
    // What was before the roster is not there any more, and nobody has to miss it.
    const { state } = await jsm.streams.info(log);
    expect(state.last_seq).to.equal(2101);
    await jsm.streams.purge(log, { seq: 2000 });
    const second = await open(url);
    expect(await arrive(second)).to.equal(1);
  });

  it('brings a line that began before one came in its full length', async () => {
    const nats = await startNats({ config: 'max_payload: 4096\n' });
    const url = nats.room('payload');
    const first = await open(url);
    const client = await arrive(first);
    const line = Array.from({ length: 10_000 }, (_, i) => `${i},`)
      .join('')
      .repeat(8);
    first.append({ kind: 'lines', client, bytes: line }, { kind: 'lines', client, bytes: 'end' });
    const second = await open(url);
    const { jsm } = await manager(nats.url);
    const { state } = await jsm.streams.info(namesOf('payload').log);
    await Promise.all([first, second].map((readings) => readings.until('lines 0 end')));
    expect(state.last_seq).to.be.below(Math.ceil(line.length / 4096) + 2);
    for (const { said } of [first, second]) expect(said.includes(`lines 0 ${line}`)).to.equal(true);
  });

  it('is refused where it is not a room', async () => {
    const nats = await startNats();
    const { jsm, js } = await manager(nats.url);
    await jsm.streams.add({ name: namesOf('taken').log, subjects: ['something.else'] });
    expect(await refusal(nats.room('taken'))).to.include({ code: 'ERR_ROOM_FOREIGN' });
    await jsm.streams.add({ name: 'EVERYTHING', subjects: ['mini-serv.room.overlap.>'] });
    expect(await refusal(nats.room('overlap'))).to.include({ code: 'ERR_ROOM_REFUSED' });
    const readings = await open(nats.room('mixed'));
    await js.publish(namesOf('mixed').said, 'something else');
    await readings.until('lost ERR_ROOM_FOREIGN');
    expect(await refusal(nats.room('mixed'))).to.include({ code: 'ERR_ROOM_FOREIGN' });
  });

  it('is refused where it has gone backwards, or was made anew', async () => {
    const nats = await startNats();
    const url = nats.room('anew');
    const first = await open(url);
    await arrive(first);
    await first.log.close();
    await first.log.destroy();
    const { jsm } = await manager(nats.url);
    await jsm.streams.delete(namesOf('anew').log);
    expect((await refusal(url)).message).to.match(/made anew, or is foreign/);
    // And while a relay is there: the engine comes back with less than it had.
    const other = nats.room('backwards');
    const there = await open(other);
    await arrive(there);
    await nats.restart(scratch());
    await there.until('lost ERR_ROOM_FOREIGN');
  });

  it('is refused where it is no longer kept from where its roster stands', async () => {
    const nats = await startNats();
    const url = nats.room('old');
    const first = await open(url);
    const client = await arrive(first);
    first.append({ kind: 'lines', client, bytes: 'kept by nobody' });
    await first.until('lines 0 kept by nobody');
    // Gone without a word, and without a roster.
    await first.log.destroy();
    const { jsm } = await manager(nats.url);
    await jsm.streams.purge(namesOf('old').log);
    expect(await refusal(url)).to.include({ code: 'ERR_ROOM_GAP' });
  });

  it('is made once by several that come to it at the same time', async () => {
    const nats = await startNats();
    const rooms = await Promise.all(Array.from({ length: 6 }, () => open(nats.room('new'))));
    const ids: number[] = [];
    for (const room of rooms) ids.push(await arrive(room));
    expect(ids).to.deep.equal([0, 1, 2, 3, 4, 5]);
  });

  it('is waited for where the engine is not there yet, which is said once; or for as long as is allowed', async () => {
    const nats = await startNats();
    await nats.kill();
    const told: string[] = [];
    const options = { warn: ({ code }: MiniServError) => void told.push(code) };
    const opening = openRoom(nats.room('early'), { heartbeatMs: 200, ...options });
    await eventually('a warning', () => told.length > 0);
    expect(await refusal(nats.room('never'), { ...options, timeout: 300 })).to.include({
      code: 'ERR_ROOM_TIMEOUT',
    });
    await nats.restart();
    const readings = new Readings(await within(opening, 'the room'));
    expect(await arrive(readings)).to.equal(0);
    expect(told).to.deep.equal(['ERR_ROOM_UNREACHABLE', 'ERR_ROOM_UNREACHABLE']);
  });

  it('comes whole and once through connections that break again and again, and a server that is killed', async () => {
    const nats = await startNats();
    const wires = [await wireTo(nats.port), await wireTo(nats.port)] as const;
    const members = await Promise.all(
      wires.map(({ port }) => open(`nats://127.0.0.1:${port}/broken`, { heartbeatMs: 1000 })),
    );
    const clients = await Promise.all(members.map((member) => arrive(member)));
    let going = true;
    const counts = [0, 0];
    const saying = (async () => {
      while (going) {
        for (const [i, { log }] of members.entries()) {
          if (log.isFull) continue;
          const count = counts[i] as number;
          counts[i] = count + 1;
          const bytes = `${count} ${'x'.repeat(count % 2000)}`;
          log.append({ kind: 'lines', client: clients[i] as number, bytes });
        }
        await new Promise((resolve) => setImmediate(resolve));
      }
    })();
    const [first] = members as [Readings];
    for (let round = 0; round < 8; round++) {
      const { length } = first.said;
      await eventually('more of it', () => first.said.length > length + 50);
      if (round % 4 === 3) await nats.restart();
      else wires[round % 2]?.cut();
    }
    going = false;
    await saying;
    const total = (counts[0] as number) + (counts[1] as number) + 2;
    await eventually('all of it', () => members.every(({ said }) => said.length >= total));
    for (const { said, heard } of members) {
      expect(said.slice(2).filter((entry) => !entry.startsWith('lines'))).to.deep.equal([]);
      for (const [i, client] of clients.entries()) {
        const lines = said.filter((entry) => entry.startsWith(`lines ${client} `));
        const numbers = lines.map((entry) => Number(entry.split(' ')[2]));
        expect(numbers).to.deep.equal(Array.from({ length: counts[i] as number }, (_, number) => number));
      }
      expect(heard.filter((entry) => entry.startsWith('lost'))).to.deep.equal([]);
    }
    const [one, other] = members.map(({ said }) => said.slice(-1000));
    expect(one).to.deep.equal(other);
  });

  it('is waited for until somebody gives up, for the reason that he has', async () => {
    const reason = new Error('enough');
    const aborted = AbortSignal.abort(reason);
    const outcome = (url: string, signal: AbortSignal, warn = (): void => {}) =>
      within(
        openRoom(url, { signal, warn }).catch((error: unknown) => error),
        'an answer',
      );
    expect(await outcome('nats://127.0.0.1:1/r', aborted)).to.equal(reason);
    const nowhere = new AbortController();
    expect(await outcome('nats://127.0.0.1:1/r', nowhere.signal, () => nowhere.abort(reason))).to.equal(
      reason,
    );
    const nats = await startNats();
    const wire = await wireTo(nats.port);
    wire.hold();
    const silent = new AbortController();
    const opening = outcome(`nats://127.0.0.1:${wire.port}/r`, silent.signal);
    setImmediate(() => silent.abort(reason));
    expect(await opening).to.equal(reason);
    wire.release();
  });
});
