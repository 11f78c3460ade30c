import { EventEmitter } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { type Duplex, PassThrough } from 'node:stream';
import { Client } from './client.js';
import { descriptorsLeft } from './descriptors.js';
import { MiniServError } from './errors.js';
import { decode, render, renderPieces, type Said } from './message.js';
import { type CheckedOptions, checkOptions, type RelayOptions } from './options.js';
import { Output } from './output.js';
import { Pacing } from './pacing.js';
import { Pager } from './pager.js';
import { type Destination, Reader } from './reader.js';
import { RoomLog } from './room-log.js';
import { Spill } from './spill.js';

/**
 * What a {@link Relay} emits. An event's listener runs while the room waits for it; one that throws is an uncaught
 * exception, as with any emitter, and harms nothing in the room.
 */
export interface RelayEvents {
  /** A client is in the room. */
  arrived: [client: number];
  /** A line was said, as Unicode text without its newline. */
  line: [client: number, text: string];
  /** A client has left, with what broke its connection if anything did. */
  left: [client: number, reason?: Error];
  /** Something that an operator should hear of; the room goes on. See {@link MiniServError.code}. */
  warning: [warning: MiniServError];
  /** There is room for spilled segments again, after a warning ERR_SPILL_FULL. */
  spillRoom: [];
  /** A connection was refused at the limit of clients; how many were so far. */
  refused: [total: number];
  /** The relay is closed. */
  close: [];
}

/** A relay's state, as numbers. */
export interface RelayStats {
  /** Clients whose connection is open. */
  readonly clients: number;
  /** Connections refused so far, at the limit of descriptors. */
  readonly refused: number;
  /** For each client: bytes said that it has not taken yet. Its own lines count until it has passed them. */
  readonly lag: ReadonlyMap<number, number>;
  /** The same for each reader of `output`. */
  readonly outputLag: readonly number[];
  /** Bytes of the log in memory. */
  readonly memory: number;
  /** Bytes of the log on disk. */
  readonly disk: number;
  /** Senders that are asked to wait. */
  readonly waiting: number;
  /**
   * For each client whose transforms are at work: how many messages they have been given and have not answered,
   * a message counting once for each transform that has it. One that stays has a transform that never answers.
   */
  readonly transforming: ReadonlyMap<number, number>;
}

/** What has to be known of a reader of the transcript when the relay is closed. */
interface Transcript {
  readonly ended: Promise<void>;
  destroy(): void;
}

/** The only address that a relay listens on (mini_serv's subject: "only to 127.0.0.1"). */
const HOST = '127.0.0.1';
/** Connections that the kernel holds until they are accepted; bursts beyond it wait for a SYN to be sent again. */
const BACKLOG = 4096;

/** A room and its clients. Made by {@link createRelay}. */
export class Relay extends EventEmitter<RelayEvents> implements AsyncDisposable {
  readonly #options: CheckedOptions;
  readonly #hub = new PassThrough({ objectMode: true });
  readonly #spill: Spill;
  readonly #pager: Pager;
  readonly #log: RoomLog;
  readonly #pacing: Pacing;
  readonly #clients = new Map<number, Client>();
  readonly #transcripts = new Map<Reader, Transcript>();
  #nextId = 0;
  #refused = 0;
  #server: Server | null = null;
  /** Done when a call of `listen` is, however it ended. */
  #listening: Promise<unknown> = Promise.resolve();
  #ignoreSignal = (): void => {};
  #closing: Promise<void> | null = null;
  #allHushed: () => void = () => {};

