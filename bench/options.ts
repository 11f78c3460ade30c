import { parseArgs } from 'node:util';

export const HELP = `npm run bench -- [options]

Measures mini-serv and its peers in turn (A B A B) and prints medians, ratios and their spread.

  --quick              short rounds of the entries that have goals, without large rooms and brokers, in under a minute
  --check              only entries that have goals, repeated until they are decided, in under ten minutes;
                       exit code 1 if a goal is missed
  --brokers            compare with message brokers instead, and print the two tables of docs/performance.md
  --only <words>       only contests whose name contains these words; repeatable
  --rounds <n>         number of rounds (default 7, with --check 3 or more; without a goal: at most 3)
  --seconds <s>        length of each measurement (default 1, with --check 0.5; at least 1 with 1,000 readers
                       or more)
  --also <command>     measure one more relay; the port is appended to the command
  --command <command>  measure this command instead of the mini-serv that was built here
  --out <folder>       folder for bench.json and bench.svg (default bench/results)
  --draw <file>        only draw the SVG from an existing bench.json
  --list               only list the contests
`;

export interface Options {
  readonly quick: boolean;
  readonly check: boolean;
  readonly brokers: boolean;
  readonly list: boolean;
  readonly help: boolean;
  readonly only: readonly string[];
  readonly rounds: number;
  readonly seconds: number;
  readonly out: string | undefined;
  readonly draw: string | undefined;
  readonly also: readonly string[];
  readonly command: readonly string[];
}

/** @throws {Error} if an option is unknown or has an invalid value */
export function parseOptions(args: readonly string[]): Options {
  const flag = { type: 'boolean', default: false } as const;
  const text = { type: 'string' } as const;
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: flag,
      check: flag,
      brokers: flag,
      list: flag,
      help: { ...flag, short: 'h' },
      only: { ...text, multiple: true },
      rounds: text,
      seconds: text,
      also: text,
      command: text,
      out: text,
      draw: text,
    },
  });
  const { quick, check, brokers, list, help, out, draw } = values;
  return {
    ...{ quick, check, brokers, list, help, out, draw },
    only: values.only ?? [],
    rounds: positive('rounds', values.rounds ?? (check ? '3' : '7'), true),
    seconds: positive('seconds', values.seconds ?? (quick ? '0.25' : check ? '0.5' : '1'), false),
    also: words(values.also),
    command: words(values.command),
  };
}

function words(text = ''): string[] {
  return text.split(' ').filter((word) => word !== '');
}

function positive(name: string, text: string, whole: boolean): number {
  const value = Number(text);
  if (!(value > 0) || !Number.isFinite(value) || (whole && !Number.isInteger(value))) {
    throw new Error(`--${name}: expected ${whole ? 'a whole number' : 'a number'} above 0, got "${text}"`);
  }
  return value;
}
