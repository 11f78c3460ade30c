import { parseArgs } from 'node:util';

export const HELP = `npm run bench -- [options]

Measures this relay and its peers in turn, A B A B, and prints medians, ratios and their spread.

  --quick            a few short rounds of what there are goals for, in under a minute
  --check            only what there are goals for; exit code 1 if one is missed
  --only <words>     only contests with this in their name; may be given again
  --rounds <n>       how often each is measured (default 7; what has no goal: at most 3)
  --seconds <s>      how long each time (default 1)
  --also <command>   one more relay beside them; the port is put after it
  --command <command>  this instead of the mini-serv that was built here
  --out <folder>     where bench.json and bench.svg go (default bench/results)
  --draw <file>      only draws the SVG, from such a bench.json
  --list             only says which contests there are
`;

export interface Options {
  readonly quick: boolean;
  readonly check: boolean;
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

/** @throws Error that says what cannot be had */
export function parseOptions(args: readonly string[]): Options {
  const flag = { type: 'boolean', default: false } as const;
  const text = { type: 'string' } as const;
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: flag,
      check: flag,
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
  const { quick, check, list, help, out, draw } = values;
  return {
    ...{ quick, check, list, help, out, draw },
    only: values.only ?? [],
    rounds: positive('rounds', values.rounds ?? '7', true),
    seconds: positive('seconds', values.seconds ?? (quick ? '0.25' : '1'), false),
    also: words(values.also, ' '),
    command: words(values.command, ' '),
  };
}

function words(text: string | undefined, between: string): string[] {
  return (text ?? '').split(between).filter((word) => word !== '');
}

function positive(name: string, text: string, whole: boolean): number {
  const value = Number(text);
  if (!(value > 0) || !Number.isFinite(value) || (whole && !Number.isInteger(value))) {
    throw new Error(`--${name} is a ${whole ? 'whole number' : 'number'} above 0, and not ${text}`);
  }
  return value;
}
