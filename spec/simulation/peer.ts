import type { Connection } from './connection.js';

/** A client as it sees itself: what it has sent and heard, and whether it reads. */
export class Peer {
  readonly id: number;
  readonly connection: Connection;
  reading: boolean;
  state: 'open' | 'ended' | 'reset' = 'open';
  /** What it was sent, up to its connection's end. */
  #heard: Buffer[] = [];
  /** Every line that it has sent and terminated, as a latin1 string. */
  readonly lines: string[] = [];
  /** The most of its lines that the relay was given at once, in bytes of the log. */
  mostAtOnce = 0;
  /** The most, in bytes of the log, that the relay had been given of its lines and had not said. */
  mostUnsaid = 0;
  /** What it has sent of one that it has not. */
  #partial = '';

  constructor(id: number, connection: Connection, reading: boolean) {
    this.id = id;
    this.connection = connection;
    this.reading = reading;
  }

  get heard(): string {
    return Buffer.concat(this.#heard).toString('latin1');
  }

  /** What it has sent of the line it is at. */
  get partial(): string {
    return this.#partial;
  }

  /** Whether it has yet to be given something by the network. */
  get owed(): boolean {
    return this.connection.outbound.length > 0;
  }

  say(text: string): void {
    if (this.state !== 'open') return;
    const lines = (this.#partial + text).split('\n');
    this.#partial = lines.pop() as string;
    this.lines.push(...lines);
    this.connection.send(Buffer.from(text, 'latin1'));
  }

  take(most: number): void {
    if (this.state === 'reset') return;
    // Room in the kernel is made good at once.
    for (let left = most; left > 0; ) {
      const bytes = this.connection.receive(left);
      if (bytes.length === 0) return;
      this.#heard.push(bytes);
      left -= bytes.length;
    }
  }

  fin(): void {
    if (this.state !== 'open') return;
    this.state = 'ended';
    this.connection.fin();
  }

  rst(): void {
    this.state = 'reset';
    this.connection.rst();
  }
}
