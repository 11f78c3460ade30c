import type { MiniServError } from './errors.js';
import type { Clock } from './world.js';

/** How long, or how much, an engine keeps of a room: in ms, or in bytes. */
export type Keep = { readonly ms: number } | { readonly bytes: number };

/** How a relay shows an engine who it is. What is secret stands in files, or comes from the environment. */
export interface Credentials {
  readonly user?: string;
  readonly pass?: string;
  readonly token?: string;
  /** The path of a file with an nkey's seed. */
  readonly nkey?: string;
  /** The path of a credentials file, as `nsc` makes it. */
  readonly creds?: string;
  /** Paths of PEM files: the certificates to trust, and this relay's own with its key. */
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

/** How a room is shared: see {@link openRoom}. Times are in milliseconds. */
export interface RoomOptions extends Credentials {
  /** How long the engine may be out of reach before the room is given up. Default: for ever. */
  readonly timeout?: number;
  /** What the engine keeps of the room. If the room is there and this is not given: what it did. Else 1 GiB. */
  readonly keep?: Keep;
  /** On how many servers the engine keeps the room. If the room is there and this is not given: as before. Else 1. */
  readonly replicas?: number;
  /** How often this relay shows that it lives; five that are missing are its end. Default 1,000. */
  readonly beat?: number;
  /** Gives up to wait for the engine. */
  readonly signal?: AbortSignal;
  /** Told if the engine has to be waited for before the room is open; after that the relay tells it. */
  readonly warn?: (warning: MiniServError) => void;
  readonly clock?: Clock;
}
