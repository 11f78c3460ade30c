import type { JetStreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { type Clock, nodeEnvironment } from '../../util/environment.js';
import { MiniServError } from '../../util/errors.js';
import type { EventLog } from '../event-log.js';
import { checkRoomOptions, type RoomOptions } from '../options.js';
import { joinRoom } from '../shared/join-room.js';
import {
  connectTo,
  disconnect,
  isWithoutJetStream,
  permissionError,
  reconnectDelayMs,
  refusedError,
} from './connection.js';
import { EngineWait } from './engine-wait.js';
import { NatsEngine } from './nats-engine.js';
import { loadPackages, type Packages } from './packages.js';
import { parseRoomUrl, type RoomUrl } from './room-url.js';
import { codeOf, namesOf, prepareStreams } from './streams.js';

const DEFAULT_HEARTBEAT_MS = 1000;
const RETRY_DELAY_MS = 250;
/** A server without JetStream is waited for this long, because other servers of its cluster may be starting. */
const JETSTREAM_START_MS = 3000;
/** After a server was restarted, other relays get this many reconnect delays to come back. */
const SETTLE_RECONNECTS = 4;
/** Error code of JetStream. */
const NO_MESSAGE_FOUND = 10037;

/** Implements `openRoom`. */
export async function openNatsRoom(url: string, options: RoomOptions = {}): Promise<EventLog> {
  checkRoomOptions(options);
  const { signal } = options;
  if (signal === undefined) return open(url, options);
  signal.throwIfAborted();
  let abort = (): void => {};
  const aborted = new Promise<never>((_resolve, reject) => {
    abort = () => reject(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
  });
  const opening = open(url, options);
  try {
    return await Promise.race([opening, aborted]);
  } catch (error) {
    // The caller does not receive the log if it opens after the signal.
    opening.then(
      (log) => log.destroy(),
      () => {},
    );
    throw signal.aborted ? signal.reason : error;
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

async function open(text: string, options: RoomOptions): Promise<EventLog> {
  const { timeoutMs, heartbeatMs = DEFAULT_HEARTBEAT_MS, signal, onWarning = () => {} } = options;
  const { clock = nodeEnvironment.clock } = options;
  const url = parseRoomUrl(text);
  const packages = await loadPackages();
  const wait = new EngineWait({ clock, name: url.shown, timeoutMs, onWarning });
  const connection = await connectTo({ packages, url, credentials: options, heartbeatMs, wait, signal });
  const abort = (): void => void connection.close();
  signal?.addEventListener('abort', abort, { once: true });
  if (signal?.aborted) abort();
  const refused = untilRefused(packages, connection, url.shown);
  let withoutJetStreamSince: number | undefined;
  try {
    for (;;) {
      try {
        return await join({ packages, connection, url, clock, options, heartbeatMs, refused });
      } catch (error) {
        if (error instanceof MiniServError || connection.isClosed()) throw error;
        // A server that has JetStream may not have started it yet.
        if (!isWithoutJetStream(error) || connection.info?.jetstream === true) {
          withoutJetStreamSince = undefined;
        } else withoutJetStreamSince ??= clock.now();
        if (
          withoutJetStreamSince !== undefined &&
          clock.now() - withoutJetStreamSince >= JETSTREAM_START_MS
        ) {
          throw refusedError(url.shown, error as Error);
        }
        await wait.beforeRetry(RETRY_DELAY_MS, error as Error);
      }
    }
  } catch (error) {
    await disconnect(connection);
    throw error;
  } finally {
    signal?.removeEventListener('abort', abort);
  }
}

interface JoinOptions {
  readonly packages: Packages;
  readonly connection: NatsConnection;
  readonly url: RoomUrl;
  readonly clock: Clock;
  readonly options: RoomOptions;
  readonly heartbeatMs: number;
  /** Rejects when the server refuses a request. */
  readonly refused: Promise<never>;
}

async function join(joinOptions: JoinOptions): Promise<EventLog> {
  const { packages, connection, url, clock, options, heartbeatMs, refused } = joinOptions;
  const { retention, replicas, timeoutMs } = options;
  const { room, shown: name } = url;
  const jsm = await packages.jetstream.jetstreamManager(connection, { checkAPI: false });
  await Promise.race([prepareStreams({ packages, jsm, room, retention, replicas }), refused]);
  const { recordStream, snapshotStream, snapshotSubject } = namesOf(room);
  // The snapshot first: the stream must not end before the record that the snapshot includes last.
  const snapshot = await loadSnapshot(jsm, snapshotStream, snapshotSubject);
  const info = await jsm.streams.info(recordStream);
  const settleMs = reconnectDelayMs(heartbeatMs) * SETTLE_RECONNECTS;
  const engine = new NatsEngine({
    packages,
    connection,
    clock,
    room,
    jsm,
    info,
    snapshot,
    settleMs,
  });
  try {
    return await Promise.race([joinRoom({ engine, clock, heartbeatMs, timeoutMs, name }), refused]);
  } catch (error) {
    await engine.close();
    throw error;
  }
}

/** Rejects when the server says that this relay lacks a permission. */
function untilRefused(packages: Packages, connection: NatsConnection, name: string): Promise<never> {
  const refused = new Promise<never>((_resolve, reject) => {
    const watch = async (): Promise<void> => {
      for await (const status of connection.status()) {
        const error = permissionError(packages, status);
        if (error !== undefined) reject(refusedError(name, error));
      }
    };
    void watch();
  });
  refused.catch(() => {});
  return refused;
}

async function loadSnapshot(
  jsm: JetStreamManager,
  stream: string,
  subject: string,
): Promise<Uint8Array | undefined> {
  try {
    return (await jsm.streams.getMessage(stream, { last_by_subj: subject }))?.data;
  } catch (error) {
    if (codeOf(error) === NO_MESSAGE_FOUND) return undefined;
    throw error;
  }
}
