import { find, setText } from '../dom.js';
import { formatExact, formatLines, formatNewLines, formatTime } from '../numbers/format.js';
import { Announcer, MAX_READ_OUT } from './announcer.js';
import { createFilter, parseClients } from './filter.js';
import { Incoming } from './incoming.js';
import type { Entry } from './pending.js';
import { Transcript } from './transcript.js';

const ANNOUNCEMENT_INTERVAL_MS = 4000;
/**
 * While lines are left out, the rows change this often: no reader can follow them, and drawing them takes the processor time
 * that the relay may need.
 */
const FLOOD_INTERVAL_MS = 50;
const STATUS_INTERVAL_MS = 250;
/** Filtering all rows for each typed character would delay the typing. */
const FILTER_DELAY_MS = 150;

/** The transcript as it happens, with its filter and its pause button. */
export class Room {
  readonly incoming = new Incoming();
  readonly #transcript: Transcript;
  readonly #announcer = new Announcer();
  readonly #announcement = find('announcement', HTMLElement);
  readonly #text = find('filter-text', HTMLInputElement);
  readonly #clients = find('filter-clients', HTMLInputElement);
  readonly #clientsError = find('filter-error', HTMLElement);
  readonly #pauseButton = find('pause', HTMLButtonElement);
  readonly #newestButton = find('newest', HTMLButtonElement);
  readonly #status = find('room-status', HTMLElement);
  readonly #empty = find('room-empty', HTMLElement);
  #isPaused = false;
  #isScheduled = false;
  #shownAt = 0;
  /** The number of lines that were left out when rows were last added. */
  #leftOutBefore = 0;
  #statusTimer: number | undefined;
  #filterTimer: number | undefined;

  constructor() {
    this.#transcript = new Transcript(find('transcript', HTMLElement), find('rows', HTMLElement), () =>
      this.#update(),
    );
    this.#pauseButton.addEventListener('click', () => this.#setPaused(!this.#isPaused));
    this.#newestButton.addEventListener('click', () => this.#goToNewest());
    for (const input of [this.#text, this.#clients]) {
      input.addEventListener('input', () => {
        clearTimeout(this.#filterTimer);
        this.#filterTimer = setTimeout(() => this.#applyFilter(), FILTER_DELAY_MS);
      });
    }
    find('filter', HTMLFormElement).addEventListener('submit', (event) => {
      event.preventDefault();
      this.#applyFilter();
    });
    find('filter', HTMLFormElement).addEventListener('reset', () => setTimeout(() => this.#applyFilter()));
    setInterval(() => setText(this.#announcement, this.#announcer.take()), ANNOUNCEMENT_INTERVAL_MS);
  }

  receive(chunk: Uint8Array): void {
    this.incoming.receive(chunk);
    this.#update();
  }

  skipTo(messages: number): void {
    this.incoming.skipTo(messages);
    this.#update();
  }

  /** Notes in the transcript that lines of this time are missing, because the page was not connected. */
  noteInterruption(): void {
    this.incoming.pending.push(
      `Connected again at ${formatTime(Date.now())}. Lines sent in between are not shown.`,
    );
    this.incoming.restart();
    this.#update();
  }

  addOwnId(id: number): void {
    this.#transcript.addOwnId(id);
  }

  showOnly(client: number): void {
    this.#clients.value = String(client);
    this.#applyFilter();
    this.#clients.focus();
  }

  #setPaused(isPaused: boolean): void {
    this.#isPaused = isPaused;
    this.#pauseButton.dataset.paused = String(isPaused);
    setText(this.#pauseButton, isPaused ? 'Resume' : 'Pause');
    if (!isPaused) this.#transcript.goToNewest();
    this.#update();
  }

  #goToNewest(): void {
    this.#transcript.goToNewest();
    this.#setPaused(false);
  }

  #applyFilter(): void {
    clearTimeout(this.#filterTimer);
    const clients = parseClients(this.#clients.value);
    this.#clients.setAttribute('aria-invalid', String(clients === undefined));
    setText(this.#clientsError, clients === undefined ? 'Enter ids such as 3 or 3, 7.' : '');
    if (clients === undefined) return;
    const filter = createFilter(this.#text.value, clients);
    this.incoming.filter = filter;
    this.#transcript.applyFilter(filter);
    this.#update();
  }

  #update(): void {
    this.#statusTimer ??= setTimeout(() => this.#showStatus(), STATUS_INTERVAL_MS);
    if (this.#isScheduled || this.#isPaused) return;
    this.#isScheduled = true;
    requestAnimationFrame((now) => this.#showLines(now));
  }

  #showLines(now: number): void {
    this.#isScheduled = false;
    if (this.#isPaused) return;
    const { pending } = this.incoming;
    const capacity = this.#transcript.capacity;
    if (capacity <= 0) return;
    if (pending.leftOut > this.#leftOutBefore && now - this.#shownAt < FLOOD_INTERVAL_MS) {
      this.#update();
      return;
    }
    this.#shownAt = now;
    this.#leftOutBefore = pending.leftOut;
    if (pending.size > 0) this.#append(pending.take(capacity));
    if (pending.size === 0) this.#transcript.appendGap(pending.takeGap());
    else this.#update();
  }

  #append(entries: readonly Entry[]): void {
    const rows = this.#transcript.append(entries);
    const lines = entries.reduce((sum, { leftOut }) => sum + leftOut + 1, 0);
    const texts = lines <= MAX_READ_OUT ? rows.map(({ textContent }) => textContent ?? '') : [];
    this.#announcer.add(lines, texts);
  }

  #showStatus(): void {
    this.#statusTimer = undefined;
    const { total, pending } = this.incoming;
    const leftOut = pending.leftOut === 0 ? '' : `, ${formatExact(pending.leftOut)} left out`;
    setText(this.#status, `${formatLines(total)}${leftOut}`);
    this.#empty.hidden = total > 0;
    const waits = this.#isPaused || !this.#transcript.isFollowing;
    this.#newestButton.hidden = !waits;
    const state = this.#isPaused ? 'Paused' : 'Newest';
    const news = pending.lines === 0 ? '' : ` · ${formatNewLines(pending.lines)}`;
    setText(this.#newestButton, `${state}${news} ↓`);
  }
}
