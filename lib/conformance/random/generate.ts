import {
  type Arbitrary,
  array,
  constant,
  constantFrom,
  integer,
  nat,
  oneof,
  record,
  tuple,
} from 'fast-check';
import type { Demands } from './demands.js';
import { MAX_PIECE_BYTES, MAX_PLACES, MAX_SHORT_LINE_BYTES } from './plan.js';
import type { Action, Session } from './session.js';

const ALPHABET = 'abcdefghijklmnopqrstuvwxyz';
/** Sizes around which buffers end, in bytes. */
const BUFFER_SIZES = [64, 128, 512, 1000, 1024, 2048, 4096, 8192, 65_536, 100_000, 131_072, 262_144];
const MAX_LONG_LINE_BYTES = 364_000;
/** The length of the line of `long-line-in-packets`, in bytes. */
const MAX_LINE_IN_PACKETS_BYTES = 6 * MAX_PIECE_BYTES;
/** Packets that are shorter than those of `long-line-in-packets`. */
const SEVENTHS = [1, 2, 3, 4, 5, 6].map((seventh) => Math.ceil((seventh * 1000) / 7));
const MAX_LINES = 2000;
/** More than the kernel keeps for a client that does not read. */
const FLOOD_BYTES = 6_000_000;
/** Longer than the space for which select reports a socket writable. */
const FLOOD_LINE_BYTES = 2_000_000;

/** Returns the generator of sessions that contain only what is demanded. */
export function sessions(demands: Demands): Arbitrary<Session> {
  const text = texts(demands);
  const cuts = demands.has('line-in-pieces')
    ? array(nat({ max: 1000 }), { maxLength: 4 })
    : constant<number[]>([]);
  const action = (
    kind: Arbitrary<Action['kind']>,
    weight: number,
    parts: { text?: Arbitrary<string>; cuts?: Arbitrary<number[]> } = {},
  ) => ({
    weight,
    arbitrary: record<Action>({
      kind,
      place: nat({ max: MAX_PLACES - 1 }),
      text: parts.text ?? constant(''),
      cuts: parts.cuts ?? constant([]),
      isAwaited: demands.has('two-listeners')
        ? integer({ min: 0, max: 3 }).map((n) => n < 3)
        : constant(true),
    }),
  });
  const anyAction = oneof(
    action(constant('send'), 10, { text, cuts }),
    ...(demands.has('long-line-in-packets') && !demands.has('long-line')
      ? [action(constant('send'), 2, { text: longLine, cuts: constantFrom<number[]>([], SEVENTHS) })]
      : []),
    ...(demands.has('lazy-holds-nobody-up') ? [action(constant('send'), 2, { text: floods(demands) })] : []),
    action(constant('connect'), 3),
    action(demands.has('reset-client') ? constantFrom('end', 'end', 'reset') : constant('end'), 3),
    action(constant('pause'), 3),
    action(constant('resume'), 2),
  );
  return record({
    clients: integer({ min: 0, max: MAX_PLACES - 1 }).map((n) => (n + 2) % MAX_PLACES),
    actions: array(anyAction, { maxLength: 24, size: 'max' }),
  });
}

/** A message: lines, and with `pieces` also the beginning of one. */
function texts(demands: Demands): Arbitrary<string> {
  const line = lines(demands);
  const few = array(line, { minLength: 1, maxLength: 4 }).map(joinLines);
  const many = tuple(line, integer({ min: 1, max: MAX_LINES })).map(([one, times]) =>
    `${one.slice(0, 40)}\n`.repeat(times),
  );
  const unfinished = tuple(array(line, { maxLength: 2 }), line).map(
    ([whole, rest]) => joinLines(whole) + rest,
  );
  return oneof(
    { withCrossShrink: true },
    { weight: 6, arbitrary: few },
    ...(demands.has('many-lines') ? [{ weight: 1, arbitrary: many }] : []),
    ...(demands.has('pieces') ? [{ weight: 4, arbitrary: unfinished }] : []),
  );
}

const joinLines = (all: readonly string[]): string => all.map((one) => `${one}\n`).join('');

function lines(demands: Demands): Arbitrary<string> {
  const printable = integer({ min: 0x21, max: 0x7e }).map((code) => String.fromCharCode(code));
  const letters = constantFrom(...ALPHABET);
  const word = array(oneof({ weight: 4, arbitrary: letters }, { weight: 1, arbitrary: printable }), {
    minLength: 1,
    maxLength: 8,
  }).map((all) => all.join(''));
  const inner = array(word, { minLength: 1, maxLength: 4 }).map((all) => all.join(' '));
  const unusual = constantFrom('%s', '%d%n', 'server: client 0 just left', 'client 1: hi', '100% \\n');
  const withBytes = array(oneof(constantFrom('', ...unusualBytes(demands)), letters), {
    minLength: 1,
    maxLength: 8,
  }).map((all) => `<${all.join('')}>`);
  return oneof(
    { withCrossShrink: true },
    { weight: 6, arbitrary: inner },
    { weight: 1, arbitrary: unusual },
    { weight: 2, arbitrary: withBytes },
    ...(demands.has('blanks')
      ? [{ weight: 1, arbitrary: tuple(blank, inner, blank).map((all) => all.join('')) }]
      : []),
    ...(demands.has('empty-lines') ? [{ weight: 1, arbitrary: constant('') }] : []),
    { weight: 2, arbitrary: lengths(demands).map(lineOf) },
  );
}

const blank = constantFrom('', ' ', '  ', '\t', '\r');

function unusualBytes(demands: Demands): string[] {
  return [
    ...(demands.has('control-bytes') ? ['\x04', '\r', '\x1b', '\x7f', '\v', '\f'] : []),
    ...(demands.has('high-bytes') ? ['\xc3\xa9', '\xff', '\x80', '\xe2\x82', '\xfe'] : []),
    ...(demands.has('nul') ? ['\0'] : []),
  ];
}

/** Lengths of lines, many of them close to the size of a buffer. */
function lengths(demands: Demands): Arbitrary<number> {
  if (!demands.has('long-line')) return integer({ min: 1, max: MAX_SHORT_LINE_BYTES });
  return oneof(
    integer({ min: 1, max: 5000 }),
    tuple(constantFrom(...BUFFER_SIZES), integer({ min: -20, max: 20 })).map(([size, more]) => size + more),
    integer({ min: 1, max: MAX_LONG_LINE_BYTES }),
  );
}

/** A line with a pattern whose length divides no size of a buffer, so that no part can be missing unnoticed. */
function lineOf(length: number): string {
  return ALPHABET.repeat(Math.ceil(length / ALPHABET.length)).slice(0, length);
}

const longLine = integer({ min: MAX_SHORT_LINE_BYTES + 1, max: MAX_LINE_IN_PACKETS_BYTES }).map(
  (length) => `${lineOf(length)}\n`,
);

function floods(demands: Demands): Arbitrary<string> {
  const lineBytes = demands.has('long-line') ? 10_000 : 1000;
  const flood = `${lineOf(lineBytes - 1)}\n`.repeat(FLOOD_BYTES / lineBytes);
  if (!demands.has('long-line')) return constant(flood);
  return constantFrom(flood, `${flood}${lineOf(FLOOD_LINE_BYTES)}\n`);
}
