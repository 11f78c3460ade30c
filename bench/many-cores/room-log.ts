import type { Socket } from 'node:net';
import { toLatin1 } from '../../lib/protocol/message.js';
import type { EventLog, EventLogReader, LogEvent } from '../../lib/room/event-log.js';
import { Channel } from './channel.js';
import { CONNECTED, encodeFrame, headOf, LEFT, LINES, textOf } from './frames.js';

/** The log of a writer: its events go to the sequencer, and are read back in the order of the room. */
export class RoomLog implements EventLog {
  /** The id of the connection that is added next, which the sequencer has chosen. */
  nextId = 0;
  readonly #channel: Channel;
  readonly #members = new Set<number>();
  /** The tokens of this writer's connections that have not joined, by id. */
  readonly #tokens = new Map<number, number>();
  #reader: EventLogReader | null = null;

  constructor(socket: Socket) {
    this.#channel = new Channel(socket, (frame) => this.#onFrame(frame));
    socket.on('drain', () => this.#reader?.onDrain());
  }

  get isFull(): boolean {
    return this.#channel.isFull;
  }

  read(reader: EventLogReader): void {
    this.#reader = reader;
  }

  clientIds(): number[] {
    return [...this.#members];
  }

  append(event: LogEvent): void {
    if (event.kind === 'lines') {
      this.#channel.send(encodeFrame(LINES, event.client, toLatin1(event.bytes)));
    } else if (event.kind === 'left') {
      this.#channel.send(encodeFrame(LEFT, event.client));
    } else if (event.kind === 'connected') {
      this.#tokens.set(this.nextId, event.token);
      this.#channel.send(encodeFrame(CONNECTED, this.nextId));
    } else {
      throw new Error(`the prototype has no transforms, but got the event ${event.kind}`);
    }
  }

  resume(): void {
    this.#channel.socket.resume();
  }

  async close(): Promise<void> {}

  async destroy(): Promise<void> {
    this.#channel.socket.destroy();
  }

  #onFrame(frame: Buffer): void {
    const reader = this.#reader;
    if (reader === null) return;
    const { kind, client } = headOf(frame);
    if (kind === LINES) {
      reader.onLines(client, textOf(frame));
    } else if (kind === CONNECTED) {
      this.#members.add(client);
      const token = this.#tokens.get(client);
      this.#tokens.delete(client);
      if (token !== undefined) reader.onIdAssigned(token, client);
      reader.onJoined(client, false, true);
    } else if (this.#members.delete(client)) {
      reader.onLeft(client, false);
    }
    if (reader.isFull()) this.#channel.socket.pause();
  }
}
