import type { NatsConnection } from '@nats-io/transport-node';
import { type Clock, nodeEnvironment } from '../../util/environment.js';
import { MiniServError } from '../../util/errors.js';
import type { EventLog } from '../event-log.js';
import { checkRoomOptions, type RoomOptions } from '../options.js';
import { joinRoom } from '../shared/join-room.js';
import { connectTo, disconnect, reconnectDelayMs, refusalOf, refusedError } from './connection.js';
import { EngineWait } from './engine-wait.js';
import { NatsEngine } from './nats-engine.js';
import { loadPackages, type Packages } from './packages.js';
import { Refusals } from './refusals.js';
import { parseRoomUrl, type RoomUrl } from './room-url.js';
import { prepareStreams } from './streams.js';

const DEFAULT_HEARTBEAT_MS = 1000;
const RETRY_DELAY_MS = 250;
/** After a server was restarted, other relays get this many reconnect delays to come back. */
const SETTLE_RECONNECTS = 4;

/** Implements `openRoom`. */
export async function openNatsRoom(url: string, options: RoomOptions = {}): Promise<EventLog> {
  checkRoomOptions(options);
  const { signal } = options;
  if (signal === undefined) return open(url, options);
  if (signal.aborted) throw reasonOf(signal);
  let abort = (): void => {};
  const aborted = new Promise<never>((_resolve, reject) => {
    abort = () => reject(reasonOf(signal));
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
    throw signal.aborted ? reasonOf(signal) : error;
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

/** The signal of a polyfill can have no reason. */
function reasonOf(signal: AbortSignal): unknown {
  return signal.reason ?? new DOMException('The operation was aborted', 'AbortError');
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
  const refusals = new Refusals(packages, connection, clock);
  try {
    for (;;) {
      try {
        return await join({
          packages,
          connection,
          refusals,
          url,
          clock,
          options,
          heartbeatMs,
          wait,
          refused,
        });
      } catch (error) {
        const refusal = refusals.judge(error, 'to open the room');
        if (refusal !== undefined) throw refusal;
        if (connection.isClosed())
          throw refusedError(url.shown, (await connection.closed()) ?? (error as Error));
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
  readonly refusals: Refusals;
  readonly url: RoomUrl;
  readonly clock: Clock;
  readonly options: RoomOptions;
  readonly heartbeatMs: number;
  readonly wait: EngineWait;
  /** Rejects when the server refuses a request. */
  readonly refused: Promise<never>;
}

async function join(joinOptions: JoinOptions): Promise<EventLog> {
  const { packages, connection, refusals, url, clock, options, heartbeatMs, wait, refused } = joinOptions;
  const { retention, replicas, timeoutMs } = options;
  const { room, shown: name } = url;
  const jsm = await packages.jetstream.jetstreamManager(connection, { checkAPI: false });
  const preparing = prepareStreams({ packages, refusals, jsm, room, retention, replicas });
  const info = await Promise.race([preparing, refused]);
  const settleMs = reconnectDelayMs(heartbeatMs) * SETTLE_RECONNECTS;
  const engine = new NatsEngine({
    packages,
    connection,
    clock,
    room,
    jsm,
    info,
    settleMs,
  });
  try {
    engine.checkLimits();
    const onWarning = (warning: MiniServError): void => wait.warn(warning);
    return await Promise.race([
      joinRoom({ engine, clock, heartbeatMs, timeoutMs, name, onWarning }),
      refused,
    ]);
  } catch (error) {
    // After any other error, another attempt uses the same connection.
    if (error instanceof MiniServError) await engine.close();
    throw error;
  }
}

/** Rejects when the server says that it refuses this relay something. */
function untilRefused(packages: Packages, connection: NatsConnection, name: string): Promise<never> {
  const refused = new Promise<never>((_resolve, reject) => {
    const watch = async (): Promise<void> => {
      for await (const status of connection.status()) {
        const error = refusalOf(packages, status);
        if (error !== undefined) reject(refusedError(name, error));
      }
    };
    void watch();
  });
  refused.catch(() => {});
  return refused;
}
