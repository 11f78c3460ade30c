import type { Engine, EngineReader } from '../../lib/room/shared/engine.js';
import type { Clock } from '../../lib/util/environment.js';

interface Timer {
  readonly at: number;
  readonly order: number;
  readonly callback: () => void;
}

/** Time that goes on as fast as it can be worked off. */
export class Simulation {
  time = 0;
  #timers: Timer[] = [];
  #order = 0;

  readonly clock: Clock = {
    now: () => this.time,
    date: () => 1e12 + this.time,
    setTimer: (ms, callback) => this.after(ms, callback),
    setImmediate: (callback) => void this.after(0, callback),
  };

  after(ms: number, callback: () => void): () => void {
    const timer = { at: this.time + ms, order: this.#order++, callback };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  }

  async advance(ms: number): Promise<void> {
    const until = this.time + ms;
    await turn();
    for (;;) {
      let next: Timer | undefined;
      for (const timer of this.#timers) {
        if (next === undefined || timer.at < next.at || (timer.at === next.at && timer.order < next.order)) {
          next = timer;
        }
      }
      if (next === undefined || next.at > until) break;
      this.#timers.splice(this.#timers.indexOf(next), 1);
      this.time = Math.max(this.time, next.at);
      next.callback();
      await turn();
    }
    this.time = until;
  }
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** What happens to one relay, and to its way to the engine. */
export interface Weather {
  /** How long a message takes, in ms, each way. */
  delay(): number;
  /** Whether the next acknowledgement is lost, though the record is there. */
  ackLost(): boolean;
  /** Whether the next record is there twice. */
  doubled(): boolean;
  beatLost(): boolean;
}

export const FAIR: Weather = {
  delay: () => 1,
  ackLost: () => false,
  doubled: () => false,
  beatLost: () => false,
};

/** A room in this process, for several relays, which loses, delays and doubles what it is told to. */
export class FakeRoom {
  readonly records: { readonly bytes: Uint8Array; readonly time: number }[] = [];
  readonly engines = new Set<FakeEngine>();
  rosters: { readonly asOf: number; readonly bytes: Uint8Array }[] = [];
  identity = 'made once';
  first = 1;
  readonly simulation: Simulation;

  constructor(simulation: Simulation) {
    this.simulation = simulation;
  }

  open(weather: Weather = FAIR, most = 1024 * 1024): FakeEngine {
    const engine = new FakeEngine(this, weather, most);
    this.engines.add(engine);
    return engine;
  }

  append(bytes: Uint8Array): void {
    this.records.push({ bytes, time: this.simulation.clock.date() });
    for (const engine of this.engines) engine.pump();
  }
}

export class FakeEngine implements Engine {
  readonly identity: string;
  readonly first: number;
  readonly last: number;
  readonly maxRecordBytes: number;
  /** Time stands for this relay, and so does all that it does. */
  stopped = false;
  closed = false;
  /** So many rosters are not kept. */
  forgetful = 0;
  readonly clock: Clock;
  readonly #room: FakeRoom;
  readonly #weather: Weather;
  #cut = false;
  #dead = false;
  #paused = false;
  #reader: EngineReader | null = null;
  #next = 1;
  #pumping = false;
  #held: (() => void)[] = [];
  #beatsAt = 0;

  constructor(room: FakeRoom, weather: Weather, most: number) {
    this.#room = room;
    this.#weather = weather;
    this.maxRecordBytes = most;
    this.identity = room.identity;
    this.first = room.first;
    this.last = room.records.length;
    const { clock } = room.simulation;
    this.clock = { ...clock, setTimer: (ms, callback) => this.#after(ms, callback) };
  }

  publish(_id: string, record: Uint8Array): Promise<void> {
    const copy = Uint8Array.from(record);
    return new Promise((resolve, reject) => {
      const fail = (why: string): void => this.#soon(() => reject(new Error(why)));
      this.#after(this.#weather.delay(), () => {
        if (this.#cut) {
          fail('cut off');
          return;
        }
        this.#room.append(copy);
        if (this.#weather.doubled()) this.#room.append(copy);
        if (this.#weather.ackLost()) fail('no answer');
        else this.#soon(resolve);
      });
    });
  }

  read(from: number, reader: EngineReader): void {
    this.#next = from;
    this.#reader = reader;
    this.pump();
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    this.pump();
  }

  heartbeat(bytes: Uint8Array): void {
    if (this.#cut || this.#dead) return;
    for (const engine of this.#room.engines) if (!this.#weather.beatLost()) engine.hear(bytes);
  }

  hear(bytes: Uint8Array): void {
    // None overtakes another, and none gets through to who is cut off.
    this.#beatsAt = Math.max(this.#room.simulation.time + this.#weather.delay(), this.#beatsAt);
    this.#after(this.#beatsAt - this.#room.simulation.time, () => {
      if (!this.#cut) this.#reader?.onHeartbeat(bytes);
    });
  }

  async snapshot(): Promise<Uint8Array | undefined> {
    return this.#room.rosters.at(-1)?.bytes;
  }

  async saveSnapshot(asOf: number, bytes: Uint8Array): Promise<void> {
    if (this.#cut || this.#dead) throw new Error('cut off');
    if (this.forgetful-- > 0) throw new Error('no answer');
    this.#room.rosters.push({ asOf, bytes });
  }

  async close(): Promise<void> {
    this.closed = true;
    this.kill();
  }

  /** As a connection that is lost, of which both ends are told. */
  cut(): void {
    if (this.#cut) return;
    this.#cut = true;
    this.#after(0, () => {
      if (this.#cut) this.#reader?.onOutage(new Error('cut off'));
    });
  }

  heal(): void {
    if (!this.#cut) return;
    this.#cut = false;
    this.#after(0, () => {
      if (!this.#cut) this.#reader?.onReconnect();
    });
    this.pump();
  }

  stop(): void {
    this.stopped = true;
  }

  continue(): void {
    this.stopped = false;
    const held = this.#held;
    this.#held = [];
    for (const callback of held) callback();
    this.pump();
  }

  /** As with SIGKILL: what it has given to the engine may still get there. */
  kill(): void {
    this.#dead = true;
    this.#held = [];
    this.#room.engines.delete(this);
  }

  get isDead(): boolean {
    return this.#dead;
  }

  pump(): void {
    const blocked = this.#pumping || this.#paused || this.#cut || this.#dead || this.#reader === null;
    if (blocked || this.#next > this.#room.records.length) return;
    this.#pumping = true;
    this.#after(this.#weather.delay(), () => {
      this.#pumping = false;
      const record = this.#room.records[this.#next - 1];
      if (this.#paused || this.#cut || record === undefined) return;
      this.#reader?.onRecord(this.#next++, record.time, record.bytes);
      this.pump();
    });
  }

  #soon(callback: () => void): void {
    this.#after(this.#weather.delay(), callback);
  }

  #after(ms: number, callback: () => void): () => void {
    return this.#room.simulation.after(ms, () => {
      if (this.#dead) return;
      if (this.stopped) this.#held.push(callback);
      else callback();
    });
  }
}
