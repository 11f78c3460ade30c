// Writes the tables of options in README.md and docs/ from the table of the command, as of the last build.
// Each table follows a line `<!-- options: COMMAND... -->` and ends before `<!-- end of options -->`.
//
//   node scripts/options.mjs           updates the pages
//   node scripts/options.mjs --check   fails if one of them is stale
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { COMMANDS } from '../dist/bin/options/commands.js';
import { shownDefault } from '../dist/bin/options/option.js';
import { OPTIONS } from '../dist/bin/options/table.js';

const PAGES = ['README.md', 'docs/options.md', 'docs/conformance.md'];
const TABLE = /(<!-- options: ([a-z ]+) -->\n)[\s\S]*?(<!-- end of options -->)/g;
const isCheck = process.argv.includes('--check');

for (const page of PAGES) {
  const path = fileURLToPath(new URL(`../${page}`, import.meta.url));
  const text = readFileSync(path, 'utf8');
  const updated = text.replace(
    TABLE,
    (_, start, commands, end) => start + tableOf(commands.split(' ')) + end,
  );
  if (!isCheck) writeFileSync(path, updated);
  else if (updated !== text) fail(`${page} is out of date. Run \`npm run docs\``);
}

function fail(message) {
  process.stderr.write(`options: ${message}\n`);
  process.exitCode = 1;
}

/** A table of all options that one of the commands has. With several commands, a column names them. */
function tableOf(commands) {
  const order = ({ group, commands: owners }) =>
    group === 'Common options' ? commands.length : commands.findIndex((name) => owners.includes(name));
  const options = OPTIONS.filter((option) => commands.some((name) => option.commands.includes(name)));
  const sorted = options.sort((a, b) => order(a) - order(b));
  const hasCommands = commands.length > 1;
  const cells = joinRows(sorted).map((row) => [
    formsOf(row),
    ...(hasCommands ? [commandsOf(row[0])] : []),
    row.map(meaningOf).join('; '),
    row.map(defaultOf).filter(Boolean).join(', '),
  ]);
  const head = ['option', ...(hasCommands ? ['command'] : []), 'meaning', 'default'];
  return [head, head.map(() => '---'), ...cells]
    .map((row) => `| ${row.join(' | ')} |\n`)
    .join('')
    .replaceAll('|  |', '| |');
}

/** Options next to each other share a row if they differ little: files with an environment variable, times of day. */
function joinRows(options) {
  const rows = [];
  for (const option of options) {
    const last = rows.at(-1)?.[0];
    const isSimilar = option.type === 'time' || option.env !== undefined;
    const isSame =
      last !== undefined && last.type === option.type && String(last.commands) === String(option.commands);
    if (isSimilar && isSame) rows.at(-1).push(option);
    else rows.push([option]);
  }
  return rows;
}

function formsOf(options) {
  const forms = options.flatMap(({ name, short }) => [
    ...(short === undefined ? [] : [`-${short}`]),
    `--${name}`,
  ]);
  const { value } = options.at(-1);
  return forms
    .map((form, i) => `\`${form}${i === forms.length - 1 && value ? ` <${value}>` : ''}\``)
    .join(', ');
}

function commandsOf({ commands }) {
  return commands.length === Object.keys(COMMANDS).length ? 'all' : commands.join(', ');
}

function meaningOf({ text, repeatable }) {
  const literal = text.replace(/(?<!`)(--[a-z][\w-]+|\w+:\/\/[^\s,)]*)/g, '`$1`').replaceAll('|', '\\|');
  return repeatable === true && !text.includes('repeat') ? `${literal}; repeatable` : literal;
}

function defaultOf(option) {
  return (shownDefault(option) ?? '').replace(/(?<!`)(--[a-z][\w-]+)/g, '`$1`');
}
