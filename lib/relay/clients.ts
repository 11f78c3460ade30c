import type { FlowControl } from '../fanout/flow-control.js';
import type { ReaderOptions } from '../fanout/reader.js';
import type { ClientEvent } from '../protocol/message.js';
import type { EventLog } from '../room/event-log.js';
import { Client, type ClientOptions } from './client.js';
import type { PendingHandle } from './client-handle.js';
import type { Connection } from './guarded-duplex.js';

/** A connection that has no id yet. */
interface PendingClient {
  readonly connection: Connection;
  readonly handle: PendingHandle | null;
}

export interface ClientsOptions {
  /** Gives ids to clients and puts their events in order. */
  readonly log: EventLog;
  readonly flow: FlowControl;
  readonly client: Omit<ClientOptions, 'onClose'>;
  readonly reader: ReaderOptions;
}

/** The clients that are connected to this relay. In a shared room, other relays have clients of their own. */
export class Clients {
  readonly #options: ClientsOptions;
  readonly #clientOptions: ClientOptions;
  /** By the token with which the id was requested. */
  readonly #pending = new Map<number, PendingClient>();
  readonly #clients = new Map<number, Client>();
  /** Clients that new messages are for. */
  recipients = 0;
  /** The lines that clients of this relay have sent, and their bytes with newlines. */
  linesIn = 0;
  bytesIn = 0;
  #nextToken = 0;
  /** Clients whose leaving has not come through the room yet. */
  #presentCount = 0;
  #isClosing = false;
  #onAllLeft: () => void = () => {};

  constructor(options: ClientsOptions) {
    this.#options = options;
    this.#clientOptions = { ...options.client, onClose: (client) => this.#onClose(client) };
  }

  get count(): number {
    const pending = [...this.#pending.values()].filter(({ connection }) => !connection.destroyed);
    return this.#clients.size + pending.length;
  }

  /** The clients that have joined and whose connections are open, in ascending order of their ids. */
  get joined(): Client[] {
    return [...this.#clients.values()].filter(({ hasJoined, isClosed }) => hasJoined && !isClosed);
  }

  get lagBytes(): Map<number, number> {
    return new Map([...this.#clients.values()].map(({ id, lagBytes }) => [id, lagBytes]));
  }

  /** The clients whose transforms have not answered all messages, with the number of those messages. */
  get pendingTransforms(): Map<number, number> {
    const pending = new Map<number, number>();
    for (const { id, pendingTransforms } of this.#clients.values()) {
      if (pendingTransforms > 0) pending.set(id, pendingTransforms);
    }
    return pending;
  }

  /** @returns the number of clients that a message of this client is for */
  recipientsOf(sender: number): number {
    return this.#clients.get(sender)?.isReceiving === true ? this.recipients - 1 : this.recipients;
  }

  /** Counts lines of a client, if it is one of this relay. */
  addLines(id: number, lines: number, bytes: number): void {
    const client = this.#clients.get(id);
    if (client === undefined) return;
    client.lines += lines;
    client.bytes += bytes;
    this.linesIn += lines;
    this.bytesIn += bytes;
  }

  /** Requests an id for a connection, which becomes a client when the id is assigned. */
  add(connection: Connection, handle: PendingHandle | null): void {
    const { log, client } = this.#options;
    const token = this.#nextToken++;
    this.#pending.set(token, { connection, handle });
    log.append({ kind: 'connected', token, silent: client.transforms.length > 0 });
    // A local room usually has assigned the id by now.
    if (!this.#pending.has(token)) return;
    // A connection that breaks before it has an id is noticed when the id is assigned.
    connection.on('error', () => {});
    if (handle !== null) connection.once('close', () => handle.fail('connection closed'));
  }

  /** Handles what a client's source has written to the hub. */
  onSourceEvent(event: ClientEvent): void {
    const client = this.#clients.get(event.client);
    if (client === undefined) return;
    const { log } = this.#options;
    if (event.kind === 'left' && this.#isClosing) this.#setLeft(client);
    else log.append(event);
  }

  onIdAssigned(token: number, id: number): void {
    const pending = this.#pending.get(token);
    // While closing, pending connections have been given up.
    if (pending === undefined) return;
    this.#pending.delete(token);
    const client = new Client(id, pending.connection, this.#clientOptions);
    this.#clients.set(id, client);
    this.#presentCount++;
    client.start();
    pending.handle?.assign(client);
  }

  /** The client, if it is one of this relay, receives all messages from here on. */
  onJoined(id: number): void {
    const reader = this.#clients.get(id)?.join(this.#options.reader);
    if (reader === undefined) return;
    this.recipients++;
    this.#options.flow.clientReaders.add(reader);
  }

  /**
   * The client, if it is one of this relay, is owed nothing from here on.
   *
   * @returns the error that broke its connection, if there was one
   */
  onLeft(id: number): Error | undefined {
    const client = this.#clients.get(id);
    if (client === undefined) return undefined;
    this.#stopReceiving(client);
    client.finish();
    this.#setLeft(client);
    return client.reason;
  }

  /** From here on, clients that leave are not announced: the room ends for all of them. */
  startClosing(): void {
    this.#isClosing = true;
  }

  /** Disconnects the connections that have no id yet. */
  destroyPending(): void {
    for (const { connection, handle } of this.#pending.values()) {
      handle?.fail('relay closed');
      connection.destroy();
    }
    this.#pending.clear();
  }

  /** Stops reading from all clients; resolves when all their complete lines have come through the room. */
  stopReading(): Promise<void> {
    const allLeft = new Promise<void>((resolve) => {
      this.#onAllLeft = resolve;
    });
    for (const client of this.#clients.values()) client.stopReading();
    // Input is no longer read, so flow control would only delay messages that were received already.
    this.#options.flow.disable();
    if (this.#presentCount === 0) this.#onAllLeft();
    return allLeft;
  }

  /** Delivers to all clients what they are owed; resolves when their connections have ended. */
  async finish(): Promise<void> {
    const ended = [...this.#clients.values()].map((client) => client.awaitEnd());
    for (const client of this.#clients.values()) client.finish();
    await Promise.all(ended);
  }

  /** Disconnects all clients, and gives up transforms that have not answered. */
  destroy(): void {
    for (const client of this.#clients.values()) {
      client.destroyTransforms();
      client.destroy();
    }
  }

  clear(): void {
    this.#clients.clear();
  }

  #setLeft(client: Client): void {
    if (!client.hasLeft) this.#presentCount--;
    client.hasLeft = true;
    this.#forget(client);
  }

  #stopReceiving(client: Client): void {
    if (client.isReceiving) this.recipients--;
    client.isReceiving = false;
  }

  #onClose(client: Client): void {
    this.#stopReceiving(client);
    this.#forget(client);
  }

  #forget(client: Client): void {
    if (client.hasLeft && client.isClosed) this.#clients.delete(client.id);
    if (this.#presentCount === 0) this.#onAllLeft();
  }
}
