import { leftNotice } from '../messages.js';
import { Track } from './track.js';

const ORIGIN = /^(?:client|server: client) (\d{1,9})(?:: | just )/;

/** The progress of one client, as a position in the track of each other client. Several can be possible. */
export class Receiver {
  readonly id: number;
  isReading = true;
  /** Whether the server has certainly accepted it. Until then, lines of clients before it may precede its arrival. */
  isAccepted = false;
  readonly #positions = new Map<Track, Set<number>>();
  readonly #tolerated = new Set<string>();

  constructor(id: number) {
    this.id = id;
  }

  /** Follows a client that is, or was, there before this one, or one that comes later. */
  follow(track: Track): void {
    this.#positions.set(track, new Set(track.id < this.id ? [] : [0]));
    this.#addStarts(track);
  }

  /** Accepts this line once, at any time. */
  tolerate(line: string): void {
    this.#tolerated.add(line);
  }

  /** Adds where it can begin to receive what was sent before it was accepted. */
  addStarts(): void {
    for (const track of this.#positions.keys()) this.#addStarts(track);
  }

  /** Whether it has certainly received everything that is on the track. */
  hasAll(track: Track): boolean {
    const positions = this.#positions.get(track);
    return positions !== undefined && [...positions].every((at) => at === track.length);
  }

  /** Returns what it has still to receive, in the order in which it was sent. */
  get missing(): Buffer[] {
    return [...this.#positions]
      .flatMap(([track, positions]) => {
        const from = Math.max(...track.withLoss(positions));
        return track.lines.slice(from).map((line, i) => ({ line, round: track.rounds[from + i] as number }));
      })
      .sort((a, b) => a.round - b.round)
      .map(({ line }) => line);
  }

  /** The number of clients from which it has still to receive something. */
  get senders(): number {
    return [...this.#positions].filter(([track, at]) => !track.withLoss(at).has(track.length)).length;
  }

  /** Takes the next line; returns whether it may be this one. */
  take(line: Buffer): boolean {
    const text = line.toString('latin1', 0, 64);
    if (this.#tolerated.delete(text)) return true;
    const id = Number(ORIGIN.exec(text)?.[1] ?? -1);
    for (const [track, positions] of this.#positions) {
      if (track.id !== id) continue;
      const next = [...track.withLoss(positions)].filter((at) => track.lines[at]?.equals(line));
      const round = Math.max(...next.map((at) => track.rounds[at] as number));
      if (next.length === 0 || this.#hasEarlier(round, track)) return false;
      this.#positions.set(track, new Set(next.map((at) => at + 1)));
      this.isAccepted = true;
      return true;
    }
    return false;
  }

  /** Whether it has still to receive something of an earlier round. */
  #hasEarlier(round: number, except: Track): boolean {
    for (const [track, positions] of this.#positions) {
      if (track === except) continue;
      const next = track.rounds[Math.max(...track.withLoss(positions))];
      if (next !== undefined && next < round) return true;
    }
    return false;
  }

  #addStarts(track: Track): void {
    if (this.isAccepted || track.id > this.id) return;
    const positions = this.#positions.get(track) as Set<number>;
    for (let at = Math.max(1, track.observed); at <= track.length; at++) positions.add(at);
  }
}

/** A model of the subject: which client has to receive what, in all orders that are allowed. */
export class Model {
  readonly #tracks: Track[] = [];
  readonly #receivers = new Map<number, Receiver>();
  #round = 0;

  /** Connects a client; returns its id. */
  connect(): number {
    const id = this.#tracks.length;
    const track = new Track(id, this.#round);
    const receiver = new Receiver(id);
    for (const other of this.#tracks) receiver.follow(other);
    for (const other of this.#receivers.values()) other.follow(track);
    this.#tracks.push(track);
    this.#receivers.set(id, receiver);
    return id;
  }

  send(id: number, bytes: Buffer): void {
    this.#track(id).send(bytes, this.#round);
  }

  leave(id: number, isReset: boolean): void {
    this.#track(id).leave(isReset, this.#round);
    this.#receivers.delete(id);
  }

  setReading(id: number, isReading: boolean): void {
    const receiver = this.#receivers.get(id);
    if (receiver !== undefined) receiver.isReading = isReading;
  }

  /** Expects nothing more of a client: the server may even disconnect it. */
  giveUp(id: number): void {
    this.#receivers.delete(id);
    for (const receiver of this.#receivers.values()) receiver.tolerate(leftNotice(id));
  }

  /** Returns the clients that read, with what they may receive now. */
  readers(): Receiver[] {
    for (const receiver of this.#receivers.values()) receiver.addStarts();
    return [...this.#receivers.values()].filter(({ isReading }) => isReading);
  }

  /** Ends a round: all readers have received everything, so later lines follow these. */
  endRound(): void {
    const readers = [...this.#receivers.values()].filter(({ isReading }) => isReading);
    let isObserved = true;
    for (const track of this.#tracks) {
      if (track.observed === track.length) continue;
      if (readers.some((reader) => reader.hasAll(track))) track.observed = track.length;
      else isObserved = false;
    }
    for (const [id, receiver] of this.#receivers)
      if (this.#track(id).observed > 0) receiver.isAccepted = true;
    // Lines that no client has received may still be on their way when the next actions take place.
    if (isObserved) this.#round++;
  }

  /** Whether the server may not have read everything that this client has sent. */
  isUnread(id: number): boolean {
    const track = this.#track(id);
    return track.hasRest || track.observed < track.length;
  }

  #track(id: number): Track {
    return this.#tracks[id] as Track;
  }
}
