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
  /** Where to begin. */
  readonly from: number;
  readonly record: (place: number, time: number, message: Msg) => void;
  /** Records are gone before they were read, up to, and without, the place. */
  readonly gap: (place: number) => void;
  /** Nothing comes any more, and nobody has said why. */
  readonly silent: () => void;
}

/** How often the engine shows that there is nothing to read, in ms; when it does not, reading begins anew. */
const HEARTBEAT = 1000;
const SILENT = 3;
/** How long the engine keeps a reading whose reader is gone, in ms. */
const KEPT = 10_000;

/**
 * Reads a stream in order. Of NATS' consumers it takes the plainest: pushed, without acknowledgements, with flow
 * control. Each message says where it stands, so that one that is missing is noticed, and whoever notices begins
 * anew behind the last that came.
 */
export class Consumer {
  /** The next place that is to come. */
  next: number;
  /** The last message that came: what the stream has at its place must be the same for as long as it is there. */
  last: Msg | null = null;
  readonly #options: ConsumerOptions;
  #subscription: Subscription | null = null;
  #delivered = 0;
  #paused = false;
  #held: Msg[] = [];
  #cancel: () => void = () => {};

  constructor(options: ConsumerOptions) {
    this.#options = options;
    this.next = options.from;
  }

  /** Begins, or begins anew. Rejects if the engine does not answer. */
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
        opt_start_seq: this.next,
        ack_policy: AckPolicy.None,
        replay_policy: ReplayPolicy.Instant,
        max_deliver: 1,
        flow_control: true,
        idle_heartbeat: nanos(HEARTBEAT),
        inactive_threshold: nanos(KEPT),
        mem_storage: true,
        num_replicas: 1,
      });
    } catch (error) {
      if (this.#subscription === subscription) this.stop();
      throw error;
    }
    if (this.#subscription === subscription) this.#heard();
  }

  stop(): void {
    this.#cancel();
    this.#held = [];
    const subscription = this.#subscription;
    this.#subscription = null;
    if (subscription !== null && !subscription.isClosed()) subscription.unsubscribe();
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    const held = this.#held;
    this.#held = [];
    for (const [i, message] of held.entries()) {
      if (this.#paused) {
        this.#held = held.slice(i);
        return;
      }
      this.#read(message);
    }
  }

  #take(message: Msg): void {
    this.#heard();
    // What is not read is not answered either, and so the engine sends no more than fits into its window.
    if (this.#paused) this.#held.push(message);
    else this.#read(message);
  }

  #read(message: Msg): void {
    const position = positionOf(message.reply);
    if (position === undefined) {
      this.#status(message);
      return;
    }
    const { place, delivered, time } = position;
    if (delivered !== this.#delivered + 1 || place < this.next) {
      this.#anew();
      return;
    }
    this.#delivered = delivered;
    if (place > this.next) {
      this.#options.gap(place);
      return;
    }
    this.next = place + 1;
    this.last = message;
    this.#options.record(place, time, message);
  }

  #status(message: Msg): void {
    const { headers } = message;
    if (headers?.code !== 100) return;
    // A request of flow control; or, where one was lost, a heartbeat that says so.
    if (message.reply !== undefined && message.reply !== '') message.respond();
    const stalled = headers.get('Nats-Consumer-Stalled');
    if (stalled !== '') this.#options.connection.publish(stalled);
    const delivered = headers.get('Nats-Last-Consumer');
    if (delivered !== '' && Number(delivered) !== this.#delivered) this.#anew();
  }

  #anew(): void {
    this.stop();
    this.#options.silent();
  }

  #heard(): void {
    this.#cancel();
    this.#cancel = this.#options.clock.setTimer(HEARTBEAT * SILENT, () => {
      if (this.#paused) this.#heard();
      else this.#anew();
    });
  }
}

/**
 * Where a message stands, as JetStream writes it into its reply subject:
 * `$JS.ACK.<stream>.<consumer>.<count>.<place>.<delivered>.<time>.<pending>`, or with a domain and an account before
 * the stream.
 */
function positionOf(reply: string | undefined) {
  if (reply === undefined || !reply.startsWith('$JS.ACK.')) return undefined;
  const tokens = reply.split('.');
  const at = tokens.length === 9 ? 5 : 7;
  return {
    place: Number(tokens[at]),
    delivered: Number(tokens[at + 1]),
    // Nanoseconds, of which a number cannot hold all.
    time: Number(tokens[at + 2]?.slice(0, -6)),
  };
}
