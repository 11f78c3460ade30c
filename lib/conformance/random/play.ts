import type { Client } from '../client.js';
import { Failure } from '../failure.js';
import type { Room } from '../room.js';
import type { Demands } from './demands.js';
import { Model, type Receiver } from './model.js';
import type { Step } from './session.js';

/** The longest line that is read as a whole, in bytes: longer than all that are sent. */
const MAX_LINE_BYTES = 4_000_000;
/** When more than this is to be received, how far it came depends on the kernel, and a report must not show it. */
const MAX_SHOWN_BYTES = 400_000;

/** Plays a session in a room, and fails when a client receives what the model does not allow. */
export async function play(room: Room, steps: readonly Step[], demands: Demands): Promise<void> {
  await room.open();
  const player = new Player(room);
  for (const step of steps) await player.play(step);
  const hasLeft = steps.some(({ kind }) => kind === 'end' || kind === 'reset');
  await player.finish(!hasLeft || demands.has('ids-grow'));
}

class Player {
  readonly #room: Room;
  readonly #model = new Model();
  readonly #clients: Client[] = [];
  readonly #present = new Set<number>();
  readonly #paused = new Set<number>();

  constructor(room: Room) {
    this.#room = room;
  }

  async play(step: Step): Promise<void> {
    await this.#act(step);
    if (step.isAwaited) await this.#awaitAll();
  }

  /** All clients read, and one more client connects and sends a line, so that any message too many comes before these. */
  async finish(canConnect: boolean): Promise<void> {
    for (const id of this.#paused) this.#setReading(id, true);
    await this.#awaitAll();
    if (canConnect) {
      await this.#connect();
      await this.#awaitAll();
    }
    for (const id of [...this.#present].slice(canConnect ? -1 : -2)) await this.#send(id, ['end\n'], true);
    await this.#awaitAll();
  }

  async #act({ kind, client: id, packets, isAwaited }: Step): Promise<void> {
    if (kind === 'connect') await this.#connect();
    else if (kind === 'send') await this.#send(id, packets, isAwaited);
    else if (kind === 'pause' || kind === 'resume') this.#setReading(id, kind === 'resume');
    else if (kind === 'giveUp') this.#giveUp(id);
    else this.#leave(id, kind === 'reset');
  }

  async #connect(): Promise<void> {
    this.#clients.push(await this.#room.connect());
    this.#present.add(this.#model.connect());
  }

  async #send(id: number, packets: readonly string[], isAwaited: boolean): Promise<void> {
    const client = this.#client(id);
    for (const [i, packet] of packets.entries()) {
      const bytes = Buffer.from(packet, 'latin1');
      client.send(bytes);
      this.#model.send(id, bytes);
      if (isAwaited && i < packets.length - 1) await this.#room.waitUntilRead(client);
    }
  }

  #setReading(id: number, isReading: boolean): void {
    const client = this.#client(id);
    if (isReading) client.resumeReading();
    else client.pauseReading();
    if (isReading) this.#paused.delete(id);
    else this.#paused.add(id);
    this.#model.setReading(id, isReading);
  }

  #leave(id: number, isReset: boolean): void {
    const client = this.#client(id);
    if (isReset) client.reset();
    else client.end();
    this.#forget(id);
    this.#model.leave(id, isReset);
  }

  #giveUp(id: number): void {
    this.#forget(id);
    this.#model.giveUp(id);
  }

  #forget(id: number): void {
    this.#present.delete(id);
    this.#paused.delete(id);
  }

  /** Waits until all clients that read have received everything, one after the other: a report names the first. */
  async #awaitAll(): Promise<void> {
    for (const receiver of this.#model.readers()) await this.#receive(this.#client(receiver.id), receiver);
    this.#model.endRound();
    for (const id of this.#present) {
      // No client shows that the server has read it, so the next packet could be joined with it.
      if (this.#model.isUnread(id)) await this.#room.waitUntilRead(this.#client(id));
    }
  }

  async #receive(client: Client, receiver: Receiver): Promise<void> {
    const { missing, senders } = receiver;
    if (senders === 0) return;
    const all = Buffer.concat(missing);
    client.record(senders === 1 ? 'receives' : 'receives, in any order of the senders,', all);
    while (receiver.senders > 0) {
      const { line, wait } = await client.takeLine(MAX_LINE_BYTES);
      if (wait === 'more' && receiver.take(line)) continue;
      const failure = client.failure(Buffer.concat(receiver.missing), line, wait);
      if (all.length > MAX_SHOWN_BYTES) throw withoutBytes(failure, client.name);
      throw failure;
    }
  }

  #client(id: number): Client {
    return this.#clients[id] as Client;
  }
}

function withoutBytes({ details }: Failure, name: string): Failure {
  const { isClosed, isTimeout } = details;
  return new Failure({
    what: `${name} does not receive everything, or something is changed`,
    ...(isClosed && { isClosed }),
    ...(isTimeout && { isTimeout }),
  });
}
