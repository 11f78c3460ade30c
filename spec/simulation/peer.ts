import type { SimulatedConnection } from './simulated-connection.js';

/** The client's end of a connection: the lines it has sent, the bytes it has received, and whether it reads. */
export class Peer {
  readonly id: number;
  readonly connection: SimulatedConnection;
  isReading: boolean;
  state: 'open' | 'ended' | 'reset' = 'open';
  /** The complete lines that were sent, as latin1 strings. */
  readonly lines: string[] = [];
  /** The most bytes of the log that the relay got from this client at once. */
  maxDeliveredBytes = 0;
  /** The most bytes of the log that the relay had got from this client and not relayed. */
  maxUnrelayedBytes = 0;
  #incompleteLine = '';
  readonly #received: Buffer[] = [];

  constructor(id: number, connection: SimulatedConnection, isReading: boolean) {
    this.id = id;
    this.connection = connection;
    this.isReading = isReading;
  }

  get received(): string {
    return Buffer.concat(this.#received).toString('latin1');
  }

  /** Whether the kernel holds bytes for this client. */
  get hasOutbound(): boolean {
    return this.connection.outbound.length > 0;
  }

  send(text: string): void {
    if (this.state !== 'open') return;
    const lines = (this.#incompleteLine + text).split('\n');
    this.#incompleteLine = lines.pop() as string;
    this.lines.push(...lines);
    this.connection.sendBytes(Buffer.from(text, 'latin1'));
  }

  receive(maxBytes: number): void {
    if (this.state === 'reset') return;
    // Repeated, because the relay refills the kernel's buffer at once.
    for (let left = maxBytes; left > 0; ) {
      const bytes = this.connection.receive(left);
      if (bytes.length === 0) return;
      this.#received.push(bytes);
      left -= bytes.length;
    }
  }

  sendFin(): void {
    if (this.state !== 'open') return;
    this.state = 'ended';
    this.connection.sendFin();
  }

  sendRst(): void {
    this.state = 'reset';
    this.connection.sendRst();
  }
}
