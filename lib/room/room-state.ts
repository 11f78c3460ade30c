import type { LogEvent, LogRecord, RoomStateReader } from './event-log.js';
import { type Instance, Instances } from './instances.js';
import { UnfinishedLine } from './unfinished-line.js';

export interface Member {
  readonly instance: Instance;
  /** Whether a notice of its arrival was sent. */
  announced: boolean;
  /** Whether it receives the room. */
  joined: boolean;
}

/**
 * The clients in a room, computed from the records of its log. Equal records give an equal state on every relay: ids
 * count the `connected` events, repeated records are dropped, and so are records of an instance after its `down`.
 * The state depends on nothing else, such as a clock or the relay that computes it.
 */
export class RoomState {
  /** The id of the next client. */
  nextId = 0;
  readonly instances = new Instances();
  /** By id, in ascending order. */
  readonly members = new Map<number, Member>();
  /** By the id of the client. */
  readonly unfinishedLines = new Map<number, UnfinishedLine>();

  /** Sequence of the first record that contains a part of an unfinished line; undefined if no line is unfinished. */
  get firstUnfinishedSequence(): number | undefined {
    let first: number | undefined;
    for (const { startSequence } of this.unfinishedLines.values()) {
      if (first === undefined || startSequence < first) first = startSequence;
    }
    return first;
  }

  /** The ids of the clients that receive the room, in ascending order. */
  get clientIds(): number[] {
    return [...this.members].flatMap(([id, { joined }]) => (joined ? [id] : []));
  }

  /**
   * Applies a record and reports its events.
   *
   * @param ownInstanceId the instance that the reader belongs to: only its own tokens mean something to it
   * @param sequence position of the record in the log
   * @returns the number of records of the instance that are missing before this one, normally 0; undefined if the record
   * does not count: it is a repetition, or its instance has ended or never started
   */
  apply(
    record: LogRecord,
    reader: RoomStateReader,
    ownInstanceId: string,
    sequence: number,
    time?: number,
  ): number | undefined {
    const lastNumber = this.instances.get(record.instanceId)?.lastNumber ?? -1;
    const instance = this.instances.accept(record.instanceId, record.number);
    if (instance === undefined) return undefined;
    for (const event of record.events) {
      this.applyEvent(instance, event, reader, ownInstanceId, sequence, time);
    }
    return record.number - lastNumber - 1;
  }

  /** Applies an event of the record that `instances.accept` took last. For the other parameters see {@link apply}. */
  applyEvent(
    instance: Instance,
    event: LogEvent,
    reader: RoomStateReader,
    ownInstanceId: string,
    sequence: number,
    time?: number,
  ): void {
    if (event.kind === 'down') {
      this.#endInstance(event.instanceId, reader, time);
      return;
    }
    // An earlier event of the same record can have ended the instance.
    if (this.instances.isDown(instance.id)) return;
    if (event.kind === 'connected') {
      this.#add(instance, event, reader, ownInstanceId, time);
      return;
    }
    const { client } = event;
    const member = this.members.get(client);
    if (member === undefined || member.instance !== instance) return;
    if (event.kind === 'lines') reader.onLines(client, this.#finishLine(client, event.bytes), time);
    else if (event.kind === 'part') this.#unfinishedLine(instance, client, sequence).push(event.bytes);
    else if (event.kind === 'joined') join(member, event, reader, time);
    else {
      this.#remove(client);
      reader.onLeft(client, event.silent === true, time);
    }
  }

  /**
   * Collects the parts of unfinished lines after a restart from a snapshot. To be called in order with each record
   * from {@link firstUnfinishedSequence} up to the snapshot's own.
   */
  reread(record: LogRecord, sequence: number): void {
    for (const line of this.unfinishedLines.values()) line.reread(record, sequence);
  }

  #add(
    instance: Instance,
    event: LogEvent & { kind: 'connected' },
    reader: RoomStateReader,
    ownInstanceId: string,
    time: number | undefined,
  ): void {
    const client = this.nextId++;
    const silent = event.silent === true;
    this.members.set(client, { instance, announced: !silent, joined: !silent });
    if (instance.id === ownInstanceId) reader.onIdAssigned(event.token, client);
    if (!silent) reader.onJoined(client, false, true, time);
  }

  #unfinishedLine(instance: Instance, client: number, sequence: number): UnfinishedLine {
    let line = this.unfinishedLines.get(client);
    if (line === undefined) {
      line = new UnfinishedLine(instance.id, client, sequence, instance.lastNumber);
      this.unfinishedLines.set(client, line);
    }
    return line;
  }

  #finishLine(client: number, bytes: string | Buffer): string | Buffer {
    const line = this.unfinishedLines.get(client);
    if (line === undefined) return bytes;
    this.unfinishedLines.delete(client);
    return line.finish(bytes);
  }

  #remove(client: number): void {
    this.members.delete(client);
    this.unfinishedLines.delete(client);
  }

  #endInstance(id: string, reader: RoomStateReader, time: number | undefined): void {
    const instance = this.instances.end(id);
    if (instance === undefined) return;
    for (const [client, member] of this.members) {
      if (member.instance !== instance) continue;
      this.#remove(client);
      reader.onLeft(client, !member.announced, time);
    }
  }
}

function join(
  member: Member,
  event: LogEvent & { kind: 'joined' },
  reader: RoomStateReader,
  time: number | undefined,
): void {
  const first = !member.joined;
  const silent = event.silent === true;
  if (!first && (silent || member.announced)) return;
  member.joined = true;
  member.announced ||= !silent;
  reader.onJoined(event.client, silent, first, time);
}
