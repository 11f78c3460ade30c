import { type Case, RANKS, type Rank } from './case.js';
import { CASES } from './cases/index.js';

/** What the kit is asked to do. */
export type Request =
  | { readonly kind: 'help' }
  | { readonly kind: 'usage'; readonly message: string }
  | { readonly kind: 'list'; readonly json: boolean; readonly cases: readonly Case[] }
  | {
      readonly kind: 'judge';
      readonly json: boolean;
      readonly timeout: number;
      readonly cases: readonly Case[];
      /** The ranks that have to hold. */
      readonly required: readonly Rank[];
      readonly command: readonly string[];
    };

export const HELP = `Usage: mini-serv conformance [options] <command> [args...]
       mini-serv conformance [options] mini_serv.c

Judges any mini_serv by 42's subject: starts the command with a port behind its
arguments, a new one for each case, and says what holds, and what does not and
why. A source file is compiled first (cc -Wall -Wextra -Werror), and judged too.

Cases have a rank: subject is what the text says, exam what graders and good
practice check, beyond what a server for every day should stand. Exit code 0:
all of subject and exam hold; 1: something does not; 2: nothing could be judged.

Options:
  --rank <rank>      run the cases up to this rank, and require all of them;
                     without it all are run, and beyond is not required
  --only <name>      only the cases of this name, or that have it in their name;
                     may be given several times, or with commas between. All
                     that are chosen are required
  --timeout <time>   how long to wait for what should come, before it is said to
                     be missing: 5s, 500ms (default 5s)
  --list             show the cases, and run none
  --json             write the report for programs
  --help             show this and exit

Try it: mini-serv conformance ./mini_serv
`;

const TIMEOUT = 5000;
/** Less would judge the computer and not the server. */
const SHORTEST = 100;
const LONGEST = 10 * 60_000;

/** @param args those behind the word conformance */
export function parseRequest(args: readonly string[]): Request {
  try {
    return parse(args);
  } catch (error) {
    return { kind: 'usage', message: (error as Error).message };
  }
}

function parse(args: readonly string[]): Request {
  const flags = new Set<string>();
  const only: string[] = [];
  let rank: Rank | undefined;
  let timeout = TIMEOUT;
  let at = 0;
  // What stands behind the command is the command's own.
  for (; at < args.length && /^--?\w|^--$/.test(args[at] as string); at++) {
    const arg = args[at] as string;
    if (arg === '--') {
      at++;
      break;
    }
    const [name = '', inline] = split(arg);
    const value = (): string => {
      const given = inline ?? args[++at];
      if (given === undefined || given === '') throw new Error(`${name} wants a value`);
      return given;
    };
    if (['--json', '--list', '--help'].includes(name) && inline === undefined) flags.add(name);
    else if (name === '--only') only.push(...value().split(','));
    else if (name === '--timeout') timeout = parseTime(value());
    else if (name === '--rank') rank = parseRank(value());
    else throw new Error(`conformance has no option ${arg}`);
  }
  if (flags.has('--help')) return { kind: 'help' };
  const json = flags.has('--json');
  const cases = choose(only, rank);
  if (flags.has('--list')) return { kind: 'list', json, cases };
  const command = args.slice(at);
  if (command.length === 0)
    throw new Error('conformance wants the command that is to be judged: ./mini_serv');
  const required = rank === undefined && only.length === 0 ? RANKS.slice(0, 2) : RANKS;
  return { kind: 'judge', json, timeout, cases, required, command };
}

function split(arg: string): string[] {
  const at = arg.indexOf('=');
  return at === -1 ? [arg] : [arg.slice(0, at), arg.slice(at + 1)];
}

function choose(only: readonly string[], rank: Rank | undefined): readonly Case[] {
  const highest = rank === undefined ? RANKS.length : RANKS.indexOf(rank);
  const ranked = CASES.filter((one) => RANKS.indexOf(one.rank) <= highest);
  if (only.length === 0) return ranked;
  const chosen = new Set<Case>();
  for (const name of only) {
    const exact = ranked.filter((one) => one.name === name);
    const found = exact.length > 0 ? exact : ranked.filter((one) => name !== '' && one.name.includes(name));
    if (found.length === 0) throw new Error(`there is no case '${name}': see --list`);
    for (const one of found) chosen.add(one);
  }
  return ranked.filter((one) => chosen.has(one));
}

function parseRank(text: string): Rank {
  const rank = RANKS.find((one) => one === text);
  if (rank === undefined) throw new Error(`--rank wants ${RANKS.join(', ')}, not '${text}'`);
  return rank;
}

function parseTime(text: string): number {
  const [, number, unit] = /^(\d+(?:\.\d+)?)(s|ms)?$/.exec(text) ?? [];
  const ms = Number(number) * (unit === 's' ? 1000 : 1);
  if (ms >= SHORTEST && ms <= LONGEST) return ms;
  throw new Error(
    `--timeout wants a time of 100ms to 600s, such as 5s (a bare number is in ms), not '${text}'`,
  );
}
