import { createRelay, type MiniServError, type Relay } from '../../lib/index.js';
import { random } from '../support/random.js';
import { SimulatedClock } from './clock.js';
import { Connection } from './connection.js';
import { SimulatedDisk } from './disk.js';
import { Peer } from './peer.js';
import type { Schedule, Setup, Step } from './schedule.js';
import { SimulatedTranscript } from './transcript.js';
import { Held, TRANSFORMS, type Transforming } from './transforms.js';

/** What was said, in the order of the log. `nth` counts the lines of one client. */
export type Entry =
  | { readonly kind: 'arrived' | 'left'; readonly client: number }
  | { readonly kind: 'line'; readonly client: number; readonly nth: number; readonly text: string };

/** `client 7: `, in bytes. */
const PREFIX = 10;

/** What lines take in the log. */
function bytesOf(lines: readonly string[]): number {
  return lines.reduce((sum, { length }) => sum + PREFIX + length + 1, 0);
}

/** Done when all that follows from what has just happened has happened, too. */
const settled = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

/** A relay in a world that does what a schedule says. */
export class Simulation {
  readonly setup: Setup;
  readonly transforming: Transforming;
  readonly clock = new SimulatedClock();
  readonly disk: SimulatedDisk;
  readonly relay: Relay;
  readonly peers: Peer[] = [];
  readonly transcripts: SimulatedTranscript[] = [];
  readonly log: Entry[] = [];
  readonly warnings: MiniServError[] = [];
  /** How often it was told that senders wait for the disk, and that they go on. */
  readonly told = { full: 0, room: 0 };
  /** What failed, if it was asked to: read, write, open, full. */
  readonly injected = new Set<string>();
  /** The first thing that went wrong where nobody could catch it. */
  uncaught: Error | null = null;
  readonly #random: () => number;
  readonly #held = new Held();
  readonly #counts = new Map<number, number>();
  readonly #look: (simulation: Simulation) => void;
  #diskIsSlow = false;

  /** @param look looks at the room after each step */
  constructor(setup: Setup, look: (simulation: Simulation) => void) {
    this.setup = setup;
    this.#look = look;
    this.#random = random(setup.seed);
    this.disk = new SimulatedDisk(this.#random);
    this.transforming = TRANSFORMS[setup.transform](this.#held, setup);
    const { segmentSize, memory, window, spillLimit, maxLine, bypass } = setup;
    this.relay = createRelay({
      segmentBytes: segmentSize,
      memoryBytes: memory * segmentSize,
      windowBytes: window,
      ...(spillLimit === undefined ? {} : { spillLimitBytes: spillLimit * segmentSize }),
      ...(maxLine === undefined ? {} : { maxLineBytes: maxLine }),
      transforms: this.transforming.transforms,
      onTransformError: bypass ? 'bypass' : 'close',
      spillDir: '/simulated',
      environment: { clock: this.clock, fs: this.disk },
    });
    this.relay.on('joined', (client) => this.log.push({ kind: 'arrived', client }));
    this.relay.on('left', (client) => this.log.push({ kind: 'left', client }));
    this.relay.on('line', (client, text) => {
      const nth = this.#counts.get(client) ?? 0;
      this.#counts.set(client, nth + 1);
      this.log.push({ kind: 'line', client, nth, text });
    });
    this.relay.on('warning', (warning) => {
      this.warnings.push(warning);
      if (warning.code === 'ERR_SPILL_FULL') this.told.full++;
    });
    this.relay.on('spillDrained', () => this.told.room++);
    for (let i = 0; i < setup.clients; i++) this.#connect(true);
    for (let i = 0; i < setup.transcripts; i++) this.#transcribe(true);
  }

  async play({ steps }: Schedule): Promise<void> {
    for (const step of steps) {
      await this.#take(step);
      this.#look(this);
    }
  }

  /** Nothing is wrong with the world any more. */
  heal(): void {
    this.disk.full = false;
    this.disk.short = false;
    this.disk.failures.read = 0;
    this.disk.failures.write = 0;
    this.disk.failures.open = 0;
    this.#diskIsSlow = false;
    this.#held.open = true;
    this.#held.release(this.#held.size);
  }

  /** All who can read do. */
  wake(): void {
    for (const reader of [...this.peers, ...this.transcripts]) reader.reading = true;
  }

  /** Lets time pass until it is so. Gives false if it does not become so, whatever happens. */
  async until(holds: () => boolean): Promise<boolean> {
    await this.#settle();
    for (let round = 0, pause = 10; round < 30_000; round++) {
      if (await this.#turn(4096)) continue;
      this.#look(this);
      if (holds()) return true;
      // A reader counts as stopped after 20 s at most, and all else takes less.
      if (pause > 120_000) return false;
      this.clock.advance(pause);
      pause *= 1.5;
      await this.#settle();
    }
    return false;
  }

  /** Closes the relay; false if that does not come to its end. */
  async close(grace: number): Promise<boolean> {
    let closed = false;
    this.disk.closing = true;
    void this.relay.close(grace).then(() => {
      closed = true;
    });
    return this.until(() => closed && this.disk.busy === 0);
  }

  #connect(reading: boolean): void {
    const connection = new Connection(this.setup.capacity);
    const id = this.peers.length;
    this.peers.push(new Peer(id, connection, reading));
    this.relay.handle(connection).id.then(
      (assigned) => {
        if (assigned !== id) this.uncaught = new Error(`expected client ${id}, got client ${assigned}`);
      },
      (error) => {
        this.uncaught = error;
      },
    );
  }

  #transcribe(reading: boolean): void {
    const transcript = new SimulatedTranscript(this.log.length, reading);
    this.transcripts.push(transcript);
    this.relay.addReader(transcript);
  }

  async #take(step: Step): Promise<void> {
    const peer = 'who' in step ? (this.peers[step.who % this.peers.length] as Peer) : undefined;
    switch (step.do) {
      case 'turn':
        for (let turn = 0; turn < step.times; turn++) await this.#turn(300);
        break;
      case 'send':
        peer?.say(this.#text(step.lines, step.longest, step.partial));
        break;
      case 'stop':
      case 'resume':
        if (peer !== undefined) peer.reading = step.do === 'resume';
        break;
      case 'fin':
        peer?.fin();
        break;
      case 'rst':
        peer?.rst();
        break;
      case 'take':
        peer?.take(step.bytes);
        break;
      case 'connect':
        if (this.peers.length < 8) this.#connect(step.reading);
        break;
      case 'pass':
        this.clock.advance(step.ms);
        break;
      case 'jump':
        this.clock.jump(step.ms);
        break;
      case 'disk':
        this.disk.full = step.is === 'full';
        this.disk.short = step.is === 'short';
        this.#diskIsSlow = step.is === 'slow';
        this.injected.add(step.is);
        break;
      case 'fail':
        this.disk.failures[step.what] += step.times;
        this.injected.add(step.what);
        break;
      case 'transcript':
        if (this.transcripts.length < 3) this.#transcribe(step.reading);
        break;
      case 'release':
        this.#held.release(step.answers);
        break;
      default:
        step satisfies never;
    }
    await this.#settle();
  }

  /** Lines of any bytes but `\n`, some of them like the relay's own. */
  #text(lines: number, longest: number, partial: number): string {
    let text = '';
    for (let line = 0; line < lines; line++) text += `${this.#line(longest)}\n`;
    return text + this.#line(partial);
  }

