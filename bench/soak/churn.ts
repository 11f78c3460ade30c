import { connect, type Socket } from 'node:net';
import { until } from './rooms.js';

/** How long a visitor stays, in ms. */
const STAYS = 1000;

/**
 * Clients that come, say something, and leave: one half by FIN, the other by RST, and every other one with half a
 * line unsaid. Of all of them it must be heard that they came and left, once each and in this order; and what those
 * have said who left in good order.
 */
export class Churn {
  readonly #port: number;
  readonly #fail: (reason: string) => void;
  readonly #timer: NodeJS.Timeout;
  readonly #open = new Set<Socket>();
  /** Who is in the room, by what the room says. */
  readonly #present = new Set<number>();
  /** What has been said and has to be heard, and what was said by those whose RST may have overtaken it. */
  readonly #due = new Set<number>();
  readonly #maybe = new Set<number>();
  readonly #began = performance.now();
  #visits = 0;
  /** The client that must arrive next; 0 is who listens, 1 who speaks, whose arrivals are heard or not. */
  #next = 2;
  #left = 0;

  constructor(port: number, rate: number, fail: (reason: string) => void) {
    this.#port = port;
    this.#fail = fail;
    // A timer is late by some of its time: those it has missed come with the next.
    this.#timer = setInterval(() => {
      while (this.#visits < ((performance.now() - this.#began) / 1000) * rate) this.#visit();
    }, 1000 / rate);
  }

  /** A line that the listener heard, and that is not the speaker's. */
  heard(line: string): void {
    const [, id, verb, visit] =
      /^(?:server: )?client (\d+)(?: just (arrived|left)|: visit (\d+))$/.exec(line) ?? [];
    const client = Number(id);
    if (client === 1 && verb === 'arrived') return;
    const right =
      verb === 'arrived'
        ? client === this.#next
        : verb === 'left'
          ? this.#present.delete(client)
          : this.#present.has(client) &&
            (this.#due.delete(Number(visit)) || this.#maybe.delete(Number(visit)));
    if (!right) this.#fail(`churn: this is not what was to be heard: ${JSON.stringify(line)}`);
    if (verb === 'arrived') this.#present.add(this.#next++);
    if (verb === 'left') this.#left++;
  }

  /** Done when all have left, and it has been heard. */
  async end(): Promise<string> {
    clearInterval(this.#timer);
    await until(() => this.#open.size === 0 && this.#left === this.#visits && this.#due.size === 0);
    return `${this.#visits} clients came and left`;
  }

  #visit(): void {
    const visit = this.#visits++;
    const byReset = visit % 2 === 1;
    const half = visit % 4 < 2;
    const socket = connect({ port: this.#port, host: '127.0.0.1', noDelay: true });
    this.#open.add(socket);
    socket.resume();
    socket.once('connect', () => {
      (byReset ? this.#maybe : this.#due).add(visit);
      socket.write(`visit ${visit}\n${half ? 'half a li' : ''}`);
      setTimeout(() => (byReset ? socket.resetAndDestroy() : socket.end()), STAYS);
    });
    socket.once('error', ({ message }) => this.#fail(`churn: ${message}`));
    socket.once('close', () => this.#open.delete(socket));
  }
}
