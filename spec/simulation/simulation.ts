import { createRelay, type MiniServError, type Relay } from '../../lib/index.js';
import { random } from '../support/random.js';
import { Peer } from './peer.js';
import type { Schedule, Setup, Step } from './schedule.js';
import { SimulatedClock } from './simulated-clock.js';
import { SimulatedConnection } from './simulated-connection.js';
import { SimulatedDisk } from './simulated-disk.js';
import { SimulatedTranscript } from './simulated-transcript.js';
import { HeldResults, TRANSFORMS, type TransformEffect } from './simulated-transforms.js';

/** An entry of the log, in its order. `nth` counts the lines of one client from 0. */
export type Entry =
  | { readonly kind: 'arrived' | 'left'; readonly client: number }
  | { readonly kind: 'line'; readonly client: number; readonly nth: number; readonly text: string };

const PREFIX_BYTES = 'client 7: '.length;
const MAX_PEERS = 8;
const MAX_TRANSCRIPTS = 3;
/** How much the network moves at once: during the steps, and when the room is to come to rest. */
const MAX_CHUNK_BYTES = 300;
const MAX_REST_CHUNK_BYTES = 4096;
/** No timer of the relay takes longer: a reader counts as stalled after at most 20 s. */
const MAX_PAUSE_MS = 120_000;
const MAX_ROUNDS = 30_000;

function bytesInLog(lines: readonly string[]): number {
  return lines.reduce((sum, { length }) => sum + PREFIX_BYTES + length + 1, 0);
}

/** Settles when everything that follows from the last action in this turn of the event loop has run. */
const settled = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

/** A relay in a simulated environment that follows a schedule. */
export class Simulation {
  readonly setup: Setup;
  readonly transforms: TransformEffect;
  readonly clock = new SimulatedClock();
  readonly disk: SimulatedDisk;
  readonly relay: Relay;
  readonly peers: Peer[] = [];
  readonly transcripts: SimulatedTranscript[] = [];
  readonly log: Entry[] = [];
  readonly warnings: MiniServError[] = [];
  /** How often a full disk, and the end of that, were reported. */
  readonly reports = { full: 0, drained: 0 };
  /** The kinds of failures that the schedule has caused: read, write, open, full, short, slow. */
  readonly injected = new Set<string>();
  /** The first error that no code has caught. */
  uncaught: Error | null = null;
  readonly #random: () => number;
  readonly #held = new HeldResults();
  readonly #relayedLines = new Map<number, number>();
  readonly #check: (simulation: Simulation) => void;
  #isDiskSlow = false;

  /** @param check is called after each step */
  constructor(setup: Setup, check: (simulation: Simulation) => void) {
    this.setup = setup;
    this.#check = check;
    this.#random = random(setup.seed);
    this.disk = new SimulatedDisk(this.#random);
    this.transforms = TRANSFORMS[setup.transform](this.#held, setup);
    const { segmentBytes, memorySegments, windowBytes, spillLimitSegments, maxLineBytes, bypass } = setup;
    this.relay = createRelay({
      segmentBytes,
      memoryBytes: memorySegments * segmentBytes,
      windowBytes,
      ...(spillLimitSegments === undefined ? {} : { spillLimitBytes: spillLimitSegments * segmentBytes }),
      ...(maxLineBytes === undefined ? {} : { maxLineBytes }),
      transforms: this.transforms.transforms,
      onTransformError: bypass ? 'bypass' : 'close',
      spillDir: '/simulated',
      environment: { clock: this.clock, fs: this.disk },
    });
    this.relay.on('joined', (client) => this.log.push({ kind: 'arrived', client }));
    this.relay.on('left', (client) => this.log.push({ kind: 'left', client }));
    this.relay.on('line', (client, text) => {
      const nth = this.#relayedLines.get(client) ?? 0;
      this.#relayedLines.set(client, nth + 1);
      this.log.push({ kind: 'line', client, nth, text });
    });
    this.relay.on('warning', (warning) => {
      this.warnings.push(warning);
      if (warning.code === 'ERR_SPILL_FULL') this.reports.full++;
    });
    this.relay.on('spillDrained', () => this.reports.drained++);
    for (let i = 0; i < setup.clients; i++) this.#connect(true);
    for (let i = 0; i < setup.transcripts; i++) this.#addTranscript(true);
  }

  async play({ steps }: Schedule): Promise<void> {
    for (const step of steps) {
      await this.#take(step);
      this.#check(this);
    }
  }

  /** Ends all failures and delays of the disk and the transforms. */
  repairEnvironment(): void {
    this.disk.isFull = false;
    this.disk.isShort = false;
    Object.assign(this.disk.failures, { read: 0, write: 0, open: 0 });
    this.#isDiskSlow = false;
    this.#held.isOpen = true;
    this.#held.release(this.#held.size);
  }

  resumeAllReaders(): void {
    for (const reader of [...this.peers, ...this.transcripts]) reader.isReading = true;
  }

  /** Lets time pass until the condition holds. Returns false if that does not happen. */
  async until(condition: () => boolean): Promise<boolean> {
    await this.#settle();
    for (let round = 0, pauseMs = 10; round < MAX_ROUNDS; round++) {
      if (await this.#turn(MAX_REST_CHUNK_BYTES)) continue;
      this.#check(this);
      if (condition()) return true;
      if (pauseMs > MAX_PAUSE_MS) return false;
      this.clock.advance(pauseMs);
      pauseMs *= 1.5;
      await this.#settle();
    }
    return false;
  }

  /** Closes the relay. Returns false if the close does not end. */
  async close(graceMs: number): Promise<boolean> {
    let isClosed = false;
    this.disk.isClosing = true;
    void this.relay.close(graceMs).then(() => {
      isClosed = true;
    });
    return this.until(() => isClosed && this.disk.operationsInProgress === 0);
  }

  #connect(isReading: boolean): void {
    const connection = new SimulatedConnection(this.setup.socketBytes);
    const id = this.peers.length;
    this.peers.push(new Peer(id, connection, isReading));
    this.relay.handle(connection).id.then(
      (assigned) => {
        if (assigned !== id) this.uncaught = new Error(`expected client ${id}, got client ${assigned}`);
      },
      (error) => {
        this.uncaught = error;
      },
    );
  }

  #addTranscript(isReading: boolean): void {
    const transcript = new SimulatedTranscript(this.log.length, isReading);
    this.transcripts.push(transcript);
    this.relay.addReader(transcript);
  }

  async #take(step: Step): Promise<void> {
    const peer = 'client' in step ? (this.peers[step.client % this.peers.length] as Peer) : undefined;
    switch (step.action) {
      case 'turn':
        for (let turn = 0; turn < step.times; turn++) await this.#turn(MAX_CHUNK_BYTES);
        break;
      case 'send':
        peer?.send(this.#randomText(step.lines, step.maxBytes, step.incompleteBytes));
        break;
      case 'stopReading':
      case 'resumeReading':
        if (peer !== undefined) peer.isReading = step.action === 'resumeReading';
        break;
      case 'fin':
        peer?.sendFin();
        break;
      case 'rst':
        peer?.sendRst();
        break;
      case 'receive':
        peer?.receive(step.bytes);
        break;
      case 'connect':
        if (this.peers.length < MAX_PEERS) this.#connect(step.reads);
        break;
      case 'advanceClock':
        this.clock.advance(step.ms);
        break;
      case 'setDate':
        this.clock.jump(step.ms);
        break;
      case 'disk':
        this.disk.isFull = step.state === 'full';
        this.disk.isShort = step.state === 'short';
        this.#isDiskSlow = step.state === 'slow';
        this.injected.add(step.state);
        break;
      case 'failDisk':
        this.disk.failures[step.operation] += step.times;
        this.injected.add(step.operation);
        break;
      case 'addTranscript':
        if (this.transcripts.length < MAX_TRANSCRIPTS) this.#addTranscript(step.reads);
        break;
      case 'releaseTransforms':
        this.#held.release(step.results);
        break;
      default:
        step satisfies never;
    }
    await this.#settle();
  }

  #randomText(lines: number, maxBytes: number, incompleteBytes: number): string {
    let text = '';
    for (let line = 0; line < lines; line++) text += `${this.#randomLine(maxBytes)}\n`;
    return text + this.#randomLine(incompleteBytes);
  }

