import { type Clock, nodeEnvironment } from '../../util/environment.js';
import { MiniServError } from '../../util/errors.js';
import type { EventLog, EventLogReader, LogEvent, RoomStateReader } from '../event-log.js';
import { type LogRecord, RoomState } from '../room-state.js';
import type { Engine } from './engine.js';
import { FailureDetector } from './failure-detector.js';
import { Outage } from './outage.js';
import { Outbox } from './outbox.js';
import { decodeRecord } from './record.js';
import { decodeSnapshot, encodeSnapshot, type Snapshot } from './snapshot.js';

/** A roster is due after so many records, or bytes of them: that much is read by who joins a room, at most. */
const DUE = { records: 2000, bytes: 8 * 1024 * 1024 };
/** What a relay has said is in a roster after this, in ms, however little it is. */
const SOON = 5000;

export interface SharedLogOptions {
  readonly engine: Engine;
  readonly clock?: Clock;
  /** How often a relay shows that it lives, in ms. Five that are missing are its end. Default 1,000. */
  readonly heartbeatMs?: number;
  /** How long the engine may be out of reach before the room is given up, in ms. Default: for ever. */
  readonly timeout?: number | undefined;
  /** The name of this process run; it must be new. Default: a random one. */
  readonly instanceId?: string;
  /** What the engine is called when something is said about it. */
  readonly name?: string;
}

const NOBODY: RoomStateReader = { onIdAssigned() {}, onJoined() {}, onLines() {}, onLeft() {} };

/**
 * Joins a room: reads its roster, and then what was said since.
 *
 * @throws {MiniServError} ERR_ROOM_FOREIGN, ERR_ROOM_GAP if what the engine has is not a room, or not all of it
 */
export async function joinRoom(options: SharedLogOptions): Promise<SharedLog> {
  const { engine } = options;
  const kept = await engine.snapshot();
  let roster: Snapshot | undefined;
  try {
    if (kept !== undefined) roster = decodeSnapshot(kept);
  } catch (cause) {
    throw new MiniServError('ERR_ROOM_FOREIGN', 'what is kept as the roster of the room is none', { cause });
  }
  if (roster !== undefined && roster.identity !== engine.identity) {
    const message =
      'the log of the room is another one than its roster is of: it was made anew, or is foreign';
    throw new MiniServError('ERR_ROOM_FOREIGN', message);
  }
  const asOf = roster?.asOf ?? 0;
  if (asOf > engine.last) {
    const message = `the log of the room has gone backwards: it ends at ${engine.last}, and was at ${asOf} before`;
    throw new MiniServError('ERR_ROOM_FOREIGN', message);
  }
  const log = new SharedLog(options, roster);
  if (engine.first > log.from) {
    const message = `the engine keeps the room from ${engine.first} on, and its roster is as of ${log.from - 1}`;
    throw new MiniServError('ERR_ROOM_GAP', message);
  }
  try {
    await log.join();
    return log;
  } catch (error) {
    await log.destroy();
    throw error;
  }
}

/** The log of a room that several relays share, over an engine. */
export class SharedLog implements EventLog {
  /** The place from which on records are to be read. */
  readonly from: number;
  readonly #engine: Engine;
  readonly #clock: Clock;
  readonly #fold: RoomState;
  readonly #outbox: Outbox;
  readonly #away: Outage;
  readonly #every: number;
  #watch: FailureDetector | null = null;
  #reader: EventLogReader | null = null;
  #place: number;
  #time: number;
  #records: number;
  #bytes: number;
  #kept: number;
  #state: 'open' | 'closing' | 'ended' = 'open';
  #caughtUp: (error?: Error) => void = () => {};
  #ended: () => void = () => {};
  #cancelKeep: (() => void) | null = null;
  /** A roster was not kept, and is to be: nobody else will, and without it a room cannot be joined for ever. */
  #owing = false;
  #taken = false;
  #destroyed = false;
  #lost: MiniServError | null = null;

