import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect, headers as natsHeaders } from '@nats-io/transport-node';
import { expect } from 'chai';
import { type MiniServError, openRoom, type RoomOptions } from '../../../lib/index.js';
import { namesOf } from '../../../lib/room/nats/streams.js';
import { addCleanup } from '../../support/cleanup.js';
import { FakeClock } from '../../support/fake-environment.js';
import { LogRecorder } from '../../support/log-spec.js';
import { startNats, useNats } from '../../support/nats.js';
import { startProxy } from '../../support/proxy.js';
import { describeWith } from '../../support/tools.js';
import { eventually, within } from '../../support/waiting.js';

async function open(url: string, options: RoomOptions = {}): Promise<LogRecorder> {
  // A room that does not open before its test fails must not be opened after the test.
  const abort = new AbortController();
  addCleanup(() => abort.abort());
  const opening = openRoom(url, { heartbeatMs: 200, signal: abort.signal, ...options });
  return new LogRecorder(await within(opening, 'the room'));
}

async function openError(url: string, options: RoomOptions = {}): Promise<MiniServError> {
  try {
    const log = await within(openRoom(url, options), 'an answer');
    await log.destroy();
  } catch (error) {
    return error as MiniServError;
  }
  throw new Error('the room was opened');
}

async function manage(url: string) {
  const connection = await connect({ servers: new URL(url).host });
  addCleanup(() => connection.close());
  return { jsm: await jetstreamManager(connection), js: jetstream(connection) };
}

