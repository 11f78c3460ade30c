import { jetstream } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { expect } from 'chai';
import { type MiniServError, openRoom } from '../../../lib/index.js';
import { type ReplayOptions, replayRoom } from '../../../lib/room/nats/replay.js';
import { namesOf } from '../../../lib/room/nats/streams.js';
import { runCommand } from '../../support/command.js';
import { FakeClock } from '../../support/fake-environment.js';
import { LogRecorder } from '../../support/log-spec.js';
import { useNats } from '../../support/nats.js';
import { enter, startRelay } from '../../support/relays.js';
import { describeWith } from '../../support/tools.js';
import { eventually, within } from '../../support/waiting.js';

describeWith('nats-server', 'mini-serv replay', () => {
  const nats = useNats();

  it('prints the same as the relays of the room, in each format', async () => {
    const url = nats().room();
    const [wireRelay, jsonRelay] = [await startRelay(url), await startRelay(url, ['--format', 'json'])];
    const client = await enter(wireRelay);
    await client.send(`hello\n${'x'.repeat(1_500_000)}\nbytes \xff\x00\r\n`);
    await jsonRelay.stdout.until('bytes ');
    client.end();
    await jsonRelay.stdout.until('"event":"left","client":0}\n');
    await wireRelay.stdout.until('just left\n');
    const wire = await runCommand(['replay', url]);
    expect(wire.code).to.equal(0);
    expect(wire.stdout === wireRelay.stdout.text).to.equal(true);
    const json = await runCommand(['replay', url, '--format', 'json']);
    expect(json.stdout === jsonRelay.stdout.text).to.equal(true);
    const text = await runCommand(['replay', url, '--format', 'text']);
    expect(text.stdout.split('\n')[0]).to.match(
      /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z server: client 0 just arrived$/,
    );
  });

  it('fails if there is no such room', async () => {
    const { code, stdout, stderr } = await runCommand(['replay', nats().room('nowhere')]);
    expect({ code, stdout }).to.deep.equal({ code: 1, stdout: '' });
    expect(stderr).to.match(
      /^mini-serv: nats:.*\/nowhere: expected an existing room, found no stream MINISERV-ROOM_nowhere$/m,
    );
  });
});

describeWith('nats-server', 'replayRoom()', () => {
  const nats = useNats();

  /** Opens the room, sends lines of a client that stays, and returns when they were stored. */
  async function use(url: string, ...lines: string[]): Promise<LogRecorder> {
    const recorder = new LogRecorder(await openRoom(url));
    const client = await recorder.connect(0);
    for (const bytes of lines) recorder.append({ kind: 'lines', client, bytes });
    await recorder.until(`lines ${client} ${lines.at(-1)}`);
    return recorder;
  }

  async function read(url: string, options: Partial<ReplayOptions> = {}): Promise<string> {
    let text = '';
    const onMessage = (bytes: string): void => {
      text += bytes;
    };
    await within(replayRoom(url, { onMessage, ...options }), 'the end of the replay');
    return text;
  }

  it('starts at a snapshot if one is older than the requested time', async () => {
    const url = nats().room();
    const first = await use(url, 'one', 'two');
    // Saves a snapshot.
    await first.log.close();
    const last = first.times.at(-1) as number;
    await eventually('a later millisecond', () => Date.now() > last + 5);
    const second = await use(url, 'three');
    const later = 'server: client 1 just arrived\nclient 1: three\n';
    expect(await read(url, { since: second.times[1] as number })).to.equal(later);
    expect(await read(url, { until: last - 1e6 })).to.equal('');
    expect(await read(url)).to.equal(
      `server: client 0 just arrived\nclient 0: one\nclient 0: two\nserver: client 0 just left\n${later}`,
    );
  });

  it('reads nothing from an empty room, or after the last record', async () => {
    const url = nats().room();
    const empty = await openRoom(url);
    expect(await read(url)).to.equal('');
    await empty.destroy();
    const used = await use(url, 'one');
    await used.log.close();
    await eventually('a later millisecond', () => Date.now() > (used.times.at(-1) as number) + 5);
    expect(await read(url, { since: Date.now() })).to.equal('');
  });

  it('skips messages of another program, with one note', async () => {
    const url = nats().room('mixed');
    const { recordSubject, snapshotSubject } = namesOf('mixed');
    const connection = await connect({ servers: new URL(url).host });
    const publish = async (subject: string): Promise<void> => {
      for (let i = 0; i < 3; i++) await jetstream(connection).publish(subject, 'something else');
    };
    const recorder = await use(url, 'hello');
    for (const subject of [recordSubject, snapshotSubject]) await publish(subject);
    await recorder.log.close();
    for (const subject of [recordSubject, snapshotSubject]) await publish(subject);
    await connection.close();
    const notes: string[] = [];
    const onNote = (message: string): void => void notes.push(message);
    expect(await read(url, { onNote })).to.equal(
      'server: client 0 just arrived\nclient 0: hello\nserver: client 0 just left\n',
    );
    expect(notes).to.have.length(1);
    expect(notes[0]).to.match(/^skipped record 3 of the room, which is invalid /);
    await eventually('a later millisecond', () => Date.now() > (recorder.times.at(-1) as number) + 5);
    expect(await read(url, { since: Date.now() })).to.equal('');
  });

  it('gives up if the server is unreachable for the timeout', async () => {
    const url = nats().room();
    await use(url, 'hello');
    const clock = new FakeClock();
    const notes: string[] = [];
    const onNote = (message: string): void => void notes.push(message);
    const onMessage = async (): Promise<void> => {
      await nats().kill();
      return new Promise<void>(() => {});
    };
    const options = { clock, onNote, timeoutMs: 300 };
    const interrupted = rejection(read(url, { ...options, onMessage }));
    await eventually('a note', () => notes.length === 1);
    clock.advance(300);
    expect(await interrupted).to.include({ code: 'ERR_ROOM_TIMEOUT' });
    const late = rejection(read(url, options));
    await eventually('another note', () => notes.length === 2);
    clock.advance(300);
    expect(await late).to.include({ code: 'ERR_ROOM_TIMEOUT' });
    for (const note of notes) expect(note).to.match(/ is unreachable /);
    expect(notes).to.have.length(2);
  });

  it('reports an outage and its end, and continues', async () => {
    const url = nats().room();
    await use(url, 'hello');
    const notes: string[] = [];
    let text = '';
    let take = (): void => {};
    const taken = new Promise<void>((resolve) => {
      take = resolve;
    });
    const replay = replayRoom(url, {
      onNote: (message) => void notes.push(message),
      onMessage: (bytes) => {
        text += bytes;
        return taken;
      },
    });
    await eventually('a message', () => text !== '');
    await nats().kill();
    await eventually('a note', () => notes.length === 1);
    await nats().start();
    await eventually('another note', () => notes.length === 2);
    expect(notes).to.deep.equal([
      `${url} is unreachable (the connection is lost); the room is paused until the connection is back`,
      'reconnected to the engine; resuming',
    ]);
    take();
    await within(replay, 'the end of the replay');
    expect(text).to.equal('server: client 0 just arrived\nclient 0: hello\n');
  });
});

async function rejection(promise: Promise<unknown>): Promise<MiniServError> {
  try {
    await promise;
  } catch (error) {
    return error as MiniServError;
  }
  throw new Error('the promise resolved');
}
