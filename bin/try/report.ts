import { REFUSED_CODE, type TransformFailure } from '../../lib/transforms/chain.js';
import type { MessageTransform } from '../../lib/transforms/transform.js';
import { printLine, printMessage } from '../console.js';
import { LineMatcher } from './line-matcher.js';

const MAX_SHOWN_CHARACTERS = 200;
const NOTICES = { arrived: 'has arrived', left: 'has left' };

/** Prints on standard error what happens to the lines, and sets the exit code to 1 if a transform fails. */
export class Report {
  /** The number of the last line that was read. */
  lineNumber = 0;
  readonly lines: LineMatcher | undefined;
  readonly #transforms: readonly MessageTransform[];
  readonly #isVerbose: boolean;
  /** Whether a transform answers later than it takes a line. */
  readonly #isLate: boolean;

  constructor(transforms: readonly MessageTransform[], isVerbose: boolean, isLate: boolean) {
    this.#transforms = transforms;
    this.#isVerbose = isVerbose;
    this.#isLate = isLate;
    if (!isVerbose) return;
    this.lines = new LineMatcher({
      onDropped: ({ number, text }) => printMessage(`line ${number} is dropped: ${shorten(text)}`),
      onChanged: ({ number, text }) => printMessage(`line ${number} is changed, it was: ${shorten(text)}`),
    });
  }

  onNoticeDropped(kind: 'arrived' | 'left'): void {
    if (this.#isVerbose) printMessage(`the notice that the client ${NOTICES[kind]} is dropped`);
  }

  onFailure({ error, position, isBypassed }: TransformFailure): void {
    const isRefusal = (error as NodeJS.ErrnoException).code === REFUSED_CODE;
    const what = `transform ${position + 1} ${isRefusal ? 'refused the client' : 'failed'}`;
    const end = isBypassed ? '; the client continues without it' : '';
    this.fail(`${what} ${this.#place()}: ${this.#nameOf(position)}${error.message}${end}`);
    if (!this.#isVerbose || isRefusal) return;
    for (const line of error.stack?.split('\n') ?? []) printLine(line);
  }

  /** @param warning a string is a line that a program has written to standard error */
  onWarning(warning: Error | string, position: number): void {
    const name = this.#nameOf(position);
    if (warning instanceof Error) this.fail(`${name}${warning.message}`);
    else printMessage(`${name}${warning}`);
  }

  /** The transforms have not acknowledged the last line, and nothing is left that could call back. */
  onStall(): void {
    this.fail(`the transforms never answer ${this.#place().replace(/^(at|after) /, '')}`);
  }

  fail(message: string): void {
    printMessage(message);
    process.exitCode = 1;
  }

  #place(): string {
    if (this.lineNumber === 0) return 'at the arrival of the client';
    return `${this.#isLate ? 'after' : 'at'} line ${this.lineNumber}`;
  }

  #nameOf(position: number): string {
    const name = this.#transforms[position]?.name ?? '';
    return name === '' ? '' : `${name}: `;
  }
}

function shorten(text: string): string {
  return text.length > MAX_SHOWN_CHARACTERS ? `${text.slice(0, MAX_SHOWN_CHARACTERS)}…` : text;
}
