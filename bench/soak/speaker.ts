import type { Socket } from 'node:net';
import { LINE, makeLines, now } from './lines.js';

/** How often it says what is due, in ms. */
const TICK = 20;

/** Says numbered lines at a rate. What it is late with, because it was asked to wait, it says later. */
export class Speaker {
  /** Lines said so far. */
  said = 0;
  readonly #socket: Socket;
  readonly #rate: number;
  #began = 0;
  #timer: NodeJS.Timeout | undefined;
  #waits = false;

  /** @param bytes how much it says in a second */
  constructor(socket: Socket, bytes: number) {
    this.#socket = socket;
    this.#rate = bytes / LINE;
    socket.on('drain', () => {
      this.#waits = false;
    });
  }

  begin(): void {
    this.#began = now();
    this.#timer = setInterval(() => this.#say(), TICK);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #say(): void {
    if (this.#waits) return;
    const count = Math.floor(((now() - this.#began) / 1000) * this.#rate) - this.said;
    if (count <= 0) return;
    // When it was due, and not when it could be said: a wait is a delay for those who wait for the line.
    const lines = makeLines(this.said, count, (line) => this.#began + ((line + 1) / this.#rate) * 1000);
    this.said += count;
    this.#waits = !this.#socket.write(lines);
  }
}
