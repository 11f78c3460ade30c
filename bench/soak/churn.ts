import { connect, type Socket } from 'node:net';

const VISIT_MS = 1000;
/** Ids 0 and 1 are the witness and the sender of the room. */
const FIRST_ID = 2;

/**
 * Clients that connect, send a line and leave: every other one by RST instead of FIN, and every other pair with an
 * unfinished line.
 *
 * Checks that each is announced once as arrived and once as left, in this order, and that the line of each client that
 * left by FIN is delivered.
 */
export class Churn {
  readonly #port: number;
  readonly #fail: (reason: string) => void;
  readonly #timer: NodeJS.Timeout;
  readonly #open = new Set<Socket>();
  /** Ids that were announced as arrived and not yet as left. */
  readonly #present = new Set<number>();
  /** Lines that must still be delivered. */
  readonly #due = new Set<number>();
  /** Lines of clients that left by RST: they are delivered only if the relay reads them before the RST. */
  readonly #optional = new Set<number>();
  readonly #startedAt = performance.now();
  #visits = 0;
  #nextId = FIRST_ID;
  #left = 0;

  /** @param rate visits per second */
  constructor(port: number, rate: number, fail: (reason: string) => void) {
    this.#port = port;
    this.#fail = fail;
    // Timers fire late, so each tick catches up with all visits that are due.
    this.#timer = setInterval(() => {
      while (this.#visits < ((performance.now() - this.#startedAt) / 1000) * rate) this.#visit();
    }, 1000 / rate);
  }

  /** Checks a line that the witness received and that is not from the sender of the room. */
  onLine(line: string): void {
    const [, id, verb, visit] =
      /^(?:server: )?client (\d+)(?: just (arrived|left)|: visit (\d+))$/.exec(line) ?? [];
    const client = Number(id);
    if (client < FIRST_ID && verb === 'arrived') return;
    const isExpected =
      verb === 'arrived'
        ? client === this.#nextId
        : verb === 'left'
          ? this.#present.delete(client)
          : this.#present.has(client) &&
            (this.#due.delete(Number(visit)) || this.#optional.delete(Number(visit)));
    if (!isExpected) this.#fail(`churn: unexpected line ${JSON.stringify(line)}`);
    if (verb === 'arrived') this.#present.add(this.#nextId++);
    if (verb === 'left') this.#left++;
  }

  /** Starts no further visits. Those that have started continue: see `isDone`. */
  stop(): void {
    clearInterval(this.#timer);
  }

  /** Whether all visitors have left and all their lines were delivered. */
  get isDone(): boolean {
    return this.#open.size === 0 && this.#left === this.#visits && this.#due.size === 0;
  }

  get visits(): number {
    return this.#visits;
  }

  #visit(): void {
    const visit = this.#visits++;
    const leavesByReset = visit % 2 === 1;
    const hasUnfinishedLine = visit % 4 < 2;
    const socket = connect({ port: this.#port, host: '127.0.0.1', noDelay: true });
    this.#open.add(socket);
    socket.resume();
    socket.once('connect', () => {
      (leavesByReset ? this.#optional : this.#due).add(visit);
      socket.write(`visit ${visit}\n${hasUnfinishedLine ? 'half a li' : ''}`);
      setTimeout(() => (leavesByReset ? socket.resetAndDestroy() : socket.end()), VISIT_MS);
    });
    socket.once('error', ({ message }) => this.#fail(`churn: ${message}`));
    socket.once('close', () => this.#open.delete(socket));
  }
}
