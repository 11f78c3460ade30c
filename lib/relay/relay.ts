import { EventEmitter } from 'node:events';
import type { Duplex, Readable } from 'node:stream';
import type { Destination } from '../fanout/destination.js';
import type { Reader } from '../fanout/reader.js';
import { countDescriptors } from '../transforms/transform.js';
import { descriptorBudget } from '../util/descriptors.js';
import { MiniServError } from '../util/errors.js';
import { type ClientHandle, checkByteDuplex, PendingHandle } from './client-handle.js';
import { closeRelay, type RelayParts } from './close.js';
import type { RelayEvents } from './events.js';
import { GuardedDuplex } from './guarded-duplex.js';
import type { InheritedSocket } from './listener.js';
import type { RecentMessages } from './monitor.js';
import { type CheckedOptions, checkOptions, type RelayOptions } from './options.js';
import { createParts } from './parts.js';
import { checkReadStreamOptions, type ReadStreamOptions } from './read-stream.js';
import type { ClientStats, RelayStats } from './stats.js';

/** A room and its clients. Created by {@link createRelay}. */
export class Relay extends EventEmitter<RelayEvents> implements AsyncDisposable {
  readonly #options: CheckedOptions;
  readonly #parts: RelayParts;
  readonly #onAbort = (): void => void this.close();
  #closing: Promise<void> | null = null;
  #isClosed = false;

