import type { JetStreamManager } from '@nats-io/jetstream';
import { nodeEnvironment } from '../../util/environment.js';
import { MiniServError } from '../../util/errors.js';
import { redact } from '../../util/redact.js';
import type { EventLog } from '../event-log.js';
import { checkRoomOptions, type RoomOptions } from '../options.js';
import { joinRoom } from '../shared/shared-log.js';
import { connectTo, disconnect, reconnectWait } from './connection.js';
import { NatsEngine } from './nats-engine.js';
import { loadPackages } from './packages.js';
import { parseRoomUrl } from './room-url.js';
import { codeOf, namesOf, prepareStreams } from './streams.js';

/** How long until JetStream is asked again, where it is on its way, in ms. */
const RETRY = 250;
/** How long a server without JetStream may say that nobody has it, in ms: others of its cluster may be starting. */
const STARTING = 3000;

/**
 * Joins a room that is kept by NATS JetStream, for `createRelay({ room })`. Waits for an engine that is out of reach.
 *
 * @param url `nats://host:4222/lobby`; more hosts with commas between them; `tls://` where nothing else will do
 * @throws {MiniServError} ERR_ROOM_PACKAGES if the packages for NATS are not installed, ERR_ROOM_REFUSED,
 * ERR_ROOM_FOREIGN, ERR_ROOM_GAP, ERR_ROOM_TIMEOUT, ERR_OPTION
 * @throws the signal's reason, if it is aborted
 */
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
    // Nobody has it any more.
    opening.then(
      (log) => log.destroy(),
      () => {},
    );
    throw signal.aborted ? signal.reason : error;
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

async function open(url: string, own: RoomOptions): Promise<EventLog> {
  const {
    timeout,
    retention: keep,
    replicas,
    heartbeatMs: beat = 1000,
    signal,
    warn = () => {},
    clock = nodeEnvironment.clock,
  } = own;
  const parsed = parseRoomUrl(url);
  const packages = await loadPackages();
  let waited = false;
  const waiting = (reason: MiniServError): void => {
    if (!waited) warn(reason);
    waited = true;
  };
  const began = clock.now();
  const connection = await connectTo({
    packages,
    url: parsed,
    credentials: own,
    clock,
    beat,
    timeout,
    signal,
    waiting,
  });
  const abort = (): void => void connection.close();
  signal?.addEventListener('abort', abort, { once: true });
  if (signal?.aborted) abort();
  let engine: NatsEngine | undefined;
  const failed = untilFailed(connection, packages, parsed.shown);
  let without: number | undefined;
  try {
    const names = namesOf(parsed.room);
    for (;;) {
      try {
        const checked = { checkAPI: false };
        const jsm = await packages.jetstream.jetstreamManager(connection, checked);
        const made = { packages, jsm, room: parsed.room, keep, replicas };
        await Promise.race([prepareStreams(made), failed]);
        const roster = await lastRoster(jsm, names.roster, names.rosters);
        const info = await jsm.streams.info(names.log);
        const jetstream = packages.jetstream.jetstream(connection);
        engine = new NatsEngine({
          packages,
          connection,
          clock,
          room: parsed.room,
          jetstream,
          jsm,
          info,
          roster,
          settle: reconnectWait(beat) * 4,
        });
        return await Promise.race([
          joinRoom({ engine, clock, heartbeatMs: beat, timeout, name: parsed.shown }),
          failed,
        ]);
      } catch (error) {
        if (error instanceof MiniServError || connection.isClosed()) throw error;
        if (timeout !== undefined && clock.now() - began >= timeout) {
          const message = `${parsed.shown} was out of reach for ${timeout / 1000} s: ${(error as Error).message}`;
          throw new MiniServError('ERR_ROOM_TIMEOUT', message, { cause: error });
        }
        const reason = redact((error as Error).message);
        // One that has it may not have begun it yet.
        if (!isWithout(error) || connection.info?.jetstream === true) without = undefined;
        else without ??= clock.now();
        if (without !== undefined && clock.now() - without >= STARTING) {
          const message = `${parsed.shown} refuses this relay: ${reason}`;
          throw new MiniServError('ERR_ROOM_REFUSED', message, { cause: error });
        }
        const message = `${parsed.shown} is out of reach (${reason}): all wait until it is back`;
        waiting(new MiniServError('ERR_ROOM_UNREACHABLE', message, { cause: error }));
        await new Promise<void>((resolve) => clock.setTimer(RETRY, resolve));
      }
    }
  } catch (error) {
    await engine?.close();
    await disconnect(connection);
    throw error;
  } finally {
    signal?.removeEventListener('abort', abort);
  }
}

/** Whether nobody answers for JetStream. The package does not give out the class of that error. */
function isWithout(error: unknown): boolean {
  return (error as Error).name === 'JetStreamNotEnabled';
}

/** Rejects when the engine says that this relay may not do what it has to. */
function untilFailed(
  connection: Awaited<ReturnType<typeof connectTo>>,
  { transport }: Awaited<ReturnType<typeof loadPackages>>,
  shown: string,
): Promise<never> {
  const failed = new Promise<never>((_resolve, reject) => {
    const watch = async (): Promise<void> => {
      for await (const status of connection.status()) {
        if (status.type !== 'error' || !(status.error instanceof transport.PermissionViolationError))
          continue;
        const message = `${shown} refuses this relay: ${redact(status.error.message)}`;
        reject(new MiniServError('ERR_ROOM_REFUSED', message, { cause: status.error }));
        return;
      }
    };
    void watch();
  });
  failed.catch(() => {});
  return failed;
}

const NO_MESSAGE = 10037;

async function lastRoster(
  jsm: JetStreamManager,
  stream: string,
  subject: string,
): Promise<Uint8Array | undefined> {
  try {
    return (await jsm.streams.getMessage(stream, { last_by_subj: subject }))?.data;
  } catch (error) {
    if (codeOf(error) === NO_MESSAGE) return undefined;
    throw error;
  }
}
