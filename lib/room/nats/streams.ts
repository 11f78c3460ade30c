import { setTimeout as delay } from 'node:timers/promises';
import type { JetStreamManager, StreamConfig, StreamInfo } from '@nats-io/jetstream';
import { MiniServError } from '../../util/errors.js';
import type { Retention } from '../options.js';
import type { Packages } from './packages.js';

export interface RoomNames {
  /** The stream of what is said, and its subject. */
  readonly log: string;
  readonly said: string;
  /** The stream of rosters, and its subject. */
  readonly roster: string;
  readonly rosters: string;
  /** Beats are not kept. */
  readonly beat: string;
}

export function namesOf(room: string): RoomNames {
  const subject = `mini-serv.room.${room}`;
  return {
    log: `MINISERV-ROOM_${room}`,
    said: `${subject}.said`,
    roster: `MINISERV-ROSTER_${room}`,
    rosters: `${subject}.roster`,
    beat: `${subject}.beat`,
  };
}

const MIB = 1024 * 1024;
/** What is kept of a room if nobody says how much, in bytes. */
const KEEP = { bytes: 1024 * MIB };
/** And of its rosters. The newest is always among them. */
const ROSTERS = 64 * MIB;
/** The engine itself drops what comes twice within this, in ms; what comes twice later is dropped by those who read. */
const WINDOW = 120_000;
/** The codes of the engine's answers. */
const STREAM_NOT_FOUND = 10059;
const STREAM_NAME_IN_USE = 10058;
const SUBJECTS_OVERLAP = 10065;

export interface StreamOptions {
  readonly packages: Packages;
  readonly jsm: JetStreamManager;
  readonly room: string;
  readonly keep: Retention | undefined;
  readonly replicas: number | undefined;
}

/**
 * The room's two streams, made if they are not there, or found to be what they should be.
 *
 * @throws {MiniServError} ERR_ROOM_FOREIGN if a stream of that name is not a room's, ERR_ROOM_REFUSED if it cannot be made
 */
export async function prepareStreams(options: StreamOptions): Promise<StreamInfo> {
  const { room, keep, replicas } = options;
  const names = namesOf(room);
  const rosters = { max_bytes: ROSTERS };
  await prepare(options, names.roster, names.rosters, rosters, { replicas });
  return prepare(options, names.log, names.said, limitsOf(keep ?? KEEP), { keep, replicas });
}

function limitsOf(keep: Retention): Partial<StreamConfig> {
  if ('bytes' in keep) return { max_bytes: keep.bytes, max_age: 0, duplicate_window: WINDOW * 1e6 };
  return { max_bytes: -1, max_age: keep.ms * 1e6, duplicate_window: Math.min(WINDOW, keep.ms) * 1e6 };
}

/** A stream that is being made: its subject is taken a moment before it can be looked at. */
async function soon(jsm: JetStreamManager, name: string, error: unknown): Promise<StreamInfo> {
  for (let attempt = 0; attempt < 10; attempt++) {
    const info = await findStream(jsm, name);
    if (info !== undefined) return info;
    await delay(100);
  }
  throw error;
}

async function prepare(
  { packages, jsm, replicas }: StreamOptions,
  name: string,
  subject: string,
  limits: Partial<StreamConfig>,
  asked: { readonly keep?: Retention | undefined; readonly replicas: number | undefined },
): Promise<StreamInfo> {
  const { RetentionPolicy, StorageType, DiscardPolicy } = packages.jetstream;
  try {
    let info = await findStream(jsm, name);
    if (info === undefined) {
      try {
        info = await jsm.streams.add({
          name,
          subjects: [subject],
          description: 'a room of mini-serv',
          retention: RetentionPolicy.Limits,
          storage: StorageType.File,
          discard: DiscardPolicy.Old,
          num_replicas: replicas ?? 1,
          ...limits,
        });
      } catch (error) {
        // Another relay was a little faster.
        if (codeOf(error) !== STREAM_NAME_IN_USE && codeOf(error) !== SUBJECTS_OVERLAP) throw error;
        info = await soon(jsm, name, error);
      }
    }
    const { config } = info;
    const foreign = whyForeign(config, subject);
    if (foreign !== undefined) {
      const message = `there is a stream ${name}, and it is not that of a room: ${foreign}`;
      throw new MiniServError('ERR_ROOM_FOREIGN', message);
    }
    const wanted = {
      ...(asked.keep !== undefined && limits),
      ...(asked.replicas !== undefined && { num_replicas: asked.replicas }),
    };
    const differs = Object.entries(wanted).some(
      ([key, value]) => config[key as keyof StreamConfig] !== value,
    );
    return differs ? await jsm.streams.update(name, { ...config, ...wanted }) : info;
  } catch (cause) {
    if (cause instanceof MiniServError || !isAnswer(packages, cause)) throw cause;
    const message = `the engine does not have the room's stream ${name}: ${(cause as Error).message}`;
    throw new MiniServError('ERR_ROOM_REFUSED', message, { cause });
  }
}

/** @returns undefined if there is none of that name */
export async function findStream(jsm: JetStreamManager, name: string): Promise<StreamInfo | undefined> {
  try {
    return await jsm.streams.info(name);
  } catch (error) {
    if (codeOf(error) === STREAM_NOT_FOUND) return undefined;
    throw error;
  }
}

export function codeOf(error: unknown): number | undefined {
  return (error as { code?: number }).code;
}

/** Whether the engine has answered, and will not answer otherwise another time. */
function isAnswer({ jetstream }: Packages, error: unknown): boolean {
  const code = codeOf(error);
  // 10008 and the like: it is on its way to have a leader.
  return error instanceof jetstream.JetStreamApiError && code !== 10008 && code !== 10009 && code !== 10004;
}

function whyForeign(config: StreamConfig, subject: string): string | undefined {
  if (config.subjects?.length !== 1 || config.subjects[0] !== subject) return `its subject is not ${subject}`;
  if (config.retention !== 'limits' || config.discard !== 'old') return 'it does not keep what was read';
  if (config.mirror !== undefined || (config.sources?.length ?? 0) > 0) return 'it is filled from elsewhere';
  if ((config.max_msgs_per_subject ?? -1) > 0) return 'it keeps only the last that was said';
  return undefined;
}
