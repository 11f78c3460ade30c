import type { Socket } from 'node:net';
import { LINE_BYTES, makeLines, now } from './lines.js';

const TICK_MS = 20;

/** Sends numbered lines at a rate. After backpressure it catches up. */
export class Sender {
  /** Lines sent so far. */
  lines = 0;
  readonly #socket: Socket;
  readonly #linesPerSecond: number;
  #startedAt = 0;
  #timer: NodeJS.Timeout | undefined;
  #isBlocked = false;

  constructor(socket: Socket, bytesPerSecond: number) {
    this.#socket = socket;
    this.#linesPerSecond = bytesPerSecond / LINE_BYTES;
    socket.on('drain', () => {
      this.#isBlocked = false;
    });
  }

  start(): void {
    this.#startedAt = now();
    this.#timer = setInterval(() => this.#send(), TICK_MS);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #send(): void {
    if (this.#isBlocked) return;
    const count = Math.floor(((now() - this.#startedAt) / 1000) * this.#linesPerSecond) - this.lines;
    if (count <= 0) return;
    // The due time, not the time of sending: backpressure counts as delay.
    const due = (line: number): number => this.#startedAt + ((line + 1) / this.#linesPerSecond) * 1000;
    const bytes = makeLines(this.lines, count, due);
    this.lines += count;
    this.#isBlocked = !this.#socket.write(bytes);
  }
}
