import type { Exit, FailureDetails } from './failure.js';
import { isSanitizerSummary } from './sanitizer.js';
import type { Step } from './timeline.js';
import type { Result } from './trial.js';
import { type Difference, findDifference, hasNoNewline, hasTwoMessages, parseLine } from './wire-line.js';
import { wrongPrefix } from './wrong-prefix.js';

/** Says how the server ended. */
export function describeExit(exit: Exit): string {
  const { code, signal } = exit;
  if (signal !== null) return `the server was ended by ${signal}${causeOf(signal, exit)}`;
  // A shell reports the signal that ended its child as an exit code above 128.
  const name = code !== null && code > 128 ? SIGNAL_NAMES[code - 128] : undefined;
  const meaning = name === undefined ? '' : `, with which a shell reports ${name}${causeOf(name, exit)}`;
  return `the server ended with exit code ${code}${meaning}`;
}

function causeOf(signal: string, { hadAllClients }: Exit): string {
  if (signal === 'SIGPIPE' && hadAllClients)
    return ' (it sent to a socket that is not connected to any client)';
  return SIGNAL_CAUSES[signal] ?? '';
}

/** Returns the signal that ended the server, also if a shell reports it as an exit code above 128. */
export function signalOf({ code, signal }: Exit): string | undefined {
  return signal ?? SIGNAL_NAMES[(code ?? 0) - 128];
}

const MEMORY_SIGNALS = ['SIGSEGV', 'SIGBUS', 'SIGABRT'];

/** Returns the usual cause of a failure. The end of the server or a wrong prefix comes before the subject of the case. */
export function hintFor({ case: one, exit, stderr, timeline, details }: Result): string {
  if (stderr?.some(isSanitizerSummary)) return SANITIZER_HINT;
  const signal = exit && signalOf(exit);
  if (signal !== undefined && MEMORY_SIGNALS.includes(signal)) return MEMORY_HINT;
  if (signal === 'SIGPIPE') return exit?.hadAllClients ? NOT_CONNECTED_HINT : BROKEN_PIPE_HINT;
  const isFatal = exit?.code === 1 && stderr?.at(-1) === 'Fatal error';
  const hadClients = timeline.some(({ client }) => client !== undefined) && !details?.isStart;
  if (isFatal && hadClients) return FATAL_HINT;
  return wrongFormatHint(details, timeline) ?? one.hint;
}

/** Returns the format that a line should have, if the text of the subject in it is wrong. */
function wrongFormatHint(details: FailureDetails | undefined, timeline: readonly Step[]): string | undefined {
  const difference = findDifference(details);
  if (difference?.line === undefined) return undefined;
  const { got, line, at } = difference;
  const isWrongNotice =
    line.kind !== 'line' && at >= line.idEnd && at < got.length && parseLine(got) === undefined;
  const isWrong =
    hasNoNewline(difference) ||
    (!hasTwoMessages(got) && (isWrongNotice || hasWrongPrefix(difference, timeline)));
  return isWrong ? `${WRONG_FORMAT_HINT}: ${FORMATS[line.kind]}.` : undefined;
}

/** A line that has no prefix at all, or the unfinished text of a client in front, has other causes. */
function hasWrongPrefix(difference: Difference, timeline: readonly Step[]): boolean {
  const text = wrongPrefix(difference)?.text ?? '';
  const unfinished = timeline.map(({ action, bytes }) =>
    action === 'sends' && bytes !== undefined ? bytes.toString('latin1').replace(/^.*\n/s, '') : '',
  );
  return text !== '' && !unfinished.some((one) => one !== '' && text.endsWith(one));
}

const FORMATS = {
  arrived: '"server: client %d just arrived\\n"',
  left: '"server: client %d just left\\n"',
  line: '"client %d: ", the line and its \\n',
} as const;

const WRONG_FORMAT_HINT =
  'Lines of this kind do not have the format of the subject. Compare it letter by letter, also its spaces and the \\n at its end';

const SANITIZER_HINT =
  'The sanitizer ended the server because of this error. Start the server yourself and do the same steps: the complete report ' +
  'of the sanitizer names the lines of the source.';

const MEMORY_HINT =
  'A buffer is too small for what is copied into it, a pointer is null, or memory is used after free. Compile with ' +
  'cc -g -fsanitize=address and run the same steps again: the program then prints the line.';

const NOT_CONNECTED_HINT =
  'No client had left, so this is probably the listening socket: it is in the same fd_set as the clients, or in the same ' +
  'loop. Skip it when you send. Where SIGPIPE is ignored, as in the terminals of some editors, you do not see this.';

const BROKEN_PIPE_HINT =
  'Call send with MSG_NOSIGNAL: without it, sending to a client that has gone ends the server. Remove a client as soon as ' +
  'recv returns 0 or -1.';

const FATAL_HINT =
  '"Fatal error" is only for errors before the server accepts connections. Later, an error of send or recv concerns one ' +
  'client (EPIPE, ECONNRESET) or a descriptor that was closed before (EBADF): the server has to keep running.';

const SIGNAL_NAMES: Readonly<Record<number, string>> = {
  4: 'SIGILL',
  6: 'SIGABRT',
  7: 'SIGBUS',
  8: 'SIGFPE',
  9: 'SIGKILL',
  11: 'SIGSEGV',
  13: 'SIGPIPE',
  15: 'SIGTERM',
};

const SIGNAL_CAUSES: Readonly<Record<string, string>> = {
  SIGSEGV: ' (invalid memory access: a buffer that is too small, or a null pointer)',
  SIGABRT: ' (the C library stopped it: memory freed twice, or written past its end)',
  SIGBUS: ' (invalid memory access)',
  SIGPIPE: ' (it sent to a connection that was reset: call send with MSG_NOSIGNAL)',
  SIGFPE: ' (division by zero)',
};
