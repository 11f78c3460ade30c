import { type Clock, nodeEnvironment } from '../../util/environment.js';
import { MiniServError } from '../../util/errors.js';
import type { Credentials } from '../options.js';
import { Outage } from '../shared/outage.js';
import { RecordReader } from '../shared/record-reader.js';
import { SkippedRecords } from '../shared/skipped-records.js';
import { AnswerTimer } from './answer-timer.js';
import { connectTo, disconnect, isWithoutJetStream } from './connection.js';
import { EngineWait } from './engine-wait.js';
import { findSnapshot } from './find-snapshot.js';
import { MessageReader, type MessageReaderOptions } from './message-reader.js';
import { NatsEngine } from './nats-engine.js';
import { loadPackages, type Packages } from './packages.js';
import { parseRoomUrl, type RoomUrl } from './room-url.js';
import { findStream, namesOf } from './streams.js';

/** A replay has no instance of its own. */
const NO_INSTANCE = '';
/** A replay sends no heartbeats; this interval sets how often the connection is checked. */
const HEARTBEAT_MS = 1000;

export interface ReplayOptions extends Credentials, MessageReaderOptions {
  /**
   * How long the engine may be unreachable, and how long it may take for each answer and for each record, in
   * milliseconds. Default: forever.
   */
  readonly timeoutMs?: number;
  readonly clock?: Clock;
  /** Receives notes about the progress for the user, such as outages. */
  readonly onNote?: (message: string) => void;
}

/**
 * Reads the stored messages of a room without joining it. Resolves at the end of what was stored at the start.
 *
 * @throws {MiniServError} ERR_ROOM_FOREIGN if there is no such room; ERR_ROOM_TIMEOUT; otherwise the same as `openRoom`
 */
export async function replayRoom(url: string, options: ReplayOptions): Promise<void> {
  const { timeoutMs, onNote = () => {}, clock = nodeEnvironment.clock } = options;
  const parsed = parseRoomUrl(url);
  const packages = await loadPackages();
  const timer = new AnswerTimer({ clock, name: parsed.shown, timeoutMs });
  const replaying = connectAndReplay(parsed, packages, {
    ...options,
    name: parsed.shown,
    clock,
    onNote,
    timer,
  });
  await Promise.race([replaying, timer.expired]).finally(() => timer.stop());
}

interface ReplayContext extends ReplayOptions {
  readonly name: string;
  readonly clock: Clock;
  readonly onNote: (message: string) => void;
  readonly timer: AnswerTimer;
}

async function connectAndReplay(url: RoomUrl, packages: Packages, context: ReplayContext): Promise<void> {
  const { since = 0, timeoutMs, onNote, clock, name, timer } = context;
  const onWarning = ({ cause }: MiniServError): void => {
    const problem = cause as Error;
    // A server that does not answer at all is what the error of the timer says.
    if (!(problem instanceof packages.transport.TimeoutError)) timer.problem = problem;
    onNote(`${name} is unreachable (${problem.message}); trying again`);
  };
  const connection = await connectTo({
    packages,
    url,
    credentials: context,
    heartbeatMs: HEARTBEAT_MS,
    timeoutMs,
    // The timer limits the wait.
    wait: new EngineWait({ clock, name, timeoutMs: undefined, onWarning }),
    signal: timer.signal,
  });
  const abort = (): void => void disconnect(connection);
  timer.signal.addEventListener('abort', abort, { once: true });
  if (timer.signal.aborted) abort();
  try {
    timer.onAnswer();
    const names = namesOf(url.room);
    // The timer expires before a request does.
    const requestTimeout = timeoutMs === undefined ? {} : { timeout: timeoutMs + 1000 };
    const jsm = await packages.jetstream.jetstreamManager(connection, {
      checkAPI: false,
      ...requestTimeout,
    });
    const info = await findStream(jsm, names.recordStream);
    timer.onAnswer();
    if (info === undefined) {
      throw new MiniServError(
        'ERR_ROOM_FOREIGN',
        `${name}: expected an existing room, found no stream ${names.recordStream}`,
      );
    }
    const { first_seq: first, messages, first_ts: firstTime } = info.state;
    if (messages === 0) return;
    const snapshot = await findSnapshot(jsm, names, info, since);
    timer.onAnswer();
    const records = new RecordReader(snapshot);
    if (records.fromSequence < first) {
      const message = `the room cannot be replayed: its first ${first - 1} records are no longer stored, and no snapshot includes them`;
      throw new MiniServError('ERR_ROOM_GAP', message);
    }
    if (since < Date.parse(firstTime) && first > 1) onNote(`the room is stored from ${firstTime} on`);
    const engine = new NatsEngine({
      packages,
      connection,
      clock,
      room: url.room,
      jsm,
      info,
    });
    await replay(engine, records, context).finally(() => engine.close());
  } catch (error) {
    if (!isWithoutJetStream(error)) throw error;
    const message = `${name} has no JetStream, which stores rooms; start the server with nats-server -js`;
    throw new MiniServError('ERR_ROOM_REFUSED', message, { cause: error });
  } finally {
    timer.signal.removeEventListener('abort', abort);
    await disconnect(connection);
  }
}

/** Reads from the snapshot up to the record that was the last one when the engine was opened. */
async function replay(engine: NatsEngine, records: RecordReader, context: ReplayContext): Promise<void> {
  const { lastSequence } = engine;
  if (records.sequence >= lastSequence) return;
  const { name, clock, timeoutMs, onNote, timer } = context;
  const messages = new MessageReader(context);
  const skipped = new SkippedRecords(({ message }) => onNote(message));
  let onEnd = (): void => {};
  let onError: (error: Error) => void = () => {};
  const ended = new Promise<void>((resolve, reject) => {
    onEnd = resolve;
    onError = reject;
  });
  const outage = new Outage({
    clock,
    name,
    timeoutMs,
    onBegin: ({ message }) => onNote(message),
    onEnd: () => onNote('reconnected to the engine; resuming'),
    onTimeout: (reason) => onError(reason),
  });
  engine.read(records.fromSequence, {
    onRecord: (sequence, time, bytes) => {
      timer.onAnswer();
      const problem = records.read(sequence, time, bytes, messages, NO_INSTANCE)?.problem;
      if (problem !== undefined) skipped.onRecord(sequence, problem);
      const isLast = sequence >= lastSequence;
      const taken = messages.whenTaken();
      if (isLast || taken !== undefined) engine.pause();
      if (taken !== undefined) {
        timer.pause();
        taken.then(() => {
          timer.onAnswer();
          if (isLast) onEnd();
          else engine.resume();
        }, onError);
      } else if (isLast) onEnd();
    },
    onHeartbeat: () => {},
    onOutage: (reason) => outage.begin('connection', reason),
    onReconnect: () => outage.end('connection'),
    onLost: (reason) => onError(reason),
  });
  await ended.finally(() => outage.stop());
}
