import { jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { expect } from 'chai';
import { type MiniServError, openRoom } from '../../../lib/index.js';
import { namesOf } from '../../../lib/room/nats/streams.js';
import { addCleanup } from '../../support/cleanup.js';
import { LogRecorder } from '../../support/log-spec.js';
import { startNats, useNats } from '../../support/nats.js';
import { describeWith } from '../../support/tools.js';
import { within } from '../../support/waiting.js';

async function open(url: string, heartbeatMs = 200): Promise<LogRecorder> {
  return new LogRecorder(await within(openRoom(url, { heartbeatMs }), 'the room'));
}

async function openError(url: string): Promise<MiniServError> {
  try {
    await (await within(openRoom(url), 'an answer')).destroy();
  } catch (error) {
    return error as MiniServError;
  }
  throw new Error('the room was opened');
}

async function manage(url: string, room: string) {
  const connection = await connect({ servers: new URL(url).host });
  addCleanup(() => connection.close());
  const jsm = await jetstreamManager(connection);
  const { recordStream } = namesOf(room);
  const update = async (stream: string, changes: object): Promise<void> => {
    const { config } = await jsm.streams.info(stream);
    await jsm.streams.update(stream, { ...config, ...changes });
  };
  return { jsm, recordStream, update };
}

const line = (length: number, text: string): string => text.repeat(length).slice(0, length);

describeWith('nats-server', 'NatsEngine: limits', () => {
  const nats = useNats();

  it('cuts lines to the max_payload of a restarted server, and uses a larger one again', async () => {
    const own = await startNats();
    const recorders = [await open(own.room('payload')), await open(own.room('payload'))];
    const [first] = recorders as [LogRecorder];
    const client = await first.connect(0);
    const lines = [line(20_000, 'abcdefg'), 'short', line(100_000, '0123456789'), 'end'];
    await own.start('max_payload: 8192\n');
    for (const bytes of lines) first.append({ kind: 'lines', client, bytes });
    for (const recorder of recorders) await recorder.until('lines 0 end');
    await own.start('max_payload: 1048576\n');
    const last = line(50_000, 'xyz');
    first.append({ kind: 'lines', client, bytes: last });
    for (const recorder of recorders) await recorder.until(`lines 0 ${last}`);
    const expected = ['joined 0 first', ...[...lines, last].map((bytes) => `lines 0 ${bytes}`)];
    for (const { roomEntries } of recorders) expect(roomEntries).to.deep.equal(expected);
    const { jsm, recordStream } = await manage(own.url, 'payload');
    const { state } = await jsm.streams.info(recordStream);
    const { data } = (await jsm.streams.getMessage(recordStream, { seq: state.last_seq })) ?? {};
    expect(data?.length, 'one record').to.be.above(last.length);
  });

  it('cuts lines to the max_msg_size of a stream that is changed meanwhile', async () => {
    const url = nats().room('size');
    const { update, recordStream } = await manage(url, 'size');
    // With a short heartbeat, a slow server is an outage.
    const recorder = await open(url, 10_000);
    const client = await recorder.connect(0);
    await update(recordStream, { max_msg_size: 1000 });
    const bytes = line(10_000, 'abcdefg');
    recorder.append({ kind: 'lines', client, bytes }, { kind: 'lines', client, bytes: 'end' });
    await recorder.until('lines 0 end');
    expect(recorder.roomEntries).to.deep.equal(['joined 0 first', `lines 0 ${bytes}`, 'lines 0 end']);
    expect(recorder.entries.filter((entry) => entry.startsWith('outage'))).to.deep.equal([]);
    await update(recordStream, { max_msg_size: 50 });
    recorder.append({ kind: 'lines', client, bytes: 'lost' });
    expect((await recorder.untilLost()).message).to.equal(
      'the stream MINISERV-ROOM_size limits a message to 50 bytes, and a room needs at least 768; raise its max_msg_size or max_bytes',
    );
    expect((await openError(url)).message).to.match(/MINISERV-ROOM_size limits a message to 50 bytes/);
  });

  it('gives up when the stream is full and does not delete old records', async () => {
    const url = nats().room('full');
    const { update, recordStream } = await manage(url, 'full');
    const recorder = await open(url);
    const client = await recorder.connect(0);
    await update(recordStream, { discard: 'new', max_msgs: 3 });
    for (let i = 0; i < 5; i++) {
      recorder.append({ kind: 'lines', client, bytes: `${i}` });
      await recorder.inbox.until((bytes) => bytes.includes(`lines 0 ${i}\n`) || bytes.includes('lost'));
    }
    const { code, message } = await recorder.untilLost();
    expect({ code, message }).to.deep.equal({
      code: 'ERR_ROOM_REFUSED',
      message:
        'the engine refuses messages for the stream MINISERV-ROOM_full: maximum messages exceeded (JetStream error 10077); the stream is full: raise its limits, or set its discard policy to old',
    });
    expect(recorder.roomEntries.at(-1)).to.equal('lines 0 1');
  });

  it('gives up when a restarted server allows only shorter commands than it needs', async () => {
    const own = await startNats();
    const recorder = await open(own.room());
    await own.start('max_control_line: 100\n');
    const { code, message } = await recorder.untilLost();
    expect({ code, message }).to.deep.equal({
      code: 'ERR_ROOM_REFUSED',
      message: 'the engine refuses this relay: maximum control line exceeded',
    });
  });
});