  /** All bytes except `\n` may occur, and some lines look like notices. */
  #randomLine(maxBytes: number): string {
    const length = Math.floor(this.#random() * (maxBytes + 1));
    if (length > 30 && this.#random() < 0.2) return 'server: client 0 just left';
    let line = '';
    for (let i = 0; i < length; i++) {
      const byte = Math.floor(this.#random() * 256);
      line += byte === 10 ? '\r' : String.fromCharCode(byte);
    }
    return line;
  }

  /**
   * Simulates one turn of the event loop: each pending event of the environment happens, in random order.
   *
   * @param maxChunkBytes how much the network moves at once
   * @returns whether there were any events
   */
  async #turn(maxChunkBytes: number): Promise<boolean> {
    const events: (() => void)[] = [];
    const chunkBytes = (): number => 1 + Math.floor(this.#random() * maxChunkBytes);
    for (const peer of this.peers) {
      if (peer.connection.isDeliverable) events.push(() => this.#deliver(peer, chunkBytes()));
      if (peer.isReading && peer.hasOutbound) events.push(() => peer.receive(chunkBytes()));
    }
    for (const transcript of this.transcripts) {
      if (transcript.isReading && transcript.hasBlock) events.push(() => transcript.receive());
    }
    for (let n = this.disk.operationsInProgress; n > 0; n--) {
      if (!this.#isDiskSlow || this.#random() < 0.1) events.push(() => this.disk.complete());
    }
    if (this.clock.pendingImmediates > 0) events.push(() => this.clock.turn());
    if (this.#held.size > 0 && this.#random() < 0.5) events.push(() => this.#held.release(1));
    const hasEvents = events.length > 0 || this.disk.operationsInProgress > 0;
    while (events.length > 0) {
      const [event] = events.splice(Math.floor(this.#random() * events.length), 1);
      event?.();
      await this.#settle();
    }
    return hasEvents;
  }

  #deliver(peer: Peer, maxBytes: number): void {
    const { id, connection, lines } = peer;
    const relayed = this.#relayedLines.get(id);
    const before = connection.linesRead;
    connection.deliver(maxBytes);
    const delivered = this.transforms.linesFor(lines.slice(before, connection.linesRead));
    const unrelayed = this.transforms.linesFor(lines.slice(0, connection.linesRead)).slice(relayed);
    peer.maxDeliveredBytes = Math.max(peer.maxDeliveredBytes, bytesInLog(delivered));
    peer.maxUnrelayedBytes = Math.max(peer.maxUnrelayedBytes, bytesInLog(unrelayed));
  }

  async #settle(): Promise<void> {
    await settled();
    if (this.uncaught !== null) throw this.uncaught;
  }
}
