import { type Case, RANKS, type Rank } from '../../lib/conformance/case.js';
import { CASES } from '../../lib/conformance/cases/index.js';
import { durationOf, type Range } from '../amounts.js';
import { describeOptions } from '../help.js';
import { type OptionTable, parseOptions, UsageError, unexpected } from '../parse-options.js';

/** The parsed arguments after the word `conformance`. */
export type Request =
  | { readonly kind: 'help' }
  | { readonly kind: 'usage'; readonly message: string }
  | { readonly kind: 'list'; readonly json: boolean; readonly cases: readonly Case[] }
  | {
      readonly kind: 'test';
      readonly json: boolean;
      readonly timeoutMs: number;
      readonly cases: readonly Case[];
      /** The ranks whose cases have to pass. */
      readonly required: readonly Rank[];
      readonly command: readonly string[];
    };

const OPTIONS = {
  rank: {
    type: 'string',
    value: 'rank',
    help: 'run the cases up to this rank, and require all of them; default: run all cases, and require subject and exam',
  },
  only: {
    type: 'string',
    multiple: true,
    value: 'name',
    help: 'run the case with this name, or all cases whose names contain it, and require them; separate several names by commas, or repeat the option',
  },
  timeout: {
    type: 'string',
    value: 'time',
    help: 'time to wait for the next byte that should be received, such as 500ms or 10s (default 5s)',
  },
  list: { type: 'boolean', help: 'list the cases, and run none of them' },
  json: { type: 'boolean', help: 'print the report as JSON' },
  help: { type: 'boolean', help: 'print this help and exit' },
} as const satisfies OptionTable;

/** Returns the text of `mini-serv conformance --help`. */
export function helpText(): string {
  return `Usage: mini-serv conformance [options] <command> [args...]
       mini-serv conformance [options] mini_serv.c

Tests any mini_serv against 42's subject. For each case the kit starts the
command with a port as its last argument, connects clients to it, and explains
what is wrong and why. A source file is compiled first, with cc -Wall -Wextra
-Werror, and checked against the rules for the source.

Each case has a rank. subject: what the subject says. exam: what graders and
good practice check. beyond: what a server for everyday use should withstand.

Exit code 0: all required cases passed. 1: some failed. 2: nothing was tested.

Options:
${describeOptions(OPTIONS)}
Try it: mini-serv conformance ./mini_serv
`;
}

const DEFAULT_TIMEOUT_MS = 5000;
/** With a shorter timeout, a slow computer would fail the server. */
const TIMEOUT: Range = { min: 100, max: 10 * 60_000, example: '5s' };

/** Parses the arguments after the word conformance. Never throws. */
export function parseRequest(args: readonly string[]): Request {
  try {
    return parse(args);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    return { kind: 'usage', message: error.message };
  }
}

function parse(args: readonly string[]): Request {
  // Everything after the command's name belongs to the command.
  const { values, operands: command } = parseOptions(args, OPTIONS, true);
  if (values.help) return { kind: 'help' };
  const rank = parseRank(values.rank);
  const timeoutMs =
    values.timeout === undefined ? DEFAULT_TIMEOUT_MS : durationOf('--timeout', values.timeout, TIMEOUT);
  const names = values.only?.flatMap((text) => text.split(',')) ?? [];
  const cases = chooseCases(names, rank);
  const json = values.json === true;
  if (values.list) return { kind: 'list', json, cases };
  if (command.length === 0) throw new UsageError('expected the command to test, such as ./mini_serv');
  const required = rank === undefined && names.length === 0 ? RANKS.slice(0, 2) : RANKS;
  return { kind: 'test', json, timeoutMs, cases, required, command };
}

function chooseCases(names: readonly string[], rank: Rank = 'beyond'): readonly Case[] {
  const ofRank = CASES.filter((one) => RANKS.indexOf(one.rank) <= RANKS.indexOf(rank));
  if (names.length === 0) return ofRank;
  const chosen = new Set<Case>();
  for (const name of names) {
    const exact = ofRank.filter((one) => one.name === name);
    const found = exact.length > 0 ? exact : ofRank.filter((one) => name !== '' && one.name.includes(name));
    if (found.length === 0) throw unexpected('--only', 'the name of a case (see --list)', name);
    for (const one of found) chosen.add(one);
  }
  return ofRank.filter((one) => chosen.has(one));
}

function parseRank(text: string | undefined): Rank | undefined {
  const rank = RANKS.find((one) => one === text);
  if (text !== undefined && rank === undefined) throw unexpected('--rank', 'subject, exam or beyond', text);
  return rank;
}
