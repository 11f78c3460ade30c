import { find, setText } from '../dom.js';
import { formatBytes, formatExact, formatLines } from '../numbers/format.js';
import { type Departure, Membership } from './membership.js';
import { encodeLines } from './outgoing.js';

/** The browser buffers without limit, so no further lines are sent while this much waits for the relay. */
const MAX_UNSENT_BYTES = 1024 * 1024;
const MAX_INPUT_ROWS = 6;
/** Chromium takes seconds to insert a thousand lines by itself. */
const LONG_PASTE_CHARACTERS = 2000;
const LINE_TOO_LONG = 1009;
const GOING_AWAY = 1001;

/** The button that makes the page a client, and the input for its lines. */
export class JoinForm {
  readonly #token: string;
  readonly #onId: (id: number | undefined) => void;
  readonly #button = find('join', HTMLButtonElement);
  readonly #form = find('say', HTMLFormElement);
  readonly #input = find('line', HTMLTextAreaElement);
  readonly #send = find('send', HTMLButtonElement);
  readonly #status = find('join-status', HTMLElement);
  /** Changes every second, and is no part of the live region: a screen reader would never be quiet. */
  readonly #counts = find('join-counts', HTMLElement);
  readonly #error = find('join-error', HTMLElement);
  #membership: Membership | undefined;
  #id: number | undefined;
  #maxLineBytes = Number.MAX_SAFE_INTEGER;

  /** @param onId called with the page's id, and with undefined when it has left */
  constructor(token: string, onId: (id: number | undefined) => void) {
    this.#token = token;
    this.#onId = onId;
    this.#button.addEventListener('click', () => (this.#membership ? this.leave() : this.#join()));
    this.#form.addEventListener('submit', (event) => {
      event.preventDefault();
      this.#say();
    });
    this.#input.addEventListener('input', () => this.#show());
    this.#input.addEventListener('paste', (event) => this.#paste(event));
    this.#input.addEventListener('keydown', (event) => {
      // Enter also ends the composition of a character, which must not send the line.
      if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      this.#say();
    });
    this.#show();
  }

  /** @param maxLineBytes the longest line that the relay accepts */
  enable(maxLineBytes: number): void {
    this.#maxLineBytes = maxLineBytes;
    this.#button.disabled = false;
  }

  /** The relay cannot be reached now. A membership that is open stays open until its own connection ends. */
  disable(): void {
    this.#button.disabled = this.#membership === undefined;
  }

  leave(): void {
    this.#membership?.leave();
    this.#end('You have left the room.', '');
  }

  /** Updates the numbers. */
  refresh(): void {
    if (this.#membership !== undefined) this.#show();
  }

  #join(): void {
    const membership = new Membership(this.#token, {
      onId: (id) => {
        if (this.#membership === membership) this.#enter(id);
      },
      onEnd: (departure) => {
        if (this.#membership === membership) this.#end('', describeDeparture(departure));
      },
    });
    this.#membership = membership;
    setText(this.#error, '');
    this.#show();
  }

  #enter(id: number): void {
    this.#id = id;
    this.#onId(id);
    this.#show();
    this.#input.focus();
  }

  #end(status: string, error: string): void {
    const hadFocus = this.#form.contains(document.activeElement);
    this.#membership = undefined;
    this.#id = undefined;
    this.#onId(undefined);
    this.#show(status);
    setText(this.#error, error);
    if (hadFocus) this.#button.focus();
  }

  #paste(event: ClipboardEvent): void {
    const text = event.clipboardData?.getData('text/plain') ?? '';
    if (text.length < LONG_PASTE_CHARACTERS) return;
    event.preventDefault();
    const { selectionStart, selectionEnd } = this.#input;
    this.#input.setRangeText(text, selectionStart, selectionEnd, 'end');
    this.#show();
  }

  #say(): void {
    const membership = this.#membership;
    if (membership === undefined || this.#input.value === '') return;
    if (membership.unsentBytes > MAX_UNSENT_BYTES) {
      setText(
        this.#error,
        'The relay does not accept lines at the moment. The text was not sent: try again later.',
      );
      return;
    }
    const outgoing = encodeLines(this.#input.value, this.#maxLineBytes);
    if ('line' in outgoing) {
      const size = `${formatBytes(outgoing.bytes)}, more than the relay accepts (${formatBytes(this.#maxLineBytes)})`;
      setText(this.#error, `Nothing was sent: line ${formatExact(outgoing.line)} has ${size}.`);
      return;
    }
    membership.send(outgoing);
    this.#input.value = '';
    setText(this.#error, '');
    this.#show();
  }

  #show(status = ''): void {
    const membership = this.#membership;
    const isIn = this.#id !== undefined;
    this.#form.hidden = !isIn;
    setText(this.#button, isIn ? 'Leave' : membership === undefined ? 'Join the room' : 'Cancel');
    setText(this.#counts, isIn && membership !== undefined ? countsOf(membership) : '');
    if (membership === undefined) {
      setText(this.#status, status);
      return;
    }
    const lines = this.#input.value === '' ? 0 : this.#input.value.replace(/\n$/, '').split('\n').length;
    this.#input.rows = Math.min(Math.max(lines, this.#input.value.split('\n').length, 1), MAX_INPUT_ROWS);
    setText(this.#send, lines > 1 ? `Send ${formatLines(lines)}` : 'Send');
    setText(this.#status, isIn ? `You are client ${this.#id}.` : 'Joining …');
  }
}

function countsOf({ receivedLines, unsentBytes }: Membership): string {
  const unsent = unsentBytes === 0 ? '' : `, ${formatBytes(unsentBytes)} not sent yet`;
  return `Received: ${formatLines(receivedLines)}${unsent}`;
}

/** Says why the page is no longer in the room, and what its reader can do. */
function describeDeparture(departure: Departure): string {
  const detail = departure.reason === '' ? '' : ` (${departure.reason})`;
  if (departure.kind === 'refused') return `The relay did not let this page join${detail}.`;
  if (departure.code === LINE_TOO_LONG) return `You left the room, because a line was too long${detail}.`;
  if (departure.code === GOING_AWAY) return 'You left the room, because the relay has closed it.';
  return `The connection was lost${detail}: you are no longer in the room. Lines that you sent last may be missing.`;
}
