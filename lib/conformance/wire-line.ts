import type { FailureDetails } from './failure.js';
import { commonPrefixLength } from './text.js';
import type { Step } from './timeline.js';

/** A line that a server should send, and where its parts begin, in bytes. */
export interface Line {
  readonly kind: 'arrived' | 'left' | 'line';
  readonly idStart: number;
  readonly idEnd: number;
  /** For a notice, where the part begins that notices do not share. */
  readonly textStart: number;
}

const PATTERNS: readonly [Line['kind'], RegExp][] = [
  ['arrived', /^(server: client )(\d+)( just )arrived\n$/],
  ['left', /^(server: client )(\d+)( just )left\n$/],
  ['line', /^(client )(\d+)(: )/],
];

/** Returns the parts of a line, or undefined if no server should send it. */
export function parseLine(bytes: Buffer): Line | undefined {
  const text = bytes.toString('latin1');
  for (const [kind, pattern] of PATTERNS) {
    const [, first = '', id = '', separator = ''] = pattern.exec(text) ?? [];
    if (first === '') continue;
    const idEnd = first.length + id.length;
    return { kind, idStart: first.length, idEnd, textStart: idEnd + separator.length };
  }
  return undefined;
}

/** The lines in which the first difference is. */
export interface Difference {
  readonly wanted: Buffer;
  readonly got: Buffer;
  /** The parts of the wanted line. */
  readonly line: Line | undefined;
  /** The position of the first difference in both lines. */
  readonly at: number;
  /** The expected bytes before the line. */
  readonly before: Buffer;
}

/** Returns the first difference of a failure that compared bytes. */
export function findDifference({ expected, received }: Partial<FailureDetails> = {}): Difference | undefined {
  if (expected === undefined || received === undefined) return undefined;
  const at = commonPrefixLength(expected, received);
  const start = at === 0 ? 0 : expected.lastIndexOf(0x0a, at - 1) + 1;
  const wanted = lineAt(expected, start);
  const line = parseLine(wanted);
  return { wanted, got: lineAt(received, start), line, at: at - start, before: expected.subarray(0, start) };
}

/** Returns the line that begins here, with its newline if it is complete. */
function lineAt(bytes: Buffer, start: number): Buffer {
  const end = bytes.indexOf(0x0a, start);
  return bytes.subarray(start, end === -1 ? bytes.length : end + 1);
}

/** Whether a message follows the text of another one on the same line. */
export function hasTwoMessages(got: Buffer): boolean {
  return /[^\n](client \d+: |server: client \d+ just )/.test(got.toString('latin1'));
}

/** Whether only the newline at the end is missing. Another message may follow. */
export function hasNoNewline({ wanted, got, at }: Difference): boolean {
  return at > 0 && at === wanted.length - 1 && (at === got.length || hasTwoMessages(got));
}

/** Whether the text of a line was received without its prefix. */
export function isBare(wanted: Buffer, got: Buffer, { textStart }: Line): boolean {
  const text = wanted.subarray(textStart);
  return got.length > 0 && text.subarray(0, got.length).equals(got);
}

/** Whether a line is the one that the client received before it. */
export function isRepeated(got: Buffer, before: Buffer, timeline: readonly Step[]): boolean {
  if (got.at(-1) !== 0x0a) return false;
  const last = timeline.at(-1);
  const previous = timeline
    .slice(0, -1)
    .findLast(({ client, action }) => client === last?.client && action.startsWith('receives'));
  const bytes = before.length > 0 ? before : (previous?.bytes ?? Buffer.alloc(0));
  return bytes.subarray(-got.length).equals(got);
}

/** Lines that are longer exceed the buffer of a typical server. */
const LONG_LINE_BYTES = 1000;

/** Returns the feature of a text that servers handle wrongly. */
export function textClass(bytes: Buffer, line?: Line): string {
  const text = line === undefined ? bytes : bytes.subarray(line.textStart);
  if (line?.kind === 'line' && text.length === 1) return 'empty';
  if (text.length > LONG_LINE_BYTES) return 'long';
  if (text.some((byte) => byte > 0x7e)) return 'high';
  if (text.includes(0x25)) return 'percent';
  if (/^[\t\r\v\f ]/.test(text.toString('latin1'))) return 'blank';
  if (text.some((byte) => byte < 0x20 && byte !== 0x0a)) return 'control';
  return 'plain';
}