  constructor(
    {
      engine,
      clock = nodeEnvironment.clock,
      heartbeatMs: beat = 1000,
      timeout,
      instanceId: epoch,
      name = 'the engine',
    }: SharedLogOptions,
    roster?: Snapshot,
  ) {
    this.#engine = engine;
    this.#clock = clock;
    this.#every = beat;
    this.#fold = roster === undefined ? new RoomState() : RoomState.from(roster.fold);
    this.#place = roster?.asOf ?? 0;
    this.#kept = this.#place;
    this.#time = roster?.time ?? 0;
    this.#records = roster?.records ?? 0;
    this.#bytes = roster?.bytes ?? 0;
    this.from = this.#fold.oldest ?? this.#place + 1;
    this.#away = new Outage({
      clock,
      name,
      timeout,
      away: (reason) => this.#reader?.onOutage(reason),
      back: () => {
        this.#outbox.retry();
        if (this.#owing) void this.#keep();
        this.#reader?.onReconnect();
        if (!this.isFull) this.#reader?.onDrain();
      },
      lost: (reason) => this.#lose(reason),
    });
    this.#outbox = new Outbox({
      engine,
      clock,
      epoch,
      room: () => {
        if (!this.isFull) this.#reader?.onDrain();
      },
      failed: (error) => this.#away.is('publishing', error),
      took: () => this.#away.isNot('publishing'),
    });
  }

  get isFull(): boolean {
    return this.#away.now || this.#outbox.full;
  }

  /** Who is in the room, and what its next id is: for specs, and for who wants to know. */
  get fold(): RoomState {
    return this.#fold;
  }

  /** This process run, in the log. */
  get epoch(): string {
    return this.#outbox.epoch;
  }

  /** Done when all is read that was said before. */
  async join(): Promise<void> {
    const { last } = this.#engine;
    const caughtUp = new Promise<void>((resolve, reject) => {
      this.#caughtUp = (error) => (error === undefined ? resolve() : reject(error));
    });
    this.#engine.read(this.from, {
      onRecord: (place, time, bytes) => this.#record(place, time, bytes),
      onHeartbeat: (bytes) => this.#watch?.beat(bytes),
      onOutage: (reason) => this.#away.is('connection', reason),
      onReconnect: () => this.#away.isNot('connection'),
      onLost: (reason) => this.#lose(reason),
    });
    if (this.#place >= last) this.#arrive();
    await caughtUp;
  }

  read(reader: EventLogReader): void {
    if (this.#taken) throw new MiniServError('ERR_STATE', 'the room belongs to another relay already');
    if (this.#destroyed || (this.#state !== 'open' && this.#lost === null)) {
      throw new MiniServError('ERR_STATE', 'the room is closed');
    }
    this.#taken = true;
    this.#reader = reader;
    this.#watch = new FailureDetector({
      clock: this.#clock,
      epoch: this.epoch,
      every: this.#every,
      send: (beat) => this.#engine.heartbeat(beat),
      epochs: () => this.#fold.epochs,
      away: () => this.#away.now,
      accuse: (instanceId) => this.append({ kind: 'down', instanceId }),
      deaf: (deaf) => {
        if (deaf) this.#away.is('beats', new Error('what is sent to it does not come back'));
        else this.#away.isNot('beats');
      },
    });
    const { now } = this.#away;
    if (this.#lost !== null) reader.onLost(this.#lost);
    else if (now) this.#away.say();
    this.#engine.resume();
  }

  append(event: LogEvent): void {
    if (this.#state !== 'ended') this.#outbox.push(event);
  }

  resume(): void {
    if (this.#state !== 'ended' && this.#reader?.isFull() === false) this.#engine.resume();
  }

  /** Its clients have left: they all do with its own end, so that nobody has to find it dead. */
  async close(): Promise<void> {
    if (this.#state !== 'open') return;
    this.#state = 'closing';
    // Of a relay that has never said anything nobody knows.
    if (this.#outbox.bytes === 0 && !this.#fold.knows(this.epoch)) return;
    const ended = new Promise<void>((resolve) => {
      this.#ended = resolve;
    });
    this.append({ kind: 'down', instanceId: this.epoch });
    await ended;
    // The last one to go leaves the room in order.
    await this.#keep();
  }

  async destroy(): Promise<void> {
    this.#destroyed = true;
    const unsaid = this.#outbox.bytes;
    const open = this.#state !== 'ended' || this.#lost !== null;
    if (unsaid > 0 && open && this.#reader !== null) {
      const message = `${unsaid} bytes of what was said here have not reached the room`;
      this.#reader.onWarning(new MiniServError('ERR_ROOM_UNREACHABLE', message));
    }
    this.#stop();
    this.#reader = null;
    await this.#engine.close();
  }

  #stop(): void {
    this.#state = 'ended';
    this.#watch?.stop();
    this.#away.stop();
    this.#outbox.close();
    this.#cancelKeep?.();
    this.#engine.pause();
  }

  #lose(reason: MiniServError): void {
    if (this.#lost !== null || this.#state === 'ended') return;
    this.#lost = reason;
    this.#stop();
    this.#caughtUp(reason);
    this.#ended();
    this.#reader?.onLost(reason);
  }

  #arrive(): void {
    // Until somebody reads.
    this.#engine.pause();
    this.#caughtUp();
  }

  #record(place: number, time: number, bytes: Uint8Array): void {
    if (this.#state === 'ended') return;
    let record: LogRecord;
    try {
      record = decodeRecord(bytes);
    } catch (cause) {
      const message = `record ${place} is none of a room: something else is written to its log`;
      this.#lose(new MiniServError('ERR_ROOM_FOREIGN', message, { cause }));
      return;
    }
    if (place <= this.#place) {
      this.#fold.again(record, place);
      return;
    }
    this.#place = place;
    // The clocks of the engine's servers need not agree; what is said later has no earlier time.
    this.#time = Math.max(this.#time, time);
    this.#watch?.alive(record.instanceId);
    const own = this.epoch;
    if (record.instanceId === own) this.#outbox.read(record.n);
    const missing = this.#fold.apply(record, this.#reader ?? NOBODY, own, place, this.#time);
    if (missing > 0) this.#miss(record.instanceId, missing);
    this.#weigh(record.instanceId === own, bytes.length);
    if (this.#fold.isDown(own)) this.#down();
    if (this.#reader === null && place >= this.#engine.last) this.#arrive();
    if (this.#reader?.isFull() === true) this.#engine.pause();
  }

  #miss(epoch: string, missing: number): void {
    const message = `the engine has lost ${missing} records of the room, which it had acknowledged`;
    const error = new MiniServError('ERR_ROOM_GAP', message);
    // Who waits for what was in them would wait for ever.
    if (epoch === this.epoch) this.#lose(error);
    else this.#reader?.onWarning(error);
  }

  #down(): void {
    if (this.#state === 'closing') {
      this.#ended();
      return;
    }
    const message =
      'this relay was taken for dead, and the room has gone on without it: its clients have left';
    this.#lose(new MiniServError('ERR_ROOM_DOWN', message));
  }

  /** The one who said what makes a roster due is the one who keeps it, so that one does. */
  #weigh(own: boolean, bytes: number): void {
    this.#records++;
    this.#bytes += bytes;
    const due = this.#records >= DUE.records || this.#bytes >= DUE.bytes;
    if (due) {
      this.#records = 0;
      this.#bytes = 0;
    }
    if (!own || this.#state === 'ended') return;
    if (due) void this.#keep();
    else this.#cancelKeep ??= this.#clock.setTimer(SOON, () => void this.#keep());
  }

  async #keep(): Promise<void> {
    this.#cancelKeep?.();
    this.#cancelKeep = null;
    if (this.#kept === this.#place || this.#lost !== null) return;
    const place = this.#place;
    const roster = encodeSnapshot({
      v: 1,
      identity: this.#engine.identity,
      asOf: place,
      time: this.#time,
      records: this.#records,
      bytes: this.#bytes,
      fold: this.#fold.save(),
    });
    try {
      await this.#engine.saveSnapshot(place, roster);
      this.#kept = Math.max(this.#kept, place);
      this.#owing = false;
    } catch {
      this.#owing = true;
      if (this.#state === 'open') this.#cancelKeep ??= this.#clock.setTimer(SOON, () => void this.#keep());
    }
  }
}
