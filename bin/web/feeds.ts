import type { WebSocket } from 'ws';
import type { Relay } from '../../lib/relay/relay.js';
import type { Sample } from '../../web/feed/frames.js';
import { POLICY_VIOLATION } from './close-codes.js';
import { Feed } from './feed.js';
import { History } from './history.js';

/** Clients in one status frame: more than anyone reads, and few enough for a frame every second. */
const MAX_CLIENTS = 1000;

/** The facts that a page receives once, when it connects. */
export interface Introduction {
  readonly port: number;
  /** The URL of the shared room, without credentials. */
  readonly room: string | null;
  readonly maxLineBytes: number;
}

/** The pages that watch the room. */
export class Feeds {
  readonly #relay: Relay;
  readonly #introduce: () => Introduction;
  readonly #feeds = new Set<Feed>();
  readonly #startedAt = Date.now();
  readonly #history: History;

  constructor(relay: Relay, introduce: () => Introduction) {
    this.#relay = relay;
    this.#introduce = introduce;
    this.#history = new History(relay, (sample) => this.#sendStatus(sample));
  }

  add(socket: WebSocket): void {
    const { samples } = this.#history;
    socket.on('error', () => {});
    socket.on('message', () => socket.close(POLICY_VIOLATION, 'the feed takes no messages'));
    socket.send(
      JSON.stringify({
        type: 'hello',
        ...this.#introduce(),
        startedAt: this.#startedAt,
        history: samples,
      }),
    );
    const feed = new Feed(socket, this.#relay);
    this.#feeds.add(feed);
    socket.on('close', () => this.#feeds.delete(feed));
    feed.sendStatus(this.#statusOf(samples.at(-1) as Sample), this.#missed);
  }

  stop(): void {
    this.#history.stop();
  }

  #sendStatus(sample: Sample): void {
    if (this.#feeds.size === 0) return;
    const status = this.#statusOf(sample);
    for (const feed of this.#feeds) feed.sendStatus(status, this.#missed);
  }

  /** The samples of status frames that a page has missed, so that its charts are complete. */
  readonly #missed = (statuses: number): string =>
    JSON.stringify({ type: 'samples', samples: this.#history.samples.slice(-statuses - 1, -1) });

  #statusOf(sample: Sample): string {
    const clients = this.#relay.clientStats();
    const clientsLeftOut = Math.max(0, clients.length - MAX_CLIENTS);
    if (clientsLeftOut > 0) clients.sort((a, b) => b.lagBytes - a.lagBytes);
    const { engine } = this.#relay.stats();
    const ids = new Set(clients.map(({ id }) => id));
    const others = engine === 'local' ? [] : this.#relay.clientIds().filter((id) => !ids.has(id));
    return JSON.stringify({
      type: 'status',
      sample,
      clients: clients.slice(0, MAX_CLIENTS),
      clientsLeftOut,
      room:
        engine === 'local'
          ? null
          : { count: clients.length + others.length, others: others.slice(0, MAX_CLIENTS) },
      engine,
    });
  }
}
