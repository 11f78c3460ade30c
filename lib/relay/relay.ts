import { EventEmitter } from 'node:events';
import { tmpdir } from 'node:os';
import { type Duplex, PassThrough, type Readable } from 'node:stream';
import type { Destination } from '../fanout/destination.js';
import { FlowControl } from '../fanout/flow-control.js';
import { MessageLog } from '../fanout/message-log.js';
import { Pager } from '../fanout/pager.js';
import type { Reader, ReaderOptions } from '../fanout/reader.js';
import { Spill } from '../fanout/spill.js';
import { type ClientEvent, decode, render, renderBytes } from '../protocol/message.js';
import type { EventLog } from '../room/event-log.js';
import { LocalLog } from '../room/local-log.js';
import { descriptorBudget } from '../util/descriptors.js';
import { MiniServError } from '../util/errors.js';
import { Client, type ClientOptions } from './client.js';
import { type ClientHandle, PendingHandle } from './client-handle.js';
import type { RelayEvents, RelayStats } from './events.js';
import { Listener } from './listener.js';
import { type CheckedOptions, checkOptions, type RelayOptions } from './options.js';
import { Outputs } from './outputs.js';
import { checkReadStreamOptions, type ReadStreamOptions } from './read-stream.js';

/** A connection that has no id yet. */
interface Arriving {
  readonly duplex: Duplex;
  readonly handle: PendingHandle | null;
  assigned: boolean;
}

/** A room and its clients. Made by {@link createRelay}. */
export class Relay extends EventEmitter<RelayEvents> implements AsyncDisposable {
  readonly #options: CheckedOptions;
  readonly #hub = new PassThrough({ objectMode: true });
  readonly #spill: Spill;
  readonly #pager: Pager;
  readonly #log: EventLog;
  readonly #roomLog: MessageLog;
  readonly #pacing: FlowControl;
  readonly #arriving = new Map<number, Arriving>();
  readonly #clients = new Map<number, Client>();
  /** How many clients there are of whom it has not been noted that they left. */
  #present = 0;
  readonly #outputs: Outputs;
  readonly #listener: Listener;
  readonly #ofClients: ClientOptions;
  readonly #ofReaders: ReaderOptions;
  #tokens = 0;
  #lost = false;
  #ignoreSignal = (): void => {};
  #closing: Promise<void> | null = null;
  #allHushed: () => void = () => {};