  /** @throws {MiniServError} ERR_OPTION; ERR_STATE if the room is used by another relay, or closed */
  constructor(options: RelayOptions = {}) {
    super();
    this.#options = checkOptions(options);
    const { signal } = this.#options;
    this.#parts = createParts(this, this.#options, {
      isClosing: () => this.#closing !== null,
      onLost: (reason) => this.#fail(reason),
    });
    if (signal?.aborted) this.#onAbort();
    else signal?.addEventListener('abort', this.#onAbort, { once: true });
  }

  /**
   * Listens on 127.0.0.1 and makes every connection a client.
   *
   * @param port from 0 to 65535; 0 selects a free port. Or the descriptor of a TCP socket that another process, such as
   * systemd, has opened to listen on 127.0.0.1: `{ fd: 3 }`
   * @returns the port
   * @throws {MiniServError} ERR_OPTION if the port or the socket is invalid; ERR_STATE if the relay is closed or listens
   * already
   * @throws the system's error (`EADDRINUSE`, `EACCES`, …) if it cannot listen there
   *
   * @example
   * const port = await relay.listen(4242);
   */
  listen(port: number | InheritedSocket): Promise<number> {
    const { spillDir, maxClients, transforms } = this.#options;
    const { spill } = this.#parts.fanout;
    return this.#parts.listener.listen(port, async () => {
      await spill.prepare(spillDir !== undefined);
      const { maxConnections, maxSpillFiles } = descriptorBudget(countDescriptors(transforms));
      spill.maxFiles = maxSpillFiles;
      return maxClients ?? maxConnections;
    });
  }

  /**
   * Adds any Duplex of bytes as a client, as if it had connected. A stream that fails ends only its own client, with an event
   * `left`. The relay destroys the stream when the client has left.
   *
   * @throws {MiniServError} ERR_STATE if the relay is closed, or the stream is or was a client of this or another relay;
   * ERR_OPTION if the argument is not a Duplex of bytes, or decodes them
   *
   * @example
   * const [bot, connection] = duplexPair();
   * const client = relay.handle(connection);
   * bot.write(`hello from client ${await client.id}\n`);
   */
  handle(duplex: Duplex): ClientHandle {
    if (this.#closing !== null) throw new MiniServError('ERR_STATE', 'the relay is closed');
    checkByteDuplex(duplex);
    const connection = new GuardedDuplex(duplex, this.#options.environment.clock);
    const handle = new PendingHandle(connection);
    this.#parts.clients.add(connection, handle);
    return handle;
  }

  /**
   * Creates a stream of all messages from now on. Each stream has its own pace and never delays the room: the relay
   * keeps what the stream has not read, in memory and then on disk. The stream ends when the relay closes, and at once if
   * the relay is closed already. If `close()` reaches its time limit before the stream was read to its end, or if spilled
   * messages cannot be read back, the stream is destroyed.
   *
   * To release the log earlier, destroy the stream or abort the signal. `pipeline()` destroys the stream when its
   * destination closes. `.pipe()`, as in Node, does not.
   *
   * @throws {MiniServError} ERR_OPTION
   *
   * @example
   * const written = pipeline(relay.createReadStream({ format: 'text' }), createWriteStream('room.log'));
   * await relay.listen(4242);
   * await relay.close();
   * await written;
   */
  createReadStream(options: ReadStreamOptions = {}): Readable {
    checkReadStreamOptions(options);
    return this.#parts.outputs.createReadStream(options);
  }

  /**
   * Adds a destination for all messages from now on. Unlike a stream, it is lent the log's own buffers.
   *
   * @param isPassive whether senders never wait for it, so that it must skip what it cannot take
   * @internal
   */
  addReader(destination: Destination, isPassive = false): Reader {
    return this.#parts.outputs.addReader(destination, isPassive);
  }

  /**
   * Copies the newest messages, from a position in the log on, or a part of them.
   *
   * @internal
   */
  recent(start: number, maxBytes: number): RecentMessages {
    return this.#parts.monitor.recent(this.#parts, start, maxBytes);
  }

  /**
   * Returns the state of the relay in numbers.
   *
   * @example
   * const { clients, diskBytes } = relay.stats();
   */
  stats(): RelayStats {
    return this.#parts.monitor.stats(this.#parts);
  }

  /**
   * Returns the clients of this relay, in ascending order of their ids: those that have joined and whose connection is open.
   *
   * @example
   * const stalled = relay.clientStats().filter(({ state }) => state === 'stalled');
   */
  clientStats(): ClientStats[] {
    return this.#parts.monitor.clientStats(this.#parts);
  }

  /**
   * Returns the ids of the clients in the room, in ascending order. In a shared room, these include clients of other relays.
   * Empty when the relay has closed.
   *
   * @example
   * console.log(`in the room: ${relay.clientIds().join(', ')}`);
   */
  clientIds(): number[] {
    return this.#isClosed ? [] : this.#parts.log.clientIds();
  }

  /**
   * Stops accepting connections and reading from clients, delivers what clients and streams are owed, ends all connections
   * with FIN, and releases all resources. Further calls return the same promise. Never rejects. `await using` calls it at
   * the end of a block, in TypeScript and from Node 24 on.
   *
   * @param graceMs how long the delivery may take, in milliseconds. Default: the option `graceMs`
   *
   * @example
   * await relay.close();
   */
  close(graceMs: number = this.#options.graceMs): Promise<void> {
    this.#closing ??= this.#close(graceMs);
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Emits an event. A listener that throws causes an uncaught exception and does not interrupt the room. */
  override emit<E extends keyof RelayEvents>(event: E, ...details: unknown[]): boolean {
    try {
      return super.emit(event as never, ...(details as never));
    } catch (error) {
      process.nextTick(() => {
        throw error;
      });
      return true;
    }
  }

  /** The engine is lost. The room may continue on other relays. */
  #fail(reason: MiniServError): void {
    const { monitor } = this.#parts;
    if (monitor.engine === 'lost') return;
    monitor.engine = 'lost';
    this.emit('engineLost', reason);
    void this.close();
  }

  async #close(graceMs: number): Promise<void> {
    this.#options.signal?.removeEventListener('abort', this.#onAbort);
    await closeRelay(this.#parts, graceMs);
    this.#isClosed = true;
    this.emit('close');
  }
}

/**
 * Creates a relay: a room without clients. Clients are added by {@link Relay.listen} and {@link Relay.handle}.
 *
 * @throws {MiniServError} ERR_OPTION if an option is invalid; ERR_STATE if the room is used by another relay, or closed
 *
 * @example
 * const relay = createRelay({ transforms: [filter({ drop: /secret/ })] });
 * const port = await relay.listen(4242);
 */
export function createRelay(options: RelayOptions = {}): Relay {
  return new Relay(options);
}
