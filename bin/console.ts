import { isatty } from 'node:tty';
import { logSink } from '../lib/sinks/log-sink.js';
import { escapeText } from '../lib/util/escape.js';

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

let errorStream: Pick<NodeJS.WritableStream, 'write'> | undefined;

function standardError(): Pick<NodeJS.WritableStream, 'write'> {
  ignoreOutputErrors();
  // A terminal that is held with Ctrl-S must not block the relay, as it would with Node's own stream.
  errorStream ??= isatty(2) ? logSink('stderr') : process.stderr;
  return errorStream;
}

/** Prints one line on standard error. Newlines and control characters in the text cannot forge a second line. */
export function printLine(text: string): void {
  standardError().write(`${escapeText(text.replace(/\s*\n\s*/g, ' '))}\n`);
}

/** Prints a message of the command on standard error, after the command's name. */
export function printMessage(message: string): void {
  printLine(`mini-serv: ${message}`);
}

/** Prints why the command cannot do its work, and ends it. */
export function fail({ message, details, exitCode }: CommandError): void {
  printLine(message);
  if (details !== undefined) standardError().write(`${details}\n`);
  process.exitCode = exitCode;
  exitAfterGrace();
}

/** Lets the process end by itself, and ends it after {@link GRACE_MS} if a transform keeps it alive. */
export function exitAfterGrace(): void {
  setTimeout(() => process.exit(), GRACE_MS).unref();
}
