import { connect as connectSocket } from 'node:net';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { expect } from 'chai';
import { type MiniServError, openRoom, type RoomOptions } from '../../../lib/index.js';
import { namesOf } from '../../../lib/room/nats/streams.js';
import { addCleanup } from '../../support/cleanup.js';
import { createAccount } from '../../support/credentials.js';
import { LogRecorder } from '../../support/log-spec.js';
import { type NatsServer, startNats, useNats } from '../../support/nats.js';
import { startProxy } from '../../support/proxy.js';
import { enter, startRelay } from '../../support/relays.js';
import { describeWith } from '../../support/tools.js';
import { eventually, within } from '../../support/waiting.js';

async function open(url: string, options: RoomOptions = {}): Promise<LogRecorder> {
  const log = await within(openRoom(url, { heartbeatMs: 200, ...options }), 'the room');
  return new LogRecorder(log);
}

async function openError(url: string, options: RoomOptions = {}): Promise<MiniServError> {
  try {
    await (await within(openRoom(url, options), 'an answer')).destroy();
  } catch (error) {
    return error as MiniServError;
  }
  throw new Error('the room was opened');
}

async function manage(server: NatsServer, room: string, credentials: object = {}) {
  const connection = await connect({ port: server.port, ...credentials });
  addCleanup(() => connection.close());
  const jsm = await jetstreamManager(connection, { checkAPI: false });
  const { recordStream, snapshotStream } = namesOf(room);
  const update = async (stream: string, changes: object): Promise<void> => {
    const { config } = await jsm.streams.info(stream);
    await jsm.streams.update(stream, { ...config, ...changes });
  };
  return { js: jetstream(connection), jsm, recordStream, snapshotStream, update };
}

/** Sends lines of client 0 until the room ends. */
async function sendUntilLost(recorder: LogRecorder, bytes = 'x'): Promise<MiniServError> {
  const lost = recorder.untilLost();
  while (recorder.lost === undefined) {
    if (!recorder.log.isFull) recorder.append({ kind: 'lines', client: 0, bytes });
    await Promise.race([lost, new Promise((resolve) => setTimeout(resolve, 5))]);
  }
  return lost;
}

const MIB = 'x'.repeat(1_000_000);
const LONG = '0123456789'.repeat(2000);

