import type { Engine, EngineReader } from '../../lib/room/shared/engine.js';
import type { Clock } from '../../lib/util/environment.js';
import type { SimulatedTime } from './simulated-time.js';

/** The faults of one relay's connection to the engine. */
export interface Faults {
  /** How long a message takes in each direction, in milliseconds. */
  delayMs(): number;
  /** Whether the next acknowledgement is lost, although the record is stored. */
  losesAcknowledgement(): boolean;
  /** Whether the next record is stored twice. */
  storesTwice(): boolean;
  losesHeartbeat(): boolean;
}

export const NO_FAULTS: Faults = {
  delayMs: () => 1,
  losesAcknowledgement: () => false,
  storesTwice: () => false,
  losesHeartbeat: () => false,
};

const MAX_RECORD_BYTES = 1024 * 1024;

/** A room in this process for several relays. */
export class FakeRoom {
  readonly records: { readonly bytes: Uint8Array; readonly time: number }[] = [];
  readonly snapshots: { readonly sequence: number; readonly bytes: Uint8Array }[] = [];
  readonly engines = new Set<FakeEngine>();
  identity = 'first';
  firstSequence = 1;
  /** The size limit of the engine. A connection learns it when it opens, reconnects or is refused a record. */
  maxRecordBytes = MAX_RECORD_BYTES;
  /** The error with which the engine refuses each record. */
  refusal: Error | undefined;
  readonly time: SimulatedTime;

  constructor(time: SimulatedTime) {
    this.time = time;
  }

  /** Connects one more relay to the room. */
  open(faults: Faults = NO_FAULTS, maxRecordBytes = this.maxRecordBytes): FakeEngine {
    this.maxRecordBytes = maxRecordBytes;
    const engine = new FakeEngine(this, faults);
    this.engines.add(engine);
    return engine;
  }

  append(bytes: Uint8Array): void {
    this.records.push({ bytes, time: this.time.clock.date() });
    for (const engine of this.engines) engine.deliver();
  }
}

/** One relay's connection to a {@link FakeRoom}, and the process of that relay. */
export class FakeEngine implements Engine {
  readonly identity: string;
  readonly firstSequence: number;
  readonly lastSequence: number;
  maxRecordBytes: number;
  /** The clock of the relay's process. */
  readonly clock: Clock;
  isStopped = false;
  isClosed = false;
  /** How many of the next snapshots fail to be saved. */
  failingSnapshots = 0;
  /** The error of these failures. */
  snapshotError = new Error('no answer');
  readonly #room: FakeRoom;
  readonly #faults: Faults;
  #isDisconnected = false;
  #isDead = false;
  #isPaused = false;
  #isDelivering = false;
  #reader: EngineReader | null = null;
  #nextSequence = 1;
  /** Callbacks that wait for the stopped process to continue. */
  #held: (() => void)[] = [];
  #lastHeartbeatAt = 0;

  constructor(room: FakeRoom, faults: Faults) {
    this.#room = room;
    this.#faults = faults;
    this.maxRecordBytes = room.maxRecordBytes;
    this.identity = room.identity;
    this.firstSequence = room.firstSequence;
    this.lastSequence = room.records.length;
    this.clock = { ...room.time.clock, setTimer: (ms, callback) => this.#setTimer(ms, callback) };
  }

  get isDead(): boolean {
    return this.#isDead;
  }

  publish(_id: string, record: Uint8Array): Promise<void> {
    const copy = Uint8Array.from(record);
    return new Promise((resolve, reject) => {
      const answer = (callback: () => void): void => void this.#setTimer(this.#faults.delayMs(), callback);
      this.#setTimer(this.#faults.delayMs(), () => {
        if (this.#isDisconnected) {
          answer(() => reject(new Error('disconnected')));
          return;
        }
        const { refusal, maxRecordBytes } = this.#room;
        if (refusal !== undefined || copy.length > maxRecordBytes) {
          answer(() => {
            this.maxRecordBytes = maxRecordBytes;
            reject(refusal ?? new Error('too large'));
          });
          return;
        }
        this.#room.append(copy);
        if (this.#faults.storesTwice()) this.#room.append(copy);
        if (this.#faults.losesAcknowledgement()) answer(() => reject(new Error('no answer')));
        else answer(resolve);
      });
    });
  }

  read(fromSequence: number, reader: EngineReader): void {
    this.#nextSequence = fromSequence;
    this.#reader = reader;
    this.deliver();
  }

  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
    this.deliver();
  }

