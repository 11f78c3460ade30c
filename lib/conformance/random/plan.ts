import type { Demands } from './demands.js';
import type { Action, Session, Step } from './session.js';

/** Clients that are connected at the same time. */
export const MAX_PLACES = 5;
/** Clients of a session. Their number is limited so that a report can show a lane for each. */
const MAX_CLIENTS = 8;
/** Bytes that every kernel keeps for a client that does not read. */
const KEPT_BYTES = 50_000;
const MAX_PREFIX_BYTES = 'client 10: '.length;
/** Every server of the field takes lines of this length, in bytes. */
export const MAX_SHORT_LINE_BYTES = 100;
/** The length of a packet of `long-line-in-packets`, in bytes. */
export const MAX_PIECE_BYTES = 14_508;
/** A message that all clients read has at most this length. */
const MAX_BYTES = 1_000_000;

interface Place {
  readonly client: number;
  isPaused: boolean;
  hasRest: boolean;
  /** Whether the server has certainly accepted it, because a client was notified. */
  isKnown: boolean;
  /** Bytes that others have sent since it stopped to read. */
  unreadBytes: number;
}

/** Returns the steps of a session: its actions, without those that are impossible or not demanded at their point. */
export function planOf({ clients, actions }: Session, demands: Demands): Step[] {
  const plan = new Plan(demands);
  for (let place = 0; place < clients; place++) plan.add({ ...CONNECT, place });
  for (const action of actions) plan.add(action);
  return plan.steps;
}

const CONNECT: Action = { place: 0, kind: 'connect', text: '', cuts: [], isAwaited: true };

class Plan {
  readonly steps: Step[] = [];
  readonly #places = new Map<number, Place>();
  readonly #demands: Demands;
  #clients = 0;
  #hasLeft = false;
  /** Whether a client has connected since the last step that was awaited. */
  #hasArrival = false;

  constructor(demands: Demands) {
    this.#demands = demands;
  }

  add(action: Action): void {
    const place = this.#places.get(action.place);
    if (action.kind === 'connect') {
      if (place === undefined && this.#canConnect()) this.#connect(action);
      return;
    }
    if (place === undefined) return;
    if (action.kind === 'send') this.#send(action, place);
    else if (action.kind === 'pause' || action.kind === 'resume') this.#setReading(action, place);
    else this.#leave(action, place);
  }

  #canConnect(): boolean {
    return this.#clients < MAX_CLIENTS && (!this.#hasLeft || this.#demands.has('ids-grow'));
  }

  #connect(action: Action): void {
    // With two arrivals at once, it would not be known which client has which id.
    if (this.#hasArrival) this.#awaitLast();
    const client = this.#clients++;
    this.#places.set(action.place, {
      client,
      isPaused: false,
      hasRest: false,
      isKnown: false,
      unreadBytes: 0,
    });
    this.#hasArrival = true;
    this.#push(action, client);
  }

  #send(action: Action, place: Place): void {
    const { text } = action;
    if (text.length === 0) return;
    const lazy = [...this.#places.values()].filter((other) => other !== place && other.isPaused);
    const bytes = text.length + MAX_PREFIX_BYTES * text.split('\n').length;
    const isTooMuch = lazy.some(({ unreadBytes }) => unreadBytes + bytes > KEPT_BYTES);
    if (isTooMuch && !this.#demands.has('lazy-holds-nobody-up')) return;
    // Only for a client that does not read, megabytes are a test.
    if (lazy.length === 0 && bytes > MAX_BYTES) return;
    const packets = packetsOf(action);
    const isUnusual = packets.length > 1 || longestLineOf(text) > MAX_SHORT_LINE_BYTES;
    const mustBeAlone = isUnusual && !this.#demands.has('pieces');
    if (mustBeAlone && !this.#canSendAlone(place, packets)) return;
    for (const other of lazy) {
      other.unreadBytes += bytes;
      if (this.#isGivenUp(other)) this.#giveUp(other);
    }
    place.hasRest = !text.endsWith('\n');
    this.#push({ ...action, isAwaited: action.isAwaited || mustBeAlone }, place.client, packets);
  }

  /** Whether nothing else can happen between packets, and none is longer than what is demanded. */
  #canSendAlone(sender: Place, packets: readonly string[]): boolean {
    if (packets.some((packet) => longestLineOf(packet) > MAX_PIECE_BYTES)) return false;
    this.#awaitLast();
    const others = [...this.#places.values()].filter((place) => place !== sender);
    return others.every(({ isKnown }) => isKnown) && others.some(({ isPaused }) => !isPaused);
  }

  #setReading(action: Action, place: Place): void {
    const isPaused = action.kind === 'pause';
    if (place.isPaused === isPaused) return;
    place.isPaused = isPaused;
    place.unreadBytes = 0;
    this.#push(action, place.client);
  }

  #leave(action: Action, place: Place): void {
    const demands = this.#demands;
    if (place.hasRest && !demands.has('unfinished-dropped')) return;
    if (!demands.has('say-and-go')) this.#awaitLast();
    const isReset = action.kind === 'reset';
    if (isReset && !demands.has('unfinished-dropped')) this.#awaitLast();
    // A connection that is reset before it is accepted does not arrive on every system.
    const kind = isReset && place.isKnown ? 'reset' : 'end';
    this.#hasLeft = true;
    this.#remove(place);
    this.#push({ ...action, kind }, place.client);
  }

  /** A client that does not read while more is sent than the kernel keeps, where that is only not to harm others. */
  #isGivenUp({ unreadBytes }: Place): boolean {
    return unreadBytes > KEPT_BYTES && !this.#demands.has('lazy-hears-all');
  }

  #giveUp(place: Place): void {
    this.#remove(place);
    this.steps.push({ kind: 'giveUp', client: place.client, packets: [], isAwaited: false });
  }

  #remove(place: Place): void {
    for (const [key, value] of this.#places) if (value === place) this.#places.delete(key);
  }

  #push({ kind, isAwaited }: Action, client: number, packets: readonly string[] = []): void {
    this.steps.push({ kind, client, packets, isAwaited });
    if (isAwaited) this.#onAwaited();
  }

  #awaitLast(): void {
    const last = this.steps.pop();
    if (last === undefined) return;
    this.steps.push({ ...last, isAwaited: true });
    this.#onAwaited();
  }

  #onAwaited(): void {
    this.#hasArrival = false;
    const places = [...this.#places.values()];
    for (const place of places) {
      // An earlier client was notified of it, or the client was notified of a later one.
      place.isKnown ||= places.some((other) =>
        other.client < place.client ? !other.isPaused : other.client > place.client && !place.isPaused,
      );
    }
  }
}

function longestLineOf(text: string): number {
  return Math.max(...text.split('\n').map((line) => line.length));
}

function packetsOf({ text, cuts }: Action): string[] {
  const ends = [...new Set(cuts.map((cut) => Math.floor((cut * text.length) / 1000)))].sort((a, b) => a - b);
  return [...ends, text.length]
    .map((end, i) => text.slice(ends[i - 1] ?? 0, end))
    .filter((packet) => packet !== '');
}