describeWith('nats-server', 'a room on a server that refuses', () => {
  const nats = useNats();

  /** A room with one client, and the means to change its streams. */
  async function used(room: string) {
    const recorder = await open(nats().room(room));
    await recorder.connect(0);
    return { recorder, ...(await manage(nats(), room)) };
  }

  it('cuts lines to a max_payload that the running server lowers', async () => {
    const own = await startNats();
    const recorder = await open(own.room());
    const client = await recorder.connect(0);
    own.reload('max_payload: 4096\n');
    await eventually('the new limit', async () => {
      const connection = await connect({ port: own.port });
      const limit = connection.info?.max_payload;
      await connection.close();
      return limit === 4096;
    });
    recorder.append({ kind: 'lines', client, bytes: LONG }, { kind: 'lines', client, bytes: 'end' });
    await recorder.until('lines 0 end');
    expect(recorder.roomEntries).to.deep.equal(['joined 0 first', `lines 0 ${LONG}`, 'lines 0 end']);
  });

  for (const [kind, limits] of [
    ['an account', { account: { payload: 4096 } }],
    ['a user', { user: { payload: 4096 } }],
  ] as const) {
    it(`finds out the limit of ${kind}, which the server does not state`, async () => {
      const { config, creds } = createAccount(limits);
      const own = await startNats({ config });
      const recorder = await open(own.room(), { creds });
      const client = await recorder.connect(0);
      recorder.append({ kind: 'lines', client, bytes: LONG }, { kind: 'lines', client, bytes: 'end' });
      await recorder.until('lines 0 end');
      expect(recorder.roomEntries).to.deep.equal(['joined 0 first', `lines 0 ${LONG}`, 'lines 0 end']);
    });
  }

  it('gives up if max_payload is too small, from the start or later', async () => {
    const own = await startNats();
    const recorder = await open(own.room('tiny'));
    await recorder.connect(0);
    for (const limit of [30, 100, 300, 1023]) {
      await own.start(`max_payload: ${limit}\n`);
      const { code, message } = await openError(own.room('tiny'));
      expect(code).to.equal('ERR_ROOM_REFUSED');
      expect(message).to.match(
        new RegExp(
          `max_payload of the server, or of its account, is ${limit} bytes, and a room needs at least 1024`,
        ),
      );
    }
    expect((await sendUntilLost(recorder)).message).to.match(/max_payload of the server.* is \d+ bytes/);
    await own.start('max_payload: 1024\n');
    const again = await open(own.room('tiny'));
    const client = await again.connect(0);
    again.append({ kind: 'lines', client, bytes: LONG });
    await again.until(`lines ${client} ${LONG}`);
  });

  it('cuts lines to the max_bytes of a stream', async () => {
    const { recorder, update, recordStream } = await used('bytes');
    await update(recordStream, { max_bytes: 10_000 });
    await eventually('a smaller record', () => {
      recorder.append({ kind: 'lines', client: 0, bytes: 'x' });
      return recorder.roomEntries.length > 20;
    });
    const second = await open(nats().room('bytes'));
    expect((await second.connect(0)) > 0).to.equal(true);
    second.append({ kind: 'lines', client: 1, bytes: LONG });
    await second.until(`lines 1 ${LONG}`);
  });

  for (const [name, changes, message] of [
    [
      'full',
      { discard: 'new', max_bytes: 5_000_000 },
      /maximum bytes exceeded \(JetStream error 10077\); .*raise/,
    ],
    ['count', { discard: 'new', max_msgs: 3 }, /maximum messages exceeded/],
    ['sealed', { sealed: true }, /sealed/],
    ['moved', { subjects: ['elsewhere'] }, /its subject is not mini-serv\.room\.moved\.said/],
    ['silent', { no_ack: true }, /it does not acknowledge messages/],
    ['small', { max_msg_size: 767 }, /limits a message to 767 bytes, and a room needs at least 768/],
  ] as const) {
    it(`gives up if its stream is changed: ${name}`, async () => {
      const { recorder, update, recordStream } = await used(name);
      await update(recordStream, changes);
      const error = await sendUntilLost(recorder, MIB);
      expect(error.code).to.match(/^ERR_ROOM_(REFUSED|FOREIGN)$/);
      expect(error.message).to.match(message);
    });
  }

  it('gives up if its stream is deleted', async () => {
    const { recorder, jsm, recordStream } = await used('deleted');
    await jsm.streams.delete(recordStream);
    expect((await sendUntilLost(recorder)).message).to.match(
      /the stream MINISERV-ROOM_deleted of the room is missing/,
    );
  });

  it('gives up if records were deleted before it read them, although no others follow', async () => {
    const { jsm, recordStream } = await used('purged');
    const proxy = await startProxy(nats().port);
    const slow = await open(`nats://127.0.0.1:${proxy.port}/purged`);
    await slow.connect(0);
    proxy.hold();
    proxy.cut();
    await slow.until('outage ERR_ROOM_UNREACHABLE');
    const other = await open(nats().room('purged'));
    await other.connect(0);
    await jsm.streams.purge(recordStream);
    proxy.release();
    expect(await slow.untilLost()).to.include({ code: 'ERR_ROOM_GAP' });
  });

  it('warns and continues if the stream of the snapshots is deleted or full', async () => {
    for (const [room, change] of [
      ['roster-small', { max_msg_size: 50 }],
      ['roster-full', { discard: 'new', max_msgs: 1 }],
    ] as const) {
      const { recorder, update, snapshotStream } = await used(room);
      await update(snapshotStream, change);
      for (let i = 0; !recorder.inbox.text.includes('warning'); i++) {
        recorder.append({ kind: 'lines', client: 0, bytes: `${i}` });
        await new Promise((resolve) => setTimeout(resolve, 200));
      }
      recorder.append({ kind: 'lines', client: 0, bytes: 'end' });
      await recorder.until('lines 0 end');
      expect(recorder.entries.filter((entry) => entry.startsWith('warning'))).to.have.length(1);
    }
  });

  it('stores a snapshot that is larger than a message in parts', async () => {
    const url = nats().room('parts');
    const { jsm, update, recordStream, snapshotStream } = await manage(nats(), 'parts');
    const first = await open(url);
    await update(snapshotStream, { max_msg_size: 800 });
    for (let token = 0; token < 3000; token++)
      first.append({ kind: 'connected', token, silent: token % 7 < 3 });
    await first.until('id 2999 2999');
    const partCount = async (): Promise<number> => (await jsm.streams.info(snapshotStream)).state.messages;
    await eventually('a snapshot', async () => (await partCount()) > 5);
    await first.log.close();
    await jsm.streams.purge(recordStream);
    const second = await open(url);
    expect(await second.connect(0)).to.equal(3000);
  });

  it('gives up if the server has no space', async () => {
    const own = await startNats({ maxStoreBytes: 5_000_000 });
    expect((await openError(own.room())).message).to.match(
      /insufficient storage resources available \(JetStream error 10047\); .*--room-retention/,
    );
    // A retention by time reserves no space. The stream of the snapshots would.
    const roster = namesOf('full');
    const { jsm } = await manage(own, 'full');
    await jsm.streams.add({ name: roster.snapshotStream, subjects: [roster.snapshotSubject] });
    const recorder = await open(own.room('full'), { retention: { ms: 3_600_000 } });
    await recorder.connect(0);
    expect((await sendUntilLost(recorder, MIB)).message).to.match(
      /insufficient resources \(JetStream error 10023\); the server is full: /,
    );
  });

  it('gives up if the account has no space, no streams or no consumers left', async () => {
    const config = (limits: string): string =>
      `accounts { A { users: [{ user: a, password: a }], jetstream: { ${limits} } } }\n`;
    const credentials = { user: 'a', pass: 'a' };
    const full = await startNats({ config: config('max_store: 5000000') });
    const { jsm } = await manage(full, 'full', credentials);
    const { snapshotStream: name, snapshotSubject } = namesOf('full');
    await jsm.streams.add({ name, subjects: [snapshotSubject] });
    const recorder = await open(full.room('full'), { ...credentials, retention: { ms: 3_600_000 } });
    await recorder.connect(0);
    expect((await sendUntilLost(recorder, MIB)).message).to.match(
      /resource limits exceeded for account.*10002/,
    );
    const few = await startNats({ config: config('max_streams: 1') });
    expect((await openError(few.room(), credentials)).message).to.match(
      /maximum number of streams reached.*max_streams/,
    );
  });

  it('waits for the consumer of its last connection, and refuses a relay for which there is none', async () => {
    const proxy = await startProxy(nats().port);
    const { jsm, recordStream } = await manage(nats(), 'few');
    await jsm.streams.add({ name: recordStream, subjects: [namesOf('few').recordSubject], max_consumers: 1 });
    const recorder = await open(`nats://127.0.0.1:${proxy.port}/few`);
    await recorder.connect(0);
    proxy.cut();
    recorder.append({ kind: 'lines', client: 0, bytes: 'after' });
    await recorder.until('lines 0 after');
    // Not earlier: the new relay could get the consumer that the first one waits for.
    const { message } = await openError(nats().room('few'));
    expect(message).to.match(
      /maximum consumers limit reached \(JetStream error 10026\); raise max_consumers/,
    );
    recorder.append({ kind: 'lines', client: 0, bytes: 'end' });
    await recorder.until('lines 0 end');
  });

  it('gives up when the credentials of its user expire', async () => {
    const { config, creds } = createAccount({ expiresInSeconds: 8 });
    const own = await startNats({ config });
    const recorder = await open(own.room(), { creds });
    await recorder.connect(0);
    const error = await sendUntilLost(recorder);
    expect(error).to.include({ code: 'ERR_ROOM_REFUSED' });
    expect(error.message).to.match(/expired|authori[sz]ation/i);
  });

  it('skips messages with headers that cannot be parsed, also when it reconnects', async () => {
    const { recorder } = await used('headers');
    const { recordSubject, snapshotSubject } = namesOf('headers');
    const socket = connectSocket(nats().port, '127.0.0.1');
    socket.write('CONNECT {"verbose":false,"headers":true}\r\n');
    for (const header of [
      'NATS/1.0\r\nBad\nKey: v\r\n\r\n',
      'NATS/1.0 503\r\n\r\n',
      'NATS/1.0\r\nA: b\nc\r\n\r\n',
      'x\r\n\r\n',
    ]) {
      for (const subject of [recordSubject, snapshotSubject]) {
        socket.write(`HPUB ${subject} ${header.length} ${header.length + 4}\r\n${header}junk\r\n`);
      }
    }
    await recorder.until('warning ERR_ROOM_FOREIGN');
    socket.destroy();
    await nats().start();
    recorder.append({ kind: 'lines', client: 0, bytes: 'end' });
    await recorder.until('lines 0 end');
    const second = await open(nats().room('headers'));
    expect(await second.connect(0)).to.equal(1);
  });

  it('gives up if JetStream, a permission or the password is taken away', async () => {
    const user = (permissions = '', password = 'a'): string =>
      `authorization { users: [{ user: a, password: ${password} ${permissions} }] }\n`;
    const credentials = { user: 'a', pass: 'a' };
    for (const [config, message] of [
      [
        user(', permissions: { publish: { deny: "mini-serv.room.*.said" } }'),
        /Permissions Violation for Publish/,
      ],
      [user(', permissions: { publish: { deny: "$JS.API.>" } }'), /Permissions Violation for Publish/],
      [
        user(', permissions: { subscribe: { deny: "mini-serv.room.*.beat" } }'),
        /Permissions Violation for Subscription/,
      ],
      [user(', permissions: { subscribe: { deny: "_INBOX.>" } }'), /Permissions Violation for Subscription/],
      [user('', 'b'), /authori[sz]ation violation/i],
      ['accounts { A { users: [{ user: a, password: a }] } }\n', /./],
      ['max_subscriptions: 1\nauthorization { users: [{ user: a, password: a }] }\n', /./],
    ] as const) {
      const own = await startNats({ config: user() });
      const recorder = await open(own.room(), credentials);
      await recorder.connect(0);
      if (config.startsWith('max')) await own.start(config);
      else own.reload(config);
      const error = await sendUntilLost(recorder);
      expect(error, config).to.include({ code: 'ERR_ROOM_REFUSED' });
      expect(error.message, config).to.match(message);
      await own.remove();
    }
    const own = await startNats();
    const recorder = await open(own.room());
    await recorder.connect(0);
    await own.start('', { jetstream: false });
    expect((await sendUntilLost(recorder)).message).to.match(/jetstream is not enabled.*enable JetStream/);
  });

  it('is refused for an account without JetStream', async () => {
    const config = `accounts { A { users: [{ user: a, password: a }], jetstream: enabled }, B { users: [{ user: b, password: b }] } }\n`;
    const own = await startNats({ config });
    const { code, message } = await openError(own.room(), { user: 'b', pass: 'b' });
    expect(code).to.equal('ERR_ROOM_REFUSED');
    expect(message).to.match(/JetStream not enabled for account \(JetStream error 10039\); enable JetStream/);
  });

  it('ends a relay in order with exit code 1, after its clients have received what was stored', async () => {
    const own = await startNats();
    const relay = await startRelay(own.room('order'));
    const [sender, reader] = [await enter(relay), await enter(relay)];
    const { update, recordStream } = await manage(own, 'order');
    await sender.send('first\n');
    await reader.until('client 0: first\n');
    await update(recordStream, { discard: 'new', max_msgs: 1 });
    sender.socket.write('second\n');
    expect((await within(relay.exited, 'the end of the relay')).code).to.equal(1);
    expect(relay.stderr.text).to.match(/the engine refuses messages .*10077.*raise its limits/);
    await within(reader.ended, 'the end of its client');
    expect(reader.inbox.text).to.match(/client 0: first\n/);
  });

  it('cuts a line of eight million bytes into thousands of records', async () => {
    const own = await startNats({ config: 'max_payload: 8192\n' });
    const relays = [await startRelay(own.room('long')), await startRelay(own.room('long'))];
    const [sender, reader] = [await enter(relays[0] as never), await enter(relays[1] as never)];
    const line = '0123456789abcdef'.repeat(500_000);
    sender.socket.write(`${line}\nend\n`);
    await reader.until(`client ${sender.id}: end\n`);
    expect(reader.inbox.text.includes(`client ${sender.id}: ${line}\n`)).to.equal(true);
  });
});
