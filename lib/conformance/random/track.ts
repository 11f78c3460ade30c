import { arrivedNotice, leftNotice, linePrefix } from '../messages.js';

/** The messages to the others because of one client: its arrival, its lines, and the notice that it left. */
export class Track {
  readonly id: number;
  readonly lines: Buffer[];
  /** The round of actions that caused each line. Rounds are received one after the other. */
  readonly rounds: number[];
  /** The number of lines that the server has certainly sent, because a client has received them. */
  observed = 0;
  hasLeft = false;
  /** After a reset: from this line on, the server may never have received the rest. */
  #lostFrom = Number.POSITIVE_INFINITY;
  #rest = Buffer.alloc(0);

  constructor(id: number, round: number) {
    this.id = id;
    this.lines = [Buffer.from(arrivedNotice(id))];
    this.rounds = [round];
  }

  get length(): number {
    return this.lines.length;
  }

  get hasRest(): boolean {
    return this.#rest.length > 0;
  }

  send(bytes: Buffer, round: number): void {
    const prefix = Buffer.from(linePrefix(this.id));
    const all = Buffer.concat([this.#rest, bytes]);
    let from = 0;
    for (let end = all.indexOf(0x0a); end !== -1; end = all.indexOf(0x0a, from)) {
      this.#add(Buffer.concat([prefix, all.subarray(from, end + 1)]), round);
      from = end + 1;
    }
    this.#rest = all.subarray(from);
  }

  leave(isReset: boolean, round: number): void {
    if (isReset) this.#lostFrom = this.observed;
    this.#add(Buffer.from(leftNotice(this.id)), round);
    this.hasLeft = true;
  }

  /** Adds the positions that a receiver can also be at, because lines before them may be lost. */
  withLoss(positions: Iterable<number>): Set<number> {
    const all = new Set(positions);
    for (const at of [...all]) if (at >= this.#lostFrom && at < this.length) all.add(this.length - 1);
    return all;
  }

  #add(line: Buffer, round: number): void {
    this.lines.push(line);
    this.rounds.push(round);
  }
}