  /** @throws {MiniServError} ERR_OPTION; ERR_STATE if the room is another relay's, or closed */
  constructor(options: RelayOptions = {}) {
    super();
    this.#options = checkOptions(options);
    const {
      memoryBytes: memory,
      segmentBytes: segmentSize,
      spillLimitBytes: spillLimit,
      spillDir,
      windowBytes: window,
      environment: world,
      room,
      signal,
    } = this.#options;
    const warn = (warning: MiniServError): void => void this.emit('warning', warning);
    this.#spill = new Spill({ fs: world.fs, dir: spillDir ?? tmpdir(), limitBytes: spillLimit, warn });
    this.#pager = new Pager({
      clock: world.clock,
      spill: this.#spill,
      segmentBytes: segmentSize,
      memoryBytes: memory,
      warn,
      onSpillDrain: () => this.emit('spillDrained'),
      onDrain: () => {
        this.#pacing.recheck();
        this.#log.resume();
      },
    });
    this.#roomLog = new MessageLog(segmentSize, this.#pager, world.clock);
    this.#log = room ?? new LocalLog();
    // A window that did not fit into memory would send what every reader is about to take over the disk.
    const fitting = Math.max(segmentSize, Math.min(window, memory / 2));
    this.#pacing = new FlowControl({
      clock: world.clock,
      windowBytes: fitting,
      slowWindowBytes: Math.max(fitting, memory / 2),
      isFull: () => this.#pager.isFull || this.#log.isFull,
    });
    this.#outputs = new Outputs({
      log: this.#roomLog,
      clock: world.clock,
      onProgress: this.#pacing.onReaderProgress,
      onError: (error) => warn(error as MiniServError),
      onStart: (reader) => this.#pacing.outputReaders.add(reader),
      onDone: (reader) => {
        this.#pacing.outputReaders.delete(reader);
        this.#pacing.recheck();
      },
    });
    this.#listener = new Listener({
      accept: (socket) => {
        if (this.#closing === null) this.#requestId(socket, null);
        else socket.destroy();
      },
      refused: () => this.emit('refused', this.#listener.refused),
      warn,
    });
    const { transforms, onTransformError, maxLineBytes: maxLine, graceMs: grace } = this.#options;
    this.#ofClients = {
      hub: this.#hub,
      clock: world.clock,
      transforms,
      onTransformError,
      maxLineBytes: maxLine,
      graceMs: grace,
      pass: (sender, resume) => this.#pacing.throttle(sender, resume),
      warn,
      onClose: (client) => this.#forget(client),
    };
    this.#ofReaders = {
      log: this.#roomLog,
      clock: world.clock,
      onProgress: this.#pacing.onReaderProgress,
      onError: ({ message, cause }, { owner: client }) => {
        const warning = `client ${client} is disconnected: ${message}`;
        warn(new MiniServError('ERR_SPILL_READ', warning, { client, cause }));
      },
      onDone: (reader) => {
        this.#pacing.clientReaders.delete(reader);
        this.#pacing.recheck();
      },
    };
    // One pipe for each client that has spoken.
    this.#hub.setMaxListeners(0);
    // It has no way to fail of its own; nothing could be said any more if it did.
    this.#hub.on('error', () => void this.close());
    this.#hub.on('data', (said: ClientEvent) => this.#say(said));
    this.#log.read({
      onIdAssigned: (token, client) => this.#admit(token, client),
      onJoined: (client, silent, first, time) => this.#arrived(client, silent, first, time),
      onLines: (client, bytes, time) => {
        for (const piece of renderBytes(client, bytes)) this.#roomLog.append(client, piece, false, time);
        this.#emitLines(client, bytes);
      },
      onLeft: (client, silent, time) => this.#dismiss(client, silent, time),
      isFull: () => this.#pager.isFull,
      onDrain: () => this.#pacing.recheck(),
      onWarning: warn,
      onOutage: warn,
      onReconnect: () => this.emit('engineReconnected'),
      onLost: (reason) => this.#lose(reason),
    });
    const abort = (): void => void this.close();
    if (signal?.aborted) abort();
    else signal?.addEventListener('abort', abort, { once: true });
    this.#ignoreSignal = () => signal?.removeEventListener('abort', abort);
  }

  /**
   * Listens on 127.0.0.1 and makes every connection a client.
   *
   * @param port from 0 to 65535; 0 takes a free one
   * @returns the port
   * @throws {MiniServError} ERR_OPTION if it is no port, ERR_STATE if the relay is closed or listens already
   * @throws the system's error (`EADDRINUSE`, `EACCES`, …) if it cannot listen there
   */
  listen(port: number): Promise<number> {
    const { spillDir, maxClients } = this.#options;
    return this.#listener.listen(port, async () => {
      await this.#spill.prepare(spillDir !== undefined);
      const { maxConnections, maxSpillFiles } = descriptorBudget();
      this.#spill.maxFiles = maxSpillFiles;
      return maxClients ?? maxConnections;
    });
  }

  /**
   * Adds any Duplex of bytes as a client, as if it had connected.
   *
   * @throws {MiniServError} ERR_STATE if the relay is closed; ERR_OPTION if the argument is not a Duplex of bytes or
   * decodes them
   */
  handle(duplex: Duplex): ClientHandle {
    if (this.#closing !== null) throw new MiniServError('ERR_STATE', 'the relay is closed');
    if (!isByteDuplex(duplex)) throw new MiniServError('ERR_OPTION', 'a client must be a Duplex of bytes');
    const handle = new PendingHandle(duplex);
    this.#requestId(duplex, handle);
    return handle;
  }

  /**
   * Creates a stream of all messages from now on. Each stream has its own pace and never delays the room: the relay
   * keeps what the stream has not read, in memory and then on disk. It ends when the relay closes, and at once if the
   * relay is closed already.
   *
   * To release the log earlier, destroy the stream or abort the signal. `pipeline()` destroys the stream when its
   * destination closes; `.pipe()`, as in Node, does not.
   *
   * @throws {MiniServError} ERR_OPTION
   */
  createReadStream(options: ReadStreamOptions = {}): Readable {
    checkReadStreamOptions(options);
    return this.#outputs.createReadStream(options);
  }

  /**
   * A reader of the transcript that is lent the log's own bytes instead of being given copies, which is what a
   * fast file wants. `createReadStream` is easier to use.
   *
   * @returns the reader: `stop()` it when the destination wants no more
   */
  addReader(destination: Destination): Reader {
    return this.#outputs.addReader(destination);
  }

  stats(): RelayStats {
    return {
      clients: this.#clients.size + this.#arriving.size,
      refused: this.#listener.refused,
      lagBytes: new Map([...this.#clients.values()].map((client) => [client.id, client.lag])),
      outputLagBytes: this.#outputs.lagBytes,
      memoryBytes: this.#pager.memoryBytes,
      diskBytes: this.#pager.diskBytes,
      waitingSenders: this.#pacing.waitingSenders,
      pendingTransforms: new Map(
        [...this.#clients.values()]
          .map(({ id, pendingTransforms: transforming }) => [id, transforming] as const)
          .filter(([, messages]) => messages > 0),
      ),
    };
  }

  /**
   * Stops accepting and listening to clients, delivers what has been said to those who take it within `grace`
   * ms, ends every connection with FIN, and gives back all that the relay holds. Never rejects.
   */
  close(grace: number = this.#options.graceMs): Promise<void> {
    this.#closing ??= this.#close(grace);
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** A listener that throws must not do so in the middle of what is being said. */
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

  /** What leaves the hub, in this order, is what this relay's clients say. */
  #say(said: ClientEvent): void {
    const client = this.#clients.get(said.client);
    if (client === undefined) return;
    if (said.kind === 'arrived') this.#log.append({ ...said, kind: 'joined' });
    else if (said.kind === 'left' && this.#closing !== null) this.#hushed(client);
    else this.#log.append(said);
  }

  #requestId(duplex: Duplex, handle: PendingHandle | null): void {
    const token = this.#tokens++;
    const arriving: Arriving = { duplex, handle, assigned: false };
    this.#arriving.set(token, arriving);
    this.#log.append({ kind: 'connected', token, silent: this.#options.transforms.length > 0 });
    if (arriving.assigned) return;
    duplex.allowHalfOpen = true;
    // Whether the connection is still open is looked at when the id is assigned.
    duplex.on('error', () => {});
    if (handle !== null) duplex.once('close', () => handle.fail('connection closed'));
  }

  /** One's own connection has its id. */
  #admit(token: number, id: number): void {
    const arriving = this.#arriving.get(token);
    // At the end it may be gone.
    if (arriving === undefined) return;
    this.#arriving.delete(token);
    arriving.assigned = true;
    const client = new Client(id, arriving.duplex, this.#ofClients);
    this.#clients.set(id, client);
    this.#present++;
    client.start();
    arriving.handle?.assign(client);
  }

  #emitLines(client: number, block: string): void {
    if (this.listenerCount('line') === 0) return;
    for (const line of block.split('\n')) this.emit('line', client, decode(line));
  }

  #arrived(id: number, silent: boolean, first: boolean, time?: number): void {
    if (!silent) this.#roomLog.append(id, render({ kind: 'arrived', client: id, silent: false }), true, time);
    if (!first) return;
    const client = this.#clients.get(id);
    if (client !== undefined) this.#welcome(client);
    this.emit('joined', id);
  }

  #welcome(client: Client): void {
    const reader = client.arrive(this.#ofReaders);
    if (reader !== null) this.#pacing.clientReaders.add(reader);
  }

  #dismiss(id: number, silent: boolean, time?: number): void {
    const client = this.#clients.get(id);
    if (!silent) this.#roomLog.append(id, render({ kind: 'left', client: id, silent: false }), true, time);
    client?.finish();
    this.emit('left', id, ...(client?.reason === undefined ? [] : [client.reason]));
    if (client !== undefined) this.#hushed(client);
  }

  /** All that a client has said has come through. */
  #hushed(client: Client): void {
    if (!client.left) this.#present--;
    client.left = true;
    this.#forget(client);
  }

  /** The room goes on without this relay. */
  #lose(reason: MiniServError): void {
    if (this.#lost) return;
    this.#lost = true;
    this.emit('engineLost', reason);
    void this.close();
  }

  #forget(client: Client): void {
    if (client.left && client.closed) this.#clients.delete(client.id);
    if (this.#present === 0) this.#allHushed();
  }

  async #close(grace: number): Promise<void> {
    const { clock } = this.#options.environment;
    this.#ignoreSignal();
    const stopped = this.#listener.close();
    let cancel = (): void => {};
    const expired = new Promise<void>((resolve) => {
      cancel = clock.setTimer(grace, resolve);
    });
    // What has reached this machine by now is read: it was said before the end.
    for (let turn = 0; turn < 2; turn++) await new Promise<void>((resolve) => clock.setImmediate(resolve));
    for (const { duplex, handle } of this.#arriving.values()) {
      handle?.fail('relay closed');
      duplex.destroy();
    }
    this.#arriving.clear();
    const hushed = this.#hush().then(() => this.#log.close());
    if (!this.#lost) await Promise.race([expired, hushed]);
    await Promise.race([expired, this.#finish()]);
    cancel();
    for (const client of this.#clients.values()) {
      client.abandon();
      client.destroy();
    }
    this.#outputs.destroy();
    await stopped;
    this.#clients.clear();
    await this.#log.destroy();
    this.#pager.shutdown();
    await this.#spill.close();
    this.emit('close');
  }

  /** Stops listening to all clients; done when all that they have said has come through. */
  #hush(): Promise<void> {
    const hushed = new Promise<void>((resolve) => {
      this.#allHushed = resolve;
    });
    for (const client of this.#clients.values()) client.stopReading();
    // Nobody waits any more: what was taken from a sender is to come through.
    this.#pacing.disable();
    if (this.#present === 0) this.#allHushed();
    return hushed;
  }

  /** Lets all readers finish; done when they have, and their connections are ended. */
  async #finish(): Promise<void> {
    const clients = [...this.#clients.values()].map(async (client) => {
      await client.flush();
      await client.awaitPeerClose();
    });
    for (const client of this.#clients.values()) client.finish();
    await Promise.all([this.#outputs.finish(), ...clients]);
  }
}

// Streams of other makes than node's own have the same properties.
function isByteDuplex(value: unknown): boolean {
  const duplex = value as Partial<Duplex> | null | undefined;
  const methods = [duplex?.write, duplex?.pipe, duplex?.setEncoding, duplex?.destroy];
  if (methods.some((method) => typeof method !== 'function')) return false;
  if (duplex?.readableObjectMode !== false || duplex.writableObjectMode !== false) return false;
  // What it has decoded already cannot be had back byte for byte.
  return duplex.readableEncoding === null || duplex.readableEncoding === 'latin1';
}

/**
 * Makes a relay: a room without clients. They come by `listen` or by `handle`.
 *
 * @example
 * const relay = createRelay({ transforms: [filter({ drop: /secret/ })] });
 * pipeline(relay.createReadStream(), createWriteStream('audit.log'), () => {});
 * const port = await relay.listen(4242);
 *
 * @throws {MiniServError} ERR_OPTION
 */
export function createRelay(options: RelayOptions = {}): Relay {
  return new Relay(options);
}
