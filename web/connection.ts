import { find, setText } from './dom.js';
import type { FeedState } from './feed/feed.js';
import type { Hello, Status } from './feed/frames.js';

/** The relay reports every second. */
const MAX_SILENCE_MS = 5000;
const CHECK_INTERVAL_MS = 1000;

const ENGINES = {
  local: '',
  connected: 'NATS: connected',
  unreachable: 'NATS: not reachable. The room continues when it is back.',
  lost: 'NATS: lost. This relay has left the room.',
} as const;

/** Shows the state of the relay, and of the connection to it, at the top of the page. */
export class Connection {
  readonly #state = find('connection', HTMLElement);
  /** Changes every second, and is no part of the live region: a screen reader would never be quiet. */
  readonly #time = find('connection-time', HTMLElement);
  readonly #retry = find('retry', HTMLButtonElement);
  readonly #engine = find('engine', HTMLElement);
  #feed: FeedState = { kind: 'connecting' };
  #retryAt = 0;
  #reportedAt = 0;

  /** @param onRetry called when the reader does not want to wait for the next attempt */
  constructor(onRetry: () => void) {
    this.#retry.addEventListener('click', onRetry);
    setInterval(() => this.#show(), CHECK_INTERVAL_MS);
  }

  setState(state: FeedState): void {
    this.#feed = state;
    this.#reportedAt = Date.now();
    if (state.kind === 'waiting') this.#retryAt = Date.now() + state.delayMs;
    this.#show();
  }

  greet({ port, room }: Hello): void {
    setText(find('place', HTMLElement), room === null ? `127.0.0.1:${port}` : `127.0.0.1:${port} · ${room}`);
    setText(find('how-join', HTMLElement), `mini-serv join ${port}`);
    setText(find('how-nc', HTMLElement), `nc 127.0.0.1 ${port}`);
    find('how', HTMLElement).hidden = false;
    document.title = `mini-serv ${port}`;
  }

  report({ engine }: Status): void {
    this.#reportedAt = Date.now();
    setText(this.#engine, ENGINES[engine]);
    this.#engine.dataset.state = engine;
    this.#show();
  }

  #show(): void {
    const silenceMs = Date.now() - this.#reportedAt;
    const isSilent = this.#feed.kind === 'open' && silenceMs > MAX_SILENCE_MS;
    setText(this.#state, isSilent ? 'The relay does not report.' : this.#text());
    setText(this.#time, isSilent ? `Last report ${seconds(silenceMs)} ago` : this.#nextAttempt());
    this.#state.dataset.state = isSilent ? 'silent' : this.#feed.kind;
    this.#retry.hidden = this.#feed.kind !== 'waiting' && this.#feed.kind !== 'refused';
  }

  #text(): string {
    switch (this.#feed.kind) {
      case 'connecting':
        return 'Connecting …';
      case 'open':
        return 'Connected';
      case 'refused':
        return REFUSED;
      case 'waiting': {
        const reason = this.#feed.reason === '' ? 'The connection to the relay is lost' : this.#feed.reason;
        return `${reason}.`;
      }
    }
  }

  #nextAttempt(): string {
    return this.#feed.kind === 'waiting' ? `Next attempt ${when(this.#retryAt - Date.now())}` : '';
  }
}

export const NO_TOKEN = 'The address of this page has no token. Open the whole URL that mini-serv printed.';
const REFUSED =
  'The relay refuses the token in the address of this page. Each start of mini-serv has a new one: open the URL that it printed last.';

function seconds(ms: number): string {
  return `${Math.round(ms / 1000)} s`;
}

function when(ms: number): string {
  return ms < 1000 ? 'now' : `in ${seconds(ms)}`;
}