describeWith('nats-server', 'openRoom() over NATS', () => {
  const nats = useNats();

  it('keeps 1 GiB by default, and otherwise what the last relay asked for', async () => {
    const { jsm } = await manage(nats().url);
    const config = async (room: string) => (await jsm.streams.info(namesOf(room).recordStream)).config;
    await open(nats().room('plain'));
    expect(await config('plain')).to.include({
      max_bytes: 2 ** 30,
      max_age: 0,
      storage: 'file',
      num_replicas: 1,
    });
    const hour = nats().room('hour');
    await open(hour, { retention: { ms: 3_600_000 }, replicas: 1 });
    expect(await config('hour')).to.include({ max_bytes: -1, max_age: 3_600e9 });
    await open(hour);
    expect(await config('hour')).to.include({ max_bytes: -1, max_age: 3_600e9 });
    await open(hour, { retention: { bytes: 2e7 } });
    expect(await config('hour')).to.include({ max_bytes: 2e7, max_age: 0 });
  });

  it('starts at the latest snapshot, without the records before it', async () => {
    const room = nats().room();
    const name = room.split('/').at(-1) as string;
    const first = await open(room);
    const client = await first.connect(0);
    first.append({ kind: 'lines', client, bytes: 'hello' });
    await first.until(`lines ${client} hello`);
    await first.log.close();
    const { jsm } = await manage(nats().url);
    await jsm.streams.purge(namesOf(name).recordStream);
    const second = await open(room);
    expect(await second.connect(0)).to.equal(1);
  });

  it('reports a line as a whole to a relay that joins in the middle of it', async () => {
    const small = await startNats({ config: 'max_payload: 4096\n' });
    const url = small.room('payload');
    const proxy = await startProxy(small.port);
    // The long heartbeat keeps the second relay from declaring the first one dead.
    const first = await open(`nats://127.0.0.1:${proxy.port}/payload`, { heartbeatMs: 60_000 });
    const client = await first.connect(0);
    const line = Array.from({ length: 10_000 }, (_, i) => `${i},`)
      .join('')
      .repeat(8);
    const held = proxy.holdAfter(50_000);
    first.append({ kind: 'lines', client, bytes: line }, { kind: 'lines', client, bytes: 'end' });
    await within(held, 'a part of the line');
    const second = await open(url);
    const { jsm } = await manage(small.url);
    const { state } = await jsm.streams.info(namesOf('payload').recordStream);
    proxy.release();
    await Promise.all([first, second].map((recorder) => recorder.until('lines 0 end')));
    expect(state.last_seq).to.be.below(Math.ceil(line.length / 4096) + 2);
    for (const { roomEntries } of [first, second]) {
      expect(roomEntries.includes(`lines 0 ${line}`)).to.equal(true);
    }
  });

  it('rejects streams that are not a room', async () => {
    const { jsm } = await manage(nats().url);
    await jsm.streams.add({ name: namesOf('taken').recordStream, subjects: ['something.else'] });
    const taken = await openError(nats().room('taken'));
    expect(taken).to.include({ code: 'ERR_ROOM_FOREIGN' });
    expect(taken.message).to.equal(
      'the stream MINISERV-ROOM_taken exists and is not a room: its subject is not mini-serv.room.taken.said; choose another name for the room',
    );
    await jsm.streams.add({ name: 'EVERYTHING', subjects: ['mini-serv.room.overlap.>'] });
    expect(await openError(nats().room('overlap'))).to.include({ code: 'ERR_ROOM_REFUSED' });
  });

  for (const [problem, config] of [
    ['it deletes messages that were read', { retention: 'interest' }],
    ['it copies other streams', { sources: [{ name: 'ORIGIN' }] }],
    ['it limits the number of messages', { max_msgs_per_subject: 1 }],
    ['it refuses messages when it is full', { discard: 'new' }],
    ['it does not acknowledge messages', { no_ack: true }],
    ['a message can delete others', { allow_rollup_hdrs: true }],
  ] as const) {
    it(`rejects a stream because ${problem}`, async () => {
      const { jsm } = await manage(nats().url);
      const url = nats().room();
      const { recordStream: name, recordSubject } = namesOf(url.split('/').at(-1) as string);
      await jsm.streams.add({ name: 'ORIGIN', subjects: ['origin'] });
      await jsm.streams.add({ name, subjects: [recordSubject], ...(config as object) });
      const { message } = await openError(url);
      expect(message).to.include(`exists and is not a room: ${problem}`);
    });
  }

  it('rejects a log that was deleted and created again', async () => {
    const url = nats().room('again');
    const first = await open(url);
    await first.connect(0);
    await first.log.close();
    await first.log.destroy();
    const { jsm } = await manage(nats().url);
    await jsm.streams.delete(namesOf('again').recordStream);
    expect((await openError(url)).message).to.match(/created again, or belongs to another program/);
  });

  it('skips messages that no relay wrote, in both streams, with one warning each', async () => {
    const { js } = await manage(nats().url);
    const url = nats().room('mixed');
    const { recordSubject, snapshotSubject } = namesOf('mixed');
    const first = await open(url);
    const client = await first.connect(0);
    await first.log.close();
    const headers = natsHeaders();
    headers.append('Nats-Msg-Id', '');
    headers.append('Mini-Serv-Previous', '1');
    for (const subject of [recordSubject, snapshotSubject]) {
      for (const bytes of ['', 'something else', '{"v":1}\n', '\0'.repeat(1_000_000)])
        await js.publish(subject, bytes);
      await js.publish(subject, 'something else', { headers });
    }
    const second = await open(url);
    expect(await second.connect(0)).to.equal(client + 1);
    await js.publish(recordSubject, 'something else');
    second.append({ kind: 'lines', client: client + 1, bytes: 'hello' });
    await second.until(`lines ${client + 1} hello`);
    const warnings = second.entries.filter((entry) => entry.startsWith('warning'));
    expect(warnings).to.deep.equal(['warning ERR_ROOM_FOREIGN', 'warning ERR_ROOM_FOREIGN']);
  });

  it('gives up when the server comes back without the room', async () => {
    const recorder = await open(nats().room());
    await recorder.connect(0);
    await nats().startEmpty();
    await recorder.until('lost ERR_ROOM_FOREIGN');
  });

  it('rejects a log that no longer contains the records after the latest snapshot', async () => {
    const url = nats().room('old');
    const first = await open(url);
    const client = await first.connect(0);
    first.append({ kind: 'lines', client, bytes: 'not in a snapshot' });
    await first.until('lines 0 not in a snapshot');
    // Ends without a snapshot.
    await first.log.destroy();
    const { jsm } = await manage(nats().url);
    await jsm.streams.purge(namesOf('old').recordStream);
    expect(await openError(url)).to.include({ code: 'ERR_ROOM_GAP' });
  });

  it('gives up when the engine drops records that this relay has not read', async () => {
    const first = await open(nats().room('behind'));
    const client = await first.connect(0);
    const proxy = await startProxy(nats().port);
    const slow = await open(`nats://127.0.0.1:${proxy.port}/behind`);
    await slow.connect(0);
    proxy.hold();
    proxy.cut();
    await slow.until('outage ERR_ROOM_UNREACHABLE');
    for (const bytes of ['one', 'two']) {
      first.append({ kind: 'lines', client, bytes });
      await first.until(`lines 0 ${bytes}`);
    }
    const { jsm } = await manage(nats().url);
    await jsm.streams.purge(namesOf('behind').recordStream, { keep: 1 });
    proxy.release();
    await slow.until('lost ERR_ROOM_GAP');
  });

  it('gives up when the server no longer accepts its credentials', async () => {
    const own = await startNats();
    const recorder = await open(own.room());
    await recorder.connect(0);
    await own.start('authorization { user: relay, password: secret }\n');
    await recorder.until('lost ERR_ROOM_REFUSED');
  });

  it('gives up when it lacks the permission to publish heartbeats', async () => {
    const permissions = '{ publish: { deny: ["mini-serv.room.*.beat"] } }';
    const own = await startNats({
      config: `authorization { users: [{ user: relay, password: secret, permissions: ${permissions} }] }\n`,
    });
    const recorder = await open(own.room(), { user: 'relay', pass: 'secret' });
    await recorder.until('lost ERR_ROOM_REFUSED');
  });

  it('creates a room once when several relays open it at the same time', async () => {
    const url = nats().room();
    const relays = await Promise.all(Array.from({ length: 6 }, () => open(url)));
    const ids: number[] = [];
    for (const relay of relays) ids.push(await relay.connect(0));
    expect(ids).to.deep.equal([0, 1, 2, 3, 4, 5]);
  });

  it('warns once if the server is unreachable, and waits for it or for the timeout', async () => {
    await nats().kill();
    const warnings: string[] = [];
    const onWarning = ({ code, message }: MiniServError): void => void warnings.push(`${code}: ${message}`);
    const early = nats().room('early');
    const opening = openRoom(early, { heartbeatMs: 200, onWarning });
    await eventually('a warning', () => warnings.length > 0);
    const clock = new FakeClock();
    const timingOut = openError(nats().room('never'), { onWarning, timeoutMs: 300, clock });
    await eventually('another warning', () => warnings.length > 1);
    clock.advance(300);
    const timedOut = await timingOut;
    expect(timedOut).to.include({ code: 'ERR_ROOM_TIMEOUT' });
    expect(timedOut.message).to.match(/\/never was unreachable for 0\.3 s, the room's timeout: /);
    await nats().start();
    const recorder = new LogRecorder(await within(opening, 'the room'));
    expect(await recorder.connect(0)).to.equal(0);
    expect(warnings).to.have.length(2);
    expect(warnings[0]).to.match(
      /^ERR_ROOM_UNREACHABLE: .*\/early is unreachable \(.*\); the room is paused/,
    );
  });

  it('rejects with the reason of its signal', async () => {
    const reason = new Error('enough');
    const outcome = (url: string, signal: AbortSignal, onWarning = (): void => {}) =>
      within(
        openRoom(url, { signal, onWarning }).catch((error: unknown) => error),
        'an answer',
      );
    const unreachable = 'nats://127.0.0.1:1/room';
    expect(await outcome(unreachable, AbortSignal.abort(reason)), 'aborted before').to.equal(reason);
    const waiting = new AbortController();
    const result = outcome(unreachable, waiting.signal, () => waiting.abort(reason));
    expect(await result, 'aborted during the wait').to.equal(reason);
    const proxy = await startProxy(nats().port);
    proxy.hold();
    const connecting = new AbortController();
    const opening = outcome(`nats://127.0.0.1:${proxy.port}/room`, connecting.signal);
    setImmediate(() => connecting.abort(reason));
    expect(await opening, 'aborted while it connects').to.equal(reason);
    proxy.release();
  });
});
