import { describe, MiniServError, optionError } from '../util/errors.js';
import { KNOWN_LIBRARIES, traitsOf } from '../util/stream-traits.js';
import { tryCall } from '../util/try-call.js';
import type { Client } from './client.js';
import { type ForeignDuplex, isLossless } from './foreign-duplex.js';
import type { Connection } from './guarded-duplex.js';

/**
 * A client that was added by {@link Relay.handle}.
 *
 * @example
 * const [bot, connection] = duplexPair();
 * const handle = relay.handle(connection);
 * bot.resume();
 * console.log(`client ${await handle.id} lags by ${handle.lagBytes} bytes`);
 * await handle.close();
 */
export interface ClientHandle {
  /**
   * The client's id. A local room assigns it at once, a shared room when the engine has accepted the client. Rejects with
   * ERR_STATE if the relay or the connection closes before that. A rejection that is not handled is ignored.
   */
  readonly id: Promise<number>;
  /** Bytes of the log that the client has not taken yet. 0 before it has joined, and when its connection is closed. */
  readonly lagBytes: number;
  /**
   * Stops reading from the client, delivers what it is owed within the relay's `graceMs`, and ends the connection. A
   * client without an id is owed nothing and is disconnected at once. Never rejects.
   */
  close(): Promise<void>;
}

/** A handle that is created before the client has an id, and stays usable after the client has left. */
export class PendingHandle implements ClientHandle {
  readonly id: Promise<number>;
  readonly #connection: Connection;
  #client: Client | null = null;
  #resolve: (id: number) => void = () => {};
  #reject: (error: MiniServError) => void = () => {};
  #closed: Promise<void> | null = null;

  constructor(connection: Connection) {
    this.#connection = connection;
    this.id = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.id.catch(() => {});
  }

  get lagBytes(): number {
    return this.#client?.lagBytes ?? 0;
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  assign(client: Client): void {
    this.#client = client;
    this.#resolve(client.id);
  }

  /** @param what as in "the relay closed" */
  fail(what: 'relay closed' | 'connection closed' | 'handle was closed'): void {
    this.#reject(new MiniServError('ERR_STATE', `the ${what} before the client was assigned an id`));
  }

  async #close(): Promise<void> {
    if (this.#client !== null) return this.#client.close();
    this.fail('handle was closed');
    this.#connection.destroy();
  }
}

/** @throws {MiniServError} ERR_OPTION */
export function checkByteDuplex(value: unknown): void {
  const expected = 'a Duplex of bytes that does not decode them';
  const traits = tryCall(() => traitsOf(value));
  if (!traits?.isReadable || !traits.isWritable) throw optionError('duplex', expected, value);
  const reject = (got: string): never => {
    throw new MiniServError('ERR_OPTION', `duplex: expected ${expected}, got ${describe(value)} ${got}`);
  };
  const { readsObjects, writesObjects, encoding, isStreamx } = traits;
  const isKnown = isStreamx || (readsObjects !== undefined && writesObjects !== undefined);
  if (!isKnown || !hasMethods(value)) reject(`of a library that is not supported; use ${KNOWN_LIBRARIES}`);
  // A stream of streamx carries what it is given, which is bytes here.
  if (!isStreamx && (readsObjects || writesObjects)) {
    reject('in object mode; create it without objectMode');
  }
  if (encoding !== undefined && !isLossless(encoding)) {
    reject(`that decodes them as ${encoding}; do not call its setEncoding()`);
  }
}

const METHODS = ['on', 'read', 'pipe', 'pause', 'resume', 'write', 'end', 'destroy'] as const;

function hasMethods(value: unknown): boolean {
  const stream = value as ForeignDuplex;
  return tryCall(() => METHODS.every((name) => typeof stream[name] === 'function')) === true;
}