  #line(longest: number): string {
    const length = Math.floor(this.#random() * (longest + 1));
    if (length > 30 && this.#random() < 0.2) return 'server: client 0 just left';
    let line = '';
    for (let i = 0; i < length; i++) {
      const byte = Math.floor(this.#random() * 256);
      line += byte === 10 ? '\r' : String.fromCharCode(byte);
    }
    return line;
  }

  /**
   * A turn of the event loop: all that is under way in the world may come to something, in any order.
   *
   * @param most the most bytes that the network moves at a time
   * @returns whether anything happened
   */
  async #turn(most: number): Promise<boolean> {
    const happenings: (() => void)[] = [];
    const some = (): number => 1 + Math.floor(this.#random() * most);
    for (const peer of this.peers) {
      const { connection, reading, owed } = peer;
      if (connection.deliverable) happenings.push(() => this.#deliver(peer, some()));
      if (reading && owed) happenings.push(() => peer.take(some()));
    }
    for (const transcript of this.transcripts) {
      if (transcript.reading && transcript.owed) happenings.push(() => transcript.take());
    }
    for (let n = this.disk.busy; n > 0; n--) {
      if (!this.#diskIsSlow || this.#random() < 0.1) happenings.push(() => this.disk.complete());
    }
    if (this.clock.due > 0) happenings.push(() => this.clock.turn());
    if (this.#held.size > 0 && this.#random() < 0.5) happenings.push(() => this.#held.release(1));
    const any = happenings.length > 0 || this.disk.busy > 0;
    while (happenings.length > 0) {
      const [happen] = happenings.splice(Math.floor(this.#random() * happenings.length), 1);
      happen?.();
      await this.#settle();
    }
    return any;
  }

  #deliver(peer: Peer, most: number): void {
    const { id, connection, lines } = peer;
    const said = this.#counts.get(id);
    const before = connection.linesRead;
    connection.deliver(most);
    const given = this.transforming.lines(lines.slice(before, connection.linesRead));
    const unsaid = this.transforming.lines(lines.slice(0, connection.linesRead)).slice(said);
    peer.mostAtOnce = Math.max(peer.mostAtOnce, bytesOf(given));
    peer.mostUnsaid = Math.max(peer.mostUnsaid, bytesOf(unsaid));
  }

  async #settle(): Promise<void> {
    await settled();
    if (this.uncaught !== null) throw this.uncaught;
  }
}