  sendHeartbeat(bytes: Uint8Array): void {
    if (this.#isDisconnected || this.#isDead) return;
    for (const engine of this.#room.engines) {
      if (!this.#faults.losesHeartbeat()) engine.receiveHeartbeat(bytes);
    }
  }

  receiveHeartbeat(bytes: Uint8Array): void {
    const { now } = this.#room.time;
    // Heartbeats keep their order.
    this.#lastHeartbeatAt = Math.max(now + this.#faults.delayMs(), this.#lastHeartbeatAt);
    this.#setTimer(this.#lastHeartbeatAt - now, () => {
      if (!this.#isDisconnected) this.#reader?.onHeartbeat(bytes);
    });
  }

  async loadSnapshot(isValid: (bytes: Uint8Array) => boolean): Promise<Uint8Array | undefined> {
    return this.#room.snapshots.findLast(({ bytes }) => isValid(bytes))?.bytes;
  }

  async saveSnapshot(sequence: number, bytes: Uint8Array): Promise<void> {
    if (this.#isDisconnected || this.#isDead) throw new Error('disconnected');
    if (this.failingSnapshots-- > 0) throw this.snapshotError;
    this.#room.snapshots.push({ sequence, bytes });
  }

  async close(): Promise<void> {
    this.isClosed = true;
    this.kill();
  }

  /** Breaks the connection; both ends notice. */
  disconnect(): void {
    if (this.#isDisconnected) return;
    this.#isDisconnected = true;
    this.#setTimer(0, () => {
      if (this.#isDisconnected) this.#reader?.onOutage(new Error('disconnected'));
    });
  }

  reconnect(): void {
    if (!this.#isDisconnected) return;
    this.#isDisconnected = false;
    this.maxRecordBytes = this.#room.maxRecordBytes;
    this.#setTimer(0, () => {
      if (!this.#isDisconnected) this.#reader?.onReconnect();
    });
    this.deliver();
  }

  /** Stops the relay's process, as SIGSTOP does. */
  stop(): void {
    this.isStopped = true;
  }

  continue(): void {
    this.isStopped = false;
    const held = this.#held;
    this.#held = [];
    for (const callback of held) callback();
    this.deliver();
  }

  /** Ends the relay's process, as SIGKILL does. Messages in flight can still arrive. */
  kill(): void {
    this.#isDead = true;
    this.#held = [];
    this.#room.engines.delete(this);
  }

  /** Delivers the next record, if the relay can take it. */
  deliver(): void {
    const canDeliver = !this.#isPaused && !this.#isDisconnected && !this.#isDead && this.#reader !== null;
    if (this.#isDelivering || !canDeliver || this.#nextSequence > this.#room.records.length) return;
    this.#isDelivering = true;
    this.#setTimer(this.#faults.delayMs(), () => {
      this.#isDelivering = false;
      const record = this.#room.records[this.#nextSequence - 1];
      if (this.#isPaused || this.#isDisconnected || record === undefined) return;
      this.#reader?.onRecord(this.#nextSequence++, record.time, record.bytes);
      this.deliver();
    });
  }

  #setTimer(ms: number, callback: () => void): () => void {
    return this.#room.time.setTimer(ms, () => {
      if (this.#isDead) return;
      if (this.isStopped) this.#held.push(callback);
      else callback();
    });
  }
}
