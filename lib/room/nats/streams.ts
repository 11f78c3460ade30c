import { setTimeout as delay } from 'node:timers/promises';
import type { JetStreamManager, StreamConfig, StreamInfo } from '@nats-io/jetstream';
import { MiniServError } from '../../util/errors.js';
import type { Retention } from '../options.js';
import type { Packages } from './packages.js';
import type { Refusals } from './refusals.js';

/** The names of a room in NATS. Relays of different versions share rooms, so they must not change. */
export interface RoomNames {
  readonly recordStream: string;
  readonly recordSubject: string;
  readonly snapshotStream: string;
  readonly snapshotSubject: string;
  /** Heartbeats are not stored. */
  readonly heartbeatSubject: string;
}

export function namesOf(room: string): RoomNames {
  const subject = `mini-serv.room.${room}`;
  return {
    recordStream: `MINISERV-ROOM_${room}`,
    recordSubject: `${subject}.said`,
    snapshotStream: `MINISERV-ROSTER_${room}`,
    snapshotSubject: `${subject}.roster`,
    heartbeatSubject: `${subject}.beat`,
  };
}

const MIB = 1024 * 1024;
const DEFAULT_RETENTION = { bytes: 1024 * MIB };
/** The engine drops the oldest snapshots first, so the latest is always kept. */
const SNAPSHOT_BYTES = 64 * MIB;
/** The engine drops repetitions within this time; readers drop later ones. */
const DUPLICATE_WINDOW_MS = 120_000;
const NANOS_PER_MS = 1e6;

const FIND_ATTEMPTS = 10;
const FIND_DELAY_MS = 100;

/** Error codes of JetStream. */
const STREAM_NOT_FOUND = 10059;
const STREAM_NAME_IN_USE = 10058;
const SUBJECTS_OVERLAP = 10065;

export interface StreamOptions {
  readonly packages: Packages;
  readonly refusals: Refusals;
  readonly jsm: JetStreamManager;
  readonly room: string;
  readonly retention: Retention | undefined;
  readonly replicas: number | undefined;
}

/**
 * Creates the two streams of a room, or checks the existing ones and updates what the options say.
 *
 * @returns the stream of the records
 * @throws {MiniServError} ERR_ROOM_FOREIGN if a stream of that name is not a room's; ERR_ROOM_REFUSED if the engine
 * rejects the stream
 */
export async function prepareStreams(options: StreamOptions): Promise<StreamInfo> {
  const { room, retention, replicas } = options;
  const { snapshotStream, snapshotSubject, recordStream, recordSubject } = namesOf(room);
  const updates = replicas === undefined ? {} : { num_replicas: replicas };
  await prepareStream(options, snapshotStream, snapshotSubject, { max_bytes: SNAPSHOT_BYTES }, updates);
  const limits = limitsOf(retention ?? DEFAULT_RETENTION);
  const recordUpdates = retention === undefined ? updates : { ...limits, ...updates };
  return prepareStream(options, recordStream, recordSubject, limits, recordUpdates);
}

function limitsOf(retention: Retention): Partial<StreamConfig> {
  if ('bytes' in retention) {
    return { max_bytes: retention.bytes, max_age: 0, duplicate_window: DUPLICATE_WINDOW_MS * NANOS_PER_MS };
  }
  return {
    max_bytes: -1,
    max_age: retention.ms * NANOS_PER_MS,
    duplicate_window: Math.min(DUPLICATE_WINDOW_MS, retention.ms) * NANOS_PER_MS,
  };
}

/**
 * @param limits of a new stream
 * @param updates to an existing stream
 */
async function prepareStream(
  { packages, refusals, jsm, replicas }: StreamOptions,
  name: string,
  subject: string,
  limits: Partial<StreamConfig>,
  updates: Partial<StreamConfig>,
): Promise<StreamInfo> {
  const { RetentionPolicy, StorageType, DiscardPolicy } = packages.jetstream;
  try {
    const info =
      (await findStream(jsm, name)) ??
      (await createStream(jsm, {
        name,
        subjects: [subject],
        description: 'a room of mini-serv',
        retention: RetentionPolicy.Limits,
        storage: StorageType.File,
        discard: DiscardPolicy.Old,
        num_replicas: replicas ?? 1,
        ...limits,
      }));
    checkStream(info.config, name, subject);
    const config: StreamConfig = { ...info.config, ...updates };
    const differs = Object.keys(updates).some((key) => {
      const field = key as keyof StreamConfig;
      return config[field] !== info.config[field];
    });
    return differs ? await jsm.streams.update(name, config) : info;
  } catch (cause) {
    throw refusals.judge(cause, `the stream ${name} of the room`) ?? cause;
  }
}

async function createStream(
  jsm: JetStreamManager,
  config: Partial<StreamConfig> & { name: string },
): Promise<StreamInfo> {
  try {
    return await jsm.streams.add(config);
  } catch (error) {
    const code = codeOf(error);
    if (code !== STREAM_NAME_IN_USE && code !== SUBJECTS_OVERLAP) throw error;
    // If another relay is creating the stream, its subject is taken some time before the stream can be found.
    for (let attempt = 0; attempt < FIND_ATTEMPTS; attempt++) {
      const info = await findStream(jsm, config.name);
      if (info !== undefined) return info;
      await delay(FIND_DELAY_MS);
    }
    throw error;
  }
}

/** Returns undefined if no stream has that name. */
export async function findStream(jsm: JetStreamManager, name: string): Promise<StreamInfo | undefined> {
  try {
    return await jsm.streams.info(name);
  } catch (error) {
    if (codeOf(error) === STREAM_NOT_FOUND) return undefined;
    throw error;
  }
}

function codeOf(error: unknown): number | undefined {
  return (error as { code?: number }).code;
}

/** @throws {MiniServError} ERR_ROOM_FOREIGN if the configuration is not that of a room */
export function checkStream(config: StreamConfig, name: string, subject: string): void {
  const problem = problemOf(config, subject);
  if (problem === undefined) return;
  const message = `the stream ${name} exists and is not a room: ${problem}; choose another name for the room`;
  throw new MiniServError('ERR_ROOM_FOREIGN', message);
}

function problemOf(config: StreamConfig, subject: string): string | undefined {
  const { subjects, retention, discard, mirror, sources, max_msgs_per_subject: maxMessages, sealed } = config;
  if (subjects?.length !== 1 || subjects[0] !== subject) return `its subject is not ${subject}`;
  if (sealed) return 'it is sealed';
  if (retention !== 'limits') return 'it deletes messages that were read';
  if (discard !== 'old') return 'it refuses messages when it is full';
  if (config.no_ack) return 'it does not acknowledge messages';
  if (config.allow_rollup_hdrs) return 'a message can delete others';
  if (config.subject_transform !== undefined) return 'it changes the subjects of messages';
  if (mirror !== undefined || (sources?.length ?? 0) > 0) return 'it copies other streams';
  if ((maxMessages ?? -1) > 0) return 'it limits the number of messages';
  return undefined;
}
