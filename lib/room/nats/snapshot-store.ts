import { randomBytes } from 'node:crypto';
import type { JetStreamManager } from '@nats-io/jetstream';
import type { MsgHdrs } from '@nats-io/transport-node';
import { readHeader } from './headers.js';
import { findStream } from './streams.js';

/** Sequence of the message that contains the part before this one. */
const PREVIOUS = 'Mini-Serv-Previous';
/** Marks a part after which another one follows. */
const MORE = 'Mini-Serv-More';
/** A snapshot that needs more messages is not saved. */
const MAX_PARTS = 10_000;

/** Stores a part of a snapshot as a message, and returns the sequence of that message. */
export type StorePart = (id: string, bytes: Uint8Array, headers: MsgHdrs) => Promise<number>;

export interface SaveOptions {
  readonly snapshot: Uint8Array;
  /** Identifies the snapshot: relays that save the same one store it once. */
  readonly id: string;
  readonly maxPartBytes: number;
  readonly createHeaders: () => MsgHdrs;
  readonly store: StorePart;
}

/** Saves a snapshot: as one message, or as a chain of them if it is larger than a message can be. */
export async function saveInParts(options: SaveOptions): Promise<void> {
  const { snapshot, id, maxPartBytes, createHeaders, store } = options;
  const count = Math.max(1, Math.ceil(snapshot.length / maxPartBytes));
  if (count > MAX_PARTS) throw new Error('the snapshot is too large');
  // Relays can compress the same snapshot differently, and the parts of two of them must not be mixed.
  const suffix = count === 1 ? '' : `:${randomBytes(6).toString('base64url')}`;
  let previous: number | undefined;
  for (let i = 0; i < count; i++) {
    const headers = createHeaders();
    if (previous !== undefined) headers.set(PREVIOUS, String(previous));
    if (i < count - 1) headers.set(MORE, '1');
    const part = snapshot.subarray(i * maxPartBytes, (i + 1) * maxPartBytes);
    previous = await store(count === 1 ? id : `${id}${suffix}:${i}`, part, headers);
  }
}

/** Loads the snapshot that ends with a message. Returns undefined if none does. */
export async function loadSnapshotAt(
  jsm: JetStreamManager,
  stream: string,
  sequence: number,
): Promise<Uint8Array | undefined> {
  const parts: Uint8Array[] = [];
  for (let seq = sequence; parts.length < MAX_PARTS; ) {
    const message = await jsm.streams.getMessage(stream, { seq });
    if (message === null) return undefined;
    const isEnd = readHeader(() => message.header, MORE) === '';
    if (isEnd !== (parts.length === 0)) return undefined;
    parts.unshift(message.data);
    const previous = readHeader(() => message.header, PREVIOUS);
    if (previous === '') return Buffer.concat(parts);
    // Another program can store anything, but a chain that only goes back has an end.
    if (!(Number(previous) >= 1 && Number(previous) < seq)) return undefined;
    seq = Math.floor(Number(previous));
  }
  return undefined;
}

/** Loads the latest valid snapshot. */
export async function loadLatestSnapshot(
  jsm: JetStreamManager,
  stream: string,
  isValid: (snapshot: Uint8Array) => boolean,
): Promise<Uint8Array | undefined> {
  const info = await findStream(jsm, stream);
  const { first_seq: first = 1, last_seq: last = 0 } = info?.state ?? {};
  for (let seq = last; seq >= Math.max(1, first); seq--) {
    const snapshot = await loadSnapshotAt(jsm, stream, seq);
    if (snapshot !== undefined && isValid(snapshot)) return snapshot;
  }
  return undefined;
}
