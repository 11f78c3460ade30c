import type { LogEvent, RoomStateReader } from './event-log.js';

/** What one relay appended at once: `epoch` is that process run's, `n` counts its records from 0. */
export interface LogRecord {
  readonly instanceId: string;
  readonly n: number;
  readonly events: readonly LogEvent[];
}

/** A relay's process run, as the log knows it. */
export interface Instance {
  readonly epoch: string;
  /** The number of its last record. */
  last: number;
}

interface Member {
  readonly run: Instance;
  /** Whether it has been said that it arrived. */
  announced: boolean;
  /** Whether it hears the room. */
  joined: boolean;
  /** A line whose end is yet to come. */
  open: Open | null;
}

interface Open {
  readonly parts: string[];
  /** The place and number of the record in which it began. */
  readonly from: number;
  readonly n: number;
  /** The number of the last record that was read again for its parts. */
  again: number;
}

/** All that a fold knows, as plain data: see {@link RoomState.save}. */
export interface RoomStateData {
  readonly next: number;
  readonly runs: readonly (readonly [epoch: string, last: number])[];
  readonly dead: readonly string[];
  /** For each run, in the order of `runs`: its clients, in the order of their ids. */
  readonly clients: readonly (readonly number[])[];
  /** Clients that have not been announced, and those that do not hear the room yet. */
  readonly silent: readonly number[];
  readonly outside: readonly number[];
  /** Clients of whom a line has begun, and the place and number of the record in which it did. */
  readonly open: readonly (readonly [client: number, from: number, n: number])[];
}

/**
 * So many ended runs are remembered by name. What comes of one that is forgotten is dropped as well: an unknown
 * run's first record is number 0, and a record of an ended one never is, unless it never said anything.
 */
const REMEMBERED = 1000;

/**
 * What a log's records amount to: who is in the room, and what is said in it. The same records make the same of it
 * on every relay: ids are the count of arrivals, a record that comes twice is dropped, and so is all that comes of a
 * run after it is `down`. Nothing else goes in: no clock, no chance, nothing of the relay that folds.
 */
export class RoomState {
  /** The id that the next to arrive is given. */
  next = 0;
  readonly #runs = new Map<string, Instance>();
  readonly #dead = new Set<string>();
  readonly #members = new Map<number, Member>();

  /** The runs that have said something and have not come to their end. */
  get epochs(): IterableIterator<string> {
    return this.#runs.keys();
  }

  /** Whether the relay's run has said anything, and has not come to its end. */
  knows(epoch: string): boolean {
    return this.#runs.has(epoch);
  }

  /** How many clients there are. */
  get size(): number {
    return this.#members.size;
  }

  /** Whether the relay's run has ended, as far as the log knows. */
  isDown(epoch: string): boolean {
    return this.#dead.has(epoch);
  }

  /**
   * @param own the token of an arrival means something to the relay whose epoch this is
   * @param place the record's place in the log
   * @returns how many records are missing before this one; that is never so, unless the engine has lost some
   */
  apply(record: LogRecord, reader: RoomStateReader, own: string, place = 0, time?: number): number {
    const last = this.#runs.get(record.instanceId)?.last ?? -1;
    const run = this.begin(record);
    if (run === undefined) return 0;
    for (const event of record.events) this.event(run, event, reader, own, place, time);
    return record.n - last - 1;
  }

