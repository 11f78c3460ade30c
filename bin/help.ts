import { OPTION_GROUPS } from './options.js';
import type { Option, OptionTable } from './parse-options.js';

const WIDTH = 80;
/** Where the descriptions of the options begin. */
const COLUMN = 24;

/** Returns the text of `mini-serv --help`. */
export function helpText(): string {
  const groups = OPTION_GROUPS.map(([title, options]) => `${title}:\n${describeOptions(options)}`);
  return `${INTRODUCTION}\n${groups.join('\n')}\n${NOTES}`;
}

/** Describes options, one after the other, in the two columns of a help text. */
export function describeOptions(options: OptionTable): string {
  return Object.entries(options)
    .map(([name, option]) => describe(name, option))
    .join('');
}

function describe(name: string, { short, value, help }: Option): string {
  const form = `  ${short === undefined ? '' : `-${short}, `}--${name}${value === undefined ? '' : ` <${value}>`}`;
  const [first = '', ...rest] = wrap(help, WIDTH - COLUMN);
  const indent = ' '.repeat(COLUMN);
  const isLong = form.length >= COLUMN - 1;
  const head = isLong ? `${form}\n${indent}${first}` : form.padEnd(COLUMN) + first;
  return `${[head, ...rest.map((line) => indent + line)].join('\n')}\n`;
}

function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last === undefined || last.length + 1 + word.length > width) lines.push(word);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  return lines;
}

const INTRODUCTION = `Usage: mini-serv [options] <port>
       mini-serv verify <file>
       mini-serv replay [options] <url>
       mini-serv conformance [options] <command>

Relays lines between all clients that connect to 127.0.0.1:<port>, and writes
the transcript to standard output. Port 0 selects a free port and prints it.

Commands:
  verify <file>         check that an audit file in json format is complete; the
                        file - is standard input
  replay <url>          print the messages that a NATS server keeps of a room;
                        takes --format, --since, --until and files for NATS
  conformance <command> test any mini_serv; see mini-serv conformance --help
`;

const NOTES = `A spec is name or name=options. The name is a built-in transform (filter, log,
replace, timestamp, rate, escape, no-http), a package, or the path of a file
such as ./shout.mjs. Options are key=value,key=value (key:value is the same) or
a JSON object. Quote a value that contains ,key= itself:
-t 'replace=pattern:"a,b=c",with:d'.

Sizes are in bytes, or end in K, M, G or T (powers of 1024). Times end in ms, s,
m, h or d. User names, passwords and tokens for NATS are read from NATS_USER,
NATS_PASSWORD and NATS_TOKEN in the environment.

Try it: mini-serv 4242, and in other terminals: nc 127.0.0.1 4242
`;
