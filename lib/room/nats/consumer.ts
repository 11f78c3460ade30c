import type { JetStreamManager } from '@nats-io/jetstream';
import type { Msg, NatsConnection, Subscription } from '@nats-io/transport-node';
import type { Clock } from '../../util/environment.js';
import type { Packages } from './packages.js';

export interface ConsumerOptions {
  readonly packages: Packages;
  readonly connection: NatsConnection;
  readonly jsm: JetStreamManager;
  readonly clock: Clock;
  readonly stream: string;
  readonly fromSequence: number;
  readonly onRecord: (sequence: number, time: number, message: Msg) => void;
  /** The stream no longer has the next record. Its first is that of `sequence`. */
  readonly onGap: (sequence: number) => void;
  /** Messages were lost or no longer come: `start` has to be called again. */
  readonly onStall: () => void;
}

const HEARTBEAT_MS = 1000;
const MAX_MISSED_HEARTBEATS = 3;
/** The engine deletes a consumer after this time without its subscriber. */
const INACTIVE_AFTER_MS = 10_000;
/** Status of messages with which JetStream controls the flow. */
const CONTROL_STATUS = 100;

/**
 * Reads a stream in order, through the plainest kind of consumer that JetStream has: messages are pushed, with flow
 * control and without acknowledgements. Each message has a delivery count, so a lost one is noticed; then reading
 * restarts after the last record.
 */
export class Consumer {
  /** Sequence of the next record. */
  nextSequence: number;
  readonly #options: ConsumerOptions;
  #subscription: Subscription | null = null;
  #delivered = 0;
  #isPaused = false;
  #held: Msg[] = [];
  #cancelTimer: () => void = () => {};

  constructor(options: ConsumerOptions) {
    this.#options = options;
    this.nextSequence = options.fromSequence;
  }

  /** Starts or restarts. Rejects if the engine does not answer. */
  async start(): Promise<void> {
    const { packages, connection, jsm, stream } = this.#options;
    this.stop();
    const { createInbox, nanos } = packages.transport;
    const { AckPolicy, DeliverPolicy, ReplayPolicy } = packages.jetstream;
    const inbox = createInbox();
    this.#delivered = 0;
    const subscription = connection.subscribe(inbox, {
      callback: (_error, message) => {
        if (this.#subscription === subscription) this.#take(message);
      },
    });
    this.#subscription = subscription;
    try {
      await jsm.consumers.add(stream, {
        deliver_subject: inbox,
        deliver_policy: DeliverPolicy.StartSequence,
        opt_start_seq: this.nextSequence,
        ack_policy: AckPolicy.None,
        replay_policy: ReplayPolicy.Instant,
        max_deliver: 1,
        flow_control: true,
        idle_heartbeat: nanos(HEARTBEAT_MS),
        inactive_threshold: nanos(INACTIVE_AFTER_MS),
        mem_storage: true,
        num_replicas: 1,
      });
    } catch (error) {
      if (this.#subscription === subscription) this.stop();
      throw error;
    }
    if (this.#subscription === subscription) this.#restartTimer();
  }

  stop(): void {
    this.#cancelTimer();
    this.#held = [];
    const subscription = this.#subscription;
    this.#subscription = null;
    if (subscription !== null && !subscription.isClosed()) subscription.unsubscribe();
  }

  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
    const held = this.#held;
    this.#held = [];
    for (const [i, message] of held.entries()) {
      if (this.#isPaused) {
        this.#held = held.slice(i);
        return;
      }
      this.#read(message);
    }
  }

  #take(message: Msg): void {
    this.#restartTimer();
    // Requests of flow control are held too and not answered, so the engine sends at most one window of messages.
    if (this.#isPaused) this.#held.push(message);
    else this.#read(message);
  }

  #read(message: Msg): void {
    const position = positionOf(message.reply);
    if (position === undefined) {
      this.#readControl(message);
      return;
    }
    const { sequence, delivered, time } = position;
    if (delivered !== this.#delivered + 1 || sequence < this.nextSequence) {
      this.#stall();
      return;
    }
    this.#delivered = delivered;
    if (sequence > this.nextSequence) {
      this.#options.onGap(sequence);
      return;
    }
    this.nextSequence = sequence + 1;
    this.#options.onRecord(sequence, time, message);
  }

  #readControl(message: Msg): void {
    const { headers } = message;
    if (headers?.code !== CONTROL_STATUS) return;
    if (message.reply !== undefined && message.reply !== '') message.respond();
    // A heartbeat repeats a request of flow control whose message was lost, and the delivery count.
    const stalled = headers.get('Nats-Consumer-Stalled');
    if (stalled !== '') this.#options.connection.publish(stalled);
    const delivered = headers.get('Nats-Last-Consumer');
    if (delivered !== '' && Number(delivered) !== this.#delivered) this.#stall();
  }

  #stall(): void {
    this.stop();
    this.#options.onStall();
  }

  #restartTimer(): void {
    this.#cancelTimer();
    this.#cancelTimer = this.#options.clock.setTimer(HEARTBEAT_MS * MAX_MISSED_HEARTBEATS, () => {
      if (this.#isPaused) this.#restartTimer();
      else this.#stall();
    });
  }
}

/**
 * Returns the position of a message, which JetStream writes into the reply subject:
 * `$JS.ACK.<stream>.<consumer>.<count>.<sequence>.<delivered>.<time>.<pending>`, or with a domain and an account before
 * the stream.
 */
function positionOf(reply: string | undefined) {
  if (reply === undefined || !reply.startsWith('$JS.ACK.')) return undefined;
  const tokens = reply.split('.');
  const at = tokens.length === 9 ? 5 : 7;
  return {
    sequence: Number(tokens[at]),
    delivered: Number(tokens[at + 1]),
    // In nanoseconds, which exceed the precision of a number; without six digits they are milliseconds.
    time: Number(tokens[at + 2]?.slice(0, -6)),
  };
}