  /** @throws {MiniServError} ERR_OPTION */
  constructor(options: RelayOptions = {}) {
    super();
    this.#options = checkOptions(options);
    const { memory, segmentSize, spillLimit, spillDir, window, world, signal } = this.#options;
    const warn = (warning: MiniServError): void => this.#warn(warning);
    this.#spill = new Spill({ fs: world.fs, dir: spillDir ?? tmpdir(), limit: spillLimit, warn });
    this.#pager = new Pager({
      clock: world.clock,
      spill: this.#spill,
      segmentSize,
      memory,
      warn,
      spillRoom: () => this.emit('spillRoom'),
      room: () => this.#pacing.recheck(),
    });
    this.#log = new RoomLog(segmentSize, this.#pager, world.clock.soon, () => world.clock.date());
    // A window that did not fit into memory would send what every reader is about to take over the disk.
    const fitting = Math.max(segmentSize, Math.min(window, memory / 2));
    this.#pacing = new Pacing({
      clock: world.clock,
      window: fitting,
      leeway: Math.max(fitting, memory / 2),
      overfull: () => this.#pager.overfull,
    });
    // One pipe for each client that has spoken.
    this.#hub.setMaxListeners(0);
    // It has no way to fail of its own; nothing could be said any more if it did.
    this.#hub.on('error', () => void this.close());
    this.#hub.on('data', (said: Said) => this.#say(said));
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
  async listen(port: number): Promise<number> {
    if (this.#closing !== null) throw new MiniServError('ERR_STATE', 'the relay is closed');
    if (this.#server !== null) throw new MiniServError('ERR_STATE', 'the relay listens already');
    if (!Number.isInteger(port) || port < 0 || port > 65535) {
      throw new MiniServError('ERR_OPTION', `a port is an integer from 0 to 65535, and not ${String(port)}`);
    }
    const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => this.#accept(socket));
    this.#server = server;
    const listening = this.#listen(server, port);
    this.#listening = listening.catch(() => {});
    try {
      await listening;
    } catch (error) {
      this.#server = null;
      throw error;
    }
    server.on('error', (cause) => {
      this.#warn(
        new MiniServError('ERR_ACCEPT', `a connection could not be accepted: ${cause.message}`, { cause }),
      );
    });
    const address = server.address();
    return typeof address === 'object' && address !== null ? address.port : port;
  }

  /**
   * Makes any Duplex of bytes a client, as if it had connected.
   *
   * @returns its id
   * @throws {MiniServError} ERR_STATE if the relay is closed, ERR_OPTION if it is no Duplex of bytes
   */
  handle(duplex: Duplex): number {
    if (this.#closing !== null) throw new MiniServError('ERR_STATE', 'the relay is closed');
    if (!isByteDuplex(duplex)) throw new MiniServError('ERR_OPTION', 'a client must be a Duplex of bytes');
    const id = this.#nextId++;
    const { world, transforms, onTransformError, maxLine, grace } = this.#options;
    const client = new Client({
      id,
      duplex,
      hub: this.#hub,
      clock: world.clock,
      transforms,
      onTransformError,
      maxLine,
      grace,
      pass: (sender, resume) => this.#pacing.pass(sender, resume),
      warn: (warning) => this.#warn(warning),
      closed: () => this.#forget(client),
    });
    this.#clients.set(id, client);
    client.start();
    return id;
  }

  /**
   * The transcript, from now on: a new Readable each time, with a cursor of its own. It ends when the relay is
   * closed. Destroy it if you do not want it any more: until then the log is kept for it.
   */
  get output(): Output {
    const output = new Output(this.#transcriptOptions(), () => this.output);
    const ended = new Promise<void>((resolve) => void output.once('close', resolve));
    this.#transcribe(output.reader, { ended, destroy: () => void output.destroy() });
    return output;
  }

  /**
   * A reader of the transcript that is lent the log's own bytes instead of being given copies, which is what a
   * fast file wants. `output` is easier to use.
   *
   * @returns the reader: `stop()` it when the destination wants no more
   */
  addReader(destination: Destination): Reader {
    let end = (): void => {};
    const ended = new Promise<void>((resolve) => {
      end = resolve;
    });
    const { done, ...options } = this.#transcriptOptions();
    const reader: Reader = new Reader({
      ...options,
      destination,
      done: (gone) => {
        done(gone);
        end();
      },
    });
    this.#transcribe(reader, { ended, destroy: () => reader.stop() });
    return reader;
  }

  stats(): RelayStats {
    return {
      clients: this.#clients.size,
      refused: this.#refused,
      lag: new Map([...this.#clients.values()].map((client) => [client.id, client.lag])),
      outputLag: [...this.#transcripts.keys()].map((reader) => reader.lag),
      memory: this.#pager.memory,
      disk: this.#pager.disk,
      waiting: this.#pacing.waiting,
      transforming: new Map(
        [...this.#clients.values()]
          .map(({ id, transforming }) => [id, transforming] as const)
          .filter(([, messages]) => messages > 0),
      ),
    };
  }

  /**
   * Stops accepting and listening to clients, delivers what has been said to those who take it within `grace`
   * ms, ends every connection with FIN, and gives back all that the relay holds. Never rejects.
   */
  close(grace: number = this.#options.grace): Promise<void> {
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

  #transcriptOptions() {
    return {
      log: this.#log,
      clock: this.#options.world.clock,
      progressed: this.#pacing.progressed,
      failed: (error: Error): void => this.#warn(error as MiniServError),
      done: (reader: Reader): void => {
        this.#transcripts.delete(reader);
        this.#pacing.transcripts.delete(reader);
        this.#pacing.recheck();
      },
    };
  }

  #transcribe(reader: Reader, transcript: Transcript): void {
    this.#transcripts.set(reader, transcript);
    this.#pacing.transcripts.add(reader);
    if (this.#closing !== null) reader.finish();
  }

  async #listen(server: Server, port: number): Promise<void> {
    await this.#spill.prepare(this.#options.spillDir !== undefined);
    server.maxConnections = this.#options.maxClients ?? (await descriptorsLeft());
    if (this.#closing !== null) throw new MiniServError('ERR_STATE', 'the relay is closed');
    server.on('drop', () => this.#refuse());
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ port, host: HOST, backlog: BACKLOG }, () => {
        server.off('error', reject);
        resolve();
      });
    });
  }

  #accept(socket: Socket): void {
    if (this.#closing === null) this.handle(socket);
    else socket.destroy();
  }

  #refuse(): void {
    this.#refused++;
    this.emit('refused', this.#refused);
  }

  #warn(warning: MiniServError): void {
    this.emit('warning', warning);
  }

  /** What leaves the hub, in this order, is what was said in the room. */
  #say(said: Said): void {
    const client = this.#clients.get(said.client);
    if (client === undefined) return;
    if (said.kind === 'lines') {
      for (const piece of renderPieces(said)) this.#log.append(client.id, piece);
      this.#emitLines(said.client, said.bytes);
    } else if (said.kind === 'arrived') {
      if (said.silent !== true) this.#log.append(client.id, render(said));
      this.#welcome(client);
    } else {
      this.#dismiss(client, said);
    }
  }

  #emitLines(client: number, block: string): void {
    if (this.listenerCount('line') === 0) return;
    for (const line of block.split('\n')) this.emit('line', client, decode(line));
  }

  #welcome(client: Client): void {
    if (client.arrived) return;
    const reader = client.arrive({
      log: this.#log,
      progressed: this.#pacing.progressed,
      failed: ({ message, cause }) => {
        const details = { client: client.id, cause };
        this.#warn(
          new MiniServError('ERR_SPILL_READ', `client ${client.id} is disconnected: ${message}`, details),
        );
      },
      done: (gone) => {
        this.#pacing.clients.delete(gone);
        this.#pacing.recheck();
      },
    });
    if (reader !== null) this.#pacing.clients.add(reader);
    this.emit('arrived', client.id);
  }

  #dismiss(client: Client, said: Said & { kind: 'left' }): void {
    client.left = true;
    // At the end of the room nobody leaves it: its readers finish together, once all sources have ended.
    if (this.#closing === null) {
      if (said.silent !== true) this.#log.append(client.id, render(said));
      client.finish();
      this.emit('left', client.id, ...(client.reason === undefined ? [] : [client.reason]));
    }
    this.#forget(client);
  }

  #forget(client: Client): void {
    if (client.left && client.closed) this.#clients.delete(client.id);
    if (this.#closing !== null) this.#checkHushed();
  }

  async #close(grace: number): Promise<void> {
    const { world } = this.#options;
    const { clock } = world;
    this.#ignoreSignal();
    // A server that has only begun to listen cannot be closed yet.
    const stopped = this.#listening.then(
      () => new Promise<void>((resolve) => void (this.#server?.close(() => resolve()) ?? resolve())),
    );
    let cancel = (): void => {};
    const expired = new Promise<void>((resolve) => {
      cancel = clock.after(grace, resolve);
    });
    // What has reached this machine by now is read: it was said before the end.
    for (let turn = 0; turn < 2; turn++) await new Promise<void>((resolve) => clock.soon(resolve));
    await Promise.race([expired, this.#hush()]);
    await Promise.race([expired, this.#finish()]);
    cancel();
    for (const client of this.#clients.values()) {
      client.abandon();
      client.destroy();
    }
    for (const transcript of this.#transcripts.values()) transcript.destroy();
    await stopped;
    this.#pager.shutdown();
    await this.#spill.close();
    this.emit('close');
  }

  /** Stops listening to all clients; done when all that they have said has come through. */
  #hush(): Promise<void> {
    const hushed = new Promise<void>((resolve) => {
      this.#allHushed = resolve;
    });
    for (const client of this.#clients.values()) client.hush();
    // Nobody waits any more: what was taken from a sender is to come through.
    this.#pacing.shutdown();
    this.#checkHushed();
    return hushed;
  }

  #checkHushed(): void {
    if ([...this.#clients.values()].every(({ left }) => left)) this.#allHushed();
  }

  /** Lets all readers finish; done when they have, and their connections are ended. */
  async #finish(): Promise<void> {
    const transcripts = [...this.#transcripts.values()].map(({ ended }) => ended);
    const clients = [...this.#clients.values()].map(async (client) => {
      await client.flushed;
      await client.linger();
    });
    for (const client of this.#clients.values()) client.finish();
    for (const reader of this.#transcripts.keys()) reader.finish();
    await Promise.all([...transcripts, ...clients]);
  }
}

// Streams of other makes than node's own have the same properties.
function isByteDuplex(value: unknown): boolean {
  const duplex = value as Partial<Duplex> | null | undefined;
  const methods = [duplex?.write, duplex?.pipe, duplex?.setEncoding, duplex?.destroy];
  if (methods.some((method) => typeof method !== 'function')) return false;
  return duplex?.readableObjectMode === false && duplex.writableObjectMode === false;
}

/**
 * Makes a relay: a room without clients. They come by `listen` or by `handle`.
 *
 * @example
 * const relay = createRelay({ transforms: [filter({ drop: /secret/ })] });
 * relay.output.pipe(createWriteStream('audit.log'));
 * const port = await relay.listen(4242);
 *
 * @throws {MiniServError} ERR_OPTION
 */
export function createRelay(options: RelayOptions = {}): Relay {
  return new Relay(options);
}
