import { isatty } from 'node:tty';
import { openDescriptor } from '../lib/sinks/descriptor-sink.js';
import { sinkStream } from '../lib/sinks/sink-stream.js';
import { escapeText } from '../lib/util/escape-text.js';
import { type LineMark, lineMark } from '../lib/util/line-mark.js';
import { style } from './style.js';

/** Time to deliver pending output when the command ends, in milliseconds. */
export const GRACE_MS = 2000;

/** An error that ends the command. The message is printed as it is, without a stack trace. */
export class CommandError extends Error {
  /** Text that is printed below the message and may have several lines. */
  readonly details: string | undefined;

  readonly exitCode: number;

  constructor(message: string, details?: string, exitCode = 1) {
    super(message);
    this.details = details;
    this.exitCode = exitCode;
  }
}

/** The two messages that the subject prescribes. They never have colours, because graders compare them byte by byte. */
const SUBJECT_MESSAGES: readonly string[] = ['Wrong number of arguments', 'Fatal error'];

let areErrorsIgnored = false;

/**
 * Ignores errors of standard output and standard error: their reader may be gone, and then nothing is left to report to.
 * Called only by commands that use the streams, since creating them costs as much as opening the port.
 */
export function ignoreOutputErrors(): void {
  if (areErrorsIgnored) return;
  areErrorsIgnored = true;
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
}

let errorStream: NodeJS.WritableStream | undefined;

function standardError(): NodeJS.WritableStream {
  ignoreOutputErrors();
  errorStream ??= isatty(2) ? openTerminal() : process.stderr;
  return errorStream;
}

/** A terminal that is held with Ctrl-S must not block the relay, as it would with Node's own stream. */
function openTerminal(): NodeJS.WritableStream {
  return sinkStream(async () => (await openDescriptor(2)).sink).on('error', () => {});
}

let mark: LineMark | undefined;

/**
 * Starts each further line on standard error with the mark of the transcript, if it is a terminal. Otherwise the text of a
 * client could look like such a line at the start of a row.
 */
export function startLineMarks(): void {
  if (isatty(2)) mark = lineMark();
}

/** Puts a text on one line. Newlines and control characters in it cannot forge a second line. */
function toLine(text: string): string {
  const line = escapeText(text.replace(/\s*\n\s*/g, ' '));
  return mark === undefined ? line : mark.apply(line, true);
}

/** Prints one line on standard error. */
export function printLine(text: string): void {
  standardError().write(`${toLine(text)}\n`);
}

/** Prints a message of the command on standard error, after the command's name. */
export function printMessage(message: string): void {
  printLine(`mini-serv: ${message}`);
}

/** Prints a message that asks for nothing. */
export function printNotice(message: string): void {
  standardError().write(`${style('dim', toLine(`mini-serv: ${message}`))}\n`);
}

/** Prints why the command cannot do its work, and ends it. */
export function fail({ message, details, exitCode }: CommandError): void {
  process.exitCode = exitCode;
  exitAfterGrace();
  const [first = '', ...rest] = details === undefined ? [] : escapeText(details).split('\n');
  const lines = SUBJECT_MESSAGES.includes(message)
    ? [message, ...(first === '' ? [] : [style('red', first)]), ...rest]
    : [style('red', toLine(message)), ...(first === '' ? [] : [first]), ...rest];
  standardError().write(`${lines.join('\n')}\n`, () => process.exit());
}

/** Lets the process end by itself, and ends it after {@link GRACE_MS} if a transform keeps it alive. */
export function exitAfterGrace(): void {
  setTimeout(() => process.exit(), GRACE_MS).unref();
}
