import { ENTER, LEAVE } from './screen.js';

const USUAL_SIZE = { columns: 80, rows: 24 };
const END_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const;

export interface TerminalHandlers {
  readonly onInput: (chunk: Buffer) => void;
  /** Called when everything has to be drawn again, possibly at another place and in another size. */
  readonly onRedraw: () => void;
  /** Called for a signal that ends the process, or if the terminal was closed. */
  readonly onSignal: (signal: NodeJS.Signals) => void;
}

/** Standard input and output as one terminal in raw mode. However the process ends, the terminal is restored. */
export class Terminal {
  readonly #handlers: TerminalHandlers;
  #isOpen = false;

  constructor(handlers: TerminalHandlers) {
    this.#handlers = handlers;
  }

  get size(): { columns: number; rows: number } {
    const { columns, rows } = process.stdout;
    return { columns: columns || USUAL_SIZE.columns, rows: rows || USUAL_SIZE.rows };
  }

  open(): void {
    const { onInput, onRedraw, onSignal } = this.#handlers;
    this.#enter();
    const onGone = (): void => onSignal('SIGHUP');
    process.stdin.on('data', onInput).on('end', onGone).on('error', onGone);
    process.stdout.on('resize', onRedraw).on('error', onGone);
    for (const signal of END_SIGNALS) process.on(signal, onSignal);
    process.on('SIGCONT', () => this.#resume());
    process.on('exit', () => this.close());
  }

  write(text: string): void {
    process.stdout.write(text);
  }

  /** Gives the terminal to the shell until the process is continued. */
  suspend(): void {
    this.close();
    // The whole group, as with Ctrl-Z outside of raw mode: a pipeline, or npm. A group without a shell is not stopped.
    process.kill(0, 'SIGTSTP');
    this.#resume();
  }

  /** Restores the terminal. */
  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.write(LEAVE);
    process.stdin.setRawMode(false);
  }

  /** The process may have been stopped without its knowledge, so the state of the terminal is unknown. */
  #resume(): void {
    process.stdin.setRawMode(false);
    this.#enter();
    this.#handlers.onRedraw();
  }

  #enter(): void {
    this.#isOpen = true;
    process.stdin.setRawMode(true);
    this.write(ENTER);
  }
}
