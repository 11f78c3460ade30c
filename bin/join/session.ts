import { escapeText } from '../../lib/util/escape-text.js';
import { CommandError } from '../console.js';
import { endBySignal } from '../service/signals.js';
import { hasColours } from '../style.js';
import { addressOf } from './dial.js';
import { Editor } from './editor.js';
import { type Action, KeyDecoder } from './keys.js';
import { LineView } from './line-view.js';
import { Link } from './link.js';
import { Screen, TO_LAST_ROW } from './screen.js';
import { Terminal } from './terminal.js';

const PROMPT = '> ';
const CLEAR = `\x1b[H\x1b[2J${TO_LAST_ROW}`;
/** The exit code of a program that Ctrl-C has ended, by the convention of shells. */
const INTERRUPTED = 130;
/** Shortest time between two drawings, in milliseconds. */
const FRAME_MS = 16;
/** Text at which the terminal gets it before the relay sends more. Keys are read in between. */
const MAX_PENDING_CHARACTERS = 64 * 1024;

/**
 * Lets a person at a terminal talk in a room, until the relay closes the connection or the person leaves.
 *
 * @throws {CommandError} if the connection fails or is lost
 */
export async function startSession(options: { port: number; reconnect: boolean }): Promise<void> {
  await new Session(options).run();
  process.exit();
}

class Session {
  readonly #link: Link;
  readonly #terminal: Terminal;
  readonly #view = new LineView(hasColours(1));
  readonly #screen = new Screen(PROMPT);
  readonly #keys = new KeyDecoder();
  readonly #editor = new Editor();
  /** Lines that are not drawn yet. */
  #pending = '';
  #timer: NodeJS.Timeout | undefined;
  #drawnAt = 0;
  /** Lines that were typed without a connection. */
  #unsent: string[] = [];
  #isLeaving = false;

  constructor({ port, reconnect }: { port: number; reconnect: boolean }) {
    this.#link = new Link({
      port,
      reconnect,
      onConnected: (isAgain) => this.#onConnected(addressOf(port), isAgain),
      onData: (chunk) => this.#onData(chunk),
      onRetry: (reason) => this.#onRetry(reason),
    });
    this.#terminal = new Terminal({
      onInput: (chunk) => this.#onInput(chunk),
      onRedraw: () => this.#schedule(),
      onSignal: (signal) => {
        this.#finish();
        endBySignal(signal);
      },
    });
  }

  async run(): Promise<void> {
    this.#terminal.open();
    this.#schedule();
    try {
      await this.#link.run();
    } catch (error) {
      throw new CommandError(`mini-serv: ${(error as Error).message}`);
    } finally {
      this.#finish();
    }
  }

  #onConnected(address: string, isAgain: boolean): void {
    if (!isAgain) {
      this.#drawWithoutDraft();
      this.#terminal.write(TO_LAST_ROW);
    }
    this.#print(
      this.#view.notice(
        isAgain
          ? `joined ${address} again, as a new client with a new id; lines sent meanwhile are missing`
          : `joined ${address} (only others see your id); Ctrl-D leaves`,
      ),
    );
    for (const line of this.#unsent.splice(0)) this.#send(line);
  }

  #onRetry(reason: string): void {
    this.#print(this.#view.end() + this.#view.notice(`${reason}; trying again until Ctrl-C`));
  }

  #onData(chunk: Buffer): void {
    this.#print(this.#view.show(chunk));
    if (this.#pending.length < MAX_PENDING_CHARACTERS) return;
    this.#link.pause();
    setImmediate(() => {
      this.#draw();
      this.#link.resume();
    });
  }

  #onInput(chunk: Buffer): void {
    for (const input of this.#keys.decode(chunk)) {
      if ('action' in input) this.#act(input.action);
      else if (!this.#isLeaving) this.#editor.insert(input.text);
    }
    this.#schedule();
  }

  #act(action: Action): void {
    if (action === 'quit') this.#quit();
    else if (action === 'suspend') this.#suspend();
    else if (action === 'redraw') this.#terminal.write(CLEAR);
    else if (this.#isLeaving) return;
    else if (action === 'send') this.#send(this.#editor.take());
    else if (action !== 'leave') this.#editor.apply(action);
    else if (this.#editor.text !== '') this.#editor.apply('deleteRight');
    else this.#leave();
  }

  #send(line: string): void {
    if (this.#link.isConnected) {
      this.#link.send(line);
      this.#print(this.#view.own(line));
      return;
    }
    this.#unsent.push(line);
    if (this.#unsent.length > 1) return;
    this.#print(this.#view.notice('not connected: lines are kept, and sent when there is a connection'));
  }

  #leave(): void {
    this.#isLeaving = true;
    this.#print(this.#view.notice('leaving; Ctrl-C does not wait for what is still to be delivered'));
    this.#link.end();
  }

  #quit(): void {
    this.#finish();
    process.exit(INTERRUPTED);
  }

  #suspend(): void {
    this.#drawWithoutDraft();
    this.#terminal.suspend();
  }

  /** Draws for the last time. Lines and a draft that were not sent stay on the screen. */
  #finish(): void {
    clearTimeout(this.#timer);
    const { text } = this.#editor;
    const unsent = text === '' ? this.#unsent : [...this.#unsent, text];
    const drafts = unsent.map((line) => `${PROMPT}${escapeText(line)}\n`);
    this.#pending += this.#view.end() + drafts.join('');
    this.#drawWithoutDraft();
    this.#terminal.close();
  }

  #drawWithoutDraft(): void {
    this.#terminal.write(this.#screen.draw(this.#pending, null, this.#terminal.size));
    this.#pending = '';
  }

  #print(lines: string): void {
    this.#pending += lines;
    this.#schedule();
  }

  #schedule(): void {
    const delayMs = Math.max(0, this.#drawnAt + FRAME_MS - performance.now());
    this.#timer ??= setTimeout(() => this.#draw(), delayMs);
  }

  #draw(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const { text, cursor } = this.#editor;
    const draft = this.#isLeaving ? null : { text, cursor, cursorEnd: this.#editor.next() };
    this.#terminal.write(this.#screen.draw(this.#pending, draft, this.#terminal.size));
    this.#pending = '';
    this.#drawnAt = performance.now();
  }
}