  /** @returns undefined if a record is to be dropped */
  begin({ instanceId: epoch, n }: Pick<LogRecord, 'instanceId' | 'n'>): Instance | undefined {
    if (this.#dead.has(epoch)) return undefined;
    const run = this.#runs.get(epoch);
    if (run === undefined) {
      if (n > 0) return undefined;
      const begun = { epoch, last: n };
      this.#runs.set(epoch, begun);
      return begun;
    }
    if (n <= run.last) return undefined;
    run.last = n;
    return run;
  }

  event(
    run: Instance,
    event: LogEvent,
    reader: RoomStateReader,
    own: string,
    place = 0,
    time?: number,
  ): void {
    if (event.kind === 'down') {
      this.#down(event.instanceId, reader, time);
      return;
    }
    // It may have said in the same record that it is down.
    if (this.#dead.has(run.epoch)) return;
    if (event.kind === 'connected') {
      const client = this.next++;
      const silent = event.silent === true;
      this.#members.set(client, { run, announced: !silent, joined: !silent, open: null });
      if (run.epoch === own) reader.onIdAssigned(event.token, client);
      if (!silent) reader.onJoined(client, false, true, time);
      return;
    }
    const member = this.#members.get(event.client);
    if (member === undefined || member.run !== run) return;
    if (event.kind === 'lines') this.#lines(member, event, reader, time);
    else if (event.kind === 'part') {
      member.open ??= { parts: [], from: place, n: run.last, again: -1 };
      member.open.parts.push(event.bytes);
    } else if (event.kind === 'joined') {
      const first = !member.joined;
      const silent = event.silent === true;
      if (!first && (silent || member.announced)) return;
      member.joined = true;
      member.announced ||= !silent;
      reader.onJoined(event.client, silent, first, time);
    } else {
      this.#members.delete(event.client);
      reader.onLeft(event.client, event.silent === true, time);
    }
  }

  /**
   * What came before `save` of lines that had only begun then; from the place {@link oldest} on, again and in order.
   */
  again(record: LogRecord, place: number): void {
    const run = this.#runs.get(record.instanceId);
    for (const event of record.events) {
      if (event.kind !== 'part') continue;
      const open = this.#openOf(event.client, run);
      // A record may be there twice.
      if (open === null || place < open.from || record.n < open.n || record.n <= open.again) continue;
      open.parts.push(event.bytes);
    }
    for (const event of record.events) {
      const open = event.kind === 'part' ? this.#openOf(event.client, run) : null;
      if (open !== null) open.again = Math.max(open.again, record.n);
    }
  }

  /** The place of the oldest record in which a line begins that has not ended; undefined if there is none. */
  get oldest(): number | undefined {
    let oldest: number | undefined;
    for (const { open } of this.#members.values()) {
      if (open !== null && (oldest === undefined || open.from < oldest)) oldest = open.from;
    }
    return oldest;
  }

  save(): RoomStateData {
    const runs = [...this.#runs.values()];
    const clients = new Map(runs.map((run) => [run, [] as number[]]));
    const members = [...this.#members];
    for (const [client, { run }] of members) clients.get(run)?.push(client);
    const those = (holds: (member: Member) => boolean): number[] =>
      members.filter(([, member]) => holds(member)).map(([client]) => client);
    return {
      next: this.next,
      runs: runs.map(({ epoch, last }) => [epoch, last]),
      dead: [...this.#dead],
      clients: [...clients.values()],
      silent: those(({ announced }) => !announced),
      outside: those(({ joined }) => !joined),
      open: members.flatMap(([client, { open }]) => (open === null ? [] : [[client, open.from, open.n]])),
    };
  }

  static from(state: RoomStateData): RoomState {
    const fold = new RoomState();
    fold.next = state.next;
    for (const epoch of state.dead) fold.#dead.add(epoch);
    const silent = new Set(state.silent);
    const outside = new Set(state.outside);
    const open = new Map(state.open.map(([client, from, n]) => [client, { parts: [], from, n, again: -1 }]));
    const members: [number, Member][] = [];
    for (const [i, [epoch, last]] of state.runs.entries()) {
      const run = { epoch, last };
      fold.#runs.set(epoch, run);
      for (const client of state.clients[i] ?? []) {
        const announced = !silent.has(client);
        const joined = !outside.has(client);
        members.push([client, { run, announced, joined, open: open.get(client) ?? null }]);
      }
    }
    // In the order of their ids, as they arrived.
    members.sort(([a], [b]) => a - b);
    for (const [client, member] of members) fold.#members.set(client, member);
    return fold;
  }

  #lines(
    member: Member,
    { client, bytes }: LogEvent & { kind: 'lines' },
    reader: RoomStateReader,
    time: number | undefined,
  ): void {
    const { open } = member;
    member.open = null;
    reader.onLines(client, open === null ? bytes : open.parts.join('') + bytes, time);
  }

  #openOf(client: number, run: Instance | undefined): Open | null {
    const member = this.#members.get(client);
    return member !== undefined && member.run === run ? member.open : null;
  }

  #down(epoch: string, reader: RoomStateReader, time: number | undefined): void {
    const run = this.#runs.get(epoch);
    if (run === undefined) return;
    this.#runs.delete(epoch);
    this.#dead.add(epoch);
    if (this.#dead.size > REMEMBERED) {
      for (const oldest of this.#dead) {
        this.#dead.delete(oldest);
        break;
      }
    }
    for (const [client, member] of this.#members) {
      if (member.run !== run) continue;
      this.#members.delete(client);
      reader.onLeft(client, !member.announced, time);
    }
  }
}
