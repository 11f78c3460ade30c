import { excerpt, mark } from './bytes.js';
import { RANKS, type Rank } from './case.js';
import { PARAGRAPHS } from './paragraphs.js';
import type { Result } from './run.js';
import type { Step } from './timeline.js';
import { conforms, count, ending, hintFor } from './verdict.js';

/** Makes a text green, red, dim or bold, or leaves it as it is. */
export type Paint = (colour: 'green' | 'red' | 'dim' | 'bold', text: string) => string;

const CODES = { green: [32, 39], red: [31, 39], dim: [2, 22], bold: [1, 22] } as const;
const ESC = '\x1b[';

export const plain: Paint = (_colour, text) => text;
export const coloured: Paint = (colour, text) =>
  `${ESC}${CODES[colour][0]}m${text}${ESC}${CODES[colour][1]}m`;

const MEANINGS: Readonly<Record<Rank, string>> = {
  subject: 'what the text says',
  exam: 'what graders and good practice check',
  beyond: 'what a server for every day should stand',
};

/** The heading of a rank, where a result is the first of it. */
export function heading(rank: Rank, required: readonly Rank[], paint: Paint): string {
  return `\n${paint('bold', rank)}: ${MEANINGS[rank]}${required.includes(rank) ? '' : ' (not required)'}\n`;
}

const SIGNS = { passed: '✓', failed: '✗', 'left out': '–' } as const;
const COLOURS = { passed: 'green', failed: 'red', 'left out': 'dim' } as const;

export function summaryLine({ case: { name, title }, outcome, reason, exit }: Result, paint: Paint): string {
  const more = reason !== undefined ? `left out: ${reason}` : title;
  const died = exit?.signal ? paint('red', ` [${exit.signal}]`) : '';
  return `  ${paint(COLOURS[outcome], SIGNS[outcome])} ${name.padEnd(22)} ${outcome === 'left out' ? paint('dim', more) : more}${died}\n`;
}

/** What failed, one after the other, and what it comes to. */
export function conclusion(results: readonly Result[], required: readonly Rank[], paint: Paint): string {
  const failures = results.filter(({ outcome }) => outcome === 'failed');
  const details = failures.map((result, i) => explanation(result, i + 1, paint)).join('');
  return `${details}\n${verdict(results, required, paint)}`;
}

function verdict(results: readonly Result[], required: readonly Rank[], paint: Paint): string {
  const counts = count(results, required).map(({ rank, passed, failed, leftOut, required: needed }) => {
    const out = leftOut > 0 ? `, ${leftOut} left out` : '';
    return `${rank} ${passed} of ${passed + failed}${out}${needed ? '' : ' (not required)'}`;
  });
  const well = conforms(results, required);
  const word = well ? paint('green', 'It conforms') : paint('red', 'It does not conform');
  return `${word}: ${counts.join('; ')}.\n`;
}

function explanation(result: Result, number: number, paint: Paint): string {
  const { case: one, details, exit, stderr = [], timeline } = result;
  const lines = [
    '',
    `${paint('red', `${number}) ${one.name}`)}: ${paint('bold', one.title)}`,
    '',
    ...wrap(`The subject: “${PARAGRAPHS[one.paragraph]}”`),
    '',
    ...drawing(timeline, paint),
    ...(timeline.length > 0 ? [''] : []),
    `   ${paint('red', `${capital(details?.what ?? '')}.`)}`,
    ...(exit === undefined ? [] : [`   ${paint('red', `${capital(ending(exit))}.`)}`]),
    ...difference(result, paint),
    ...(details?.output ?? []).slice(0, 20).map((line) => `   | ${line}`),
    ...stderr.map((line) => `   standard error | ${excerpt(Buffer.from(line, 'latin1'))}`),
    '',
    ...wrap(`What it usually is: ${hintFor(result)}`),
  ];
  return `${lines.join('\n')}\n`;
}

function difference({ details }: Result, paint: Paint): string[] {
  const { expected, came, end } = details ?? {};
  if (expected === undefined || came === undefined) return [];
  const marked = mark(expected, came);
  const missing = end === undefined ? '' : `${marked.came === '' ? '' : ' '}‹${end}›`;
  const nothing = '‹nothing›';
  return [
    '',
    `   expected  ${marked.expected || nothing}`,
    `   came      ${marked.came + missing || nothing}`,
    `             ${' '.repeat(marked.column)}${paint('red', '^ the first difference')}`,
  ];
}

/** More lanes than this are no drawing any more. */
const LANES = 8;
/** Of a longer timeline the middle is left out. */
const STEPS = 24;

const MARKS: readonly [RegExp, string][] = [
  [/^connects/, '●'],
  [/^sends/, '▶'],
  [/^hears/, '◀'],
  [/^(ends|breaks|is killed|is disconnected)/, '○'],
];

/** A lane for each client: what it did, from top to bottom. The last step is the one that failed. */
export function drawing(steps: readonly Step[], paint: Paint): string[] {
  const clients = [...new Set(steps.flatMap(({ client }) => (client === undefined ? [] : [client])))];
  const lanes = clients.length <= LANES ? clients : [];
  const here = new Set<string>();
  const rows = steps.map(({ client, action, bytes }, i) => {
    const failed = i === steps.length - 1;
    const sign = failed ? paint('red', '✗') : (MARKS.find(([pattern]) => pattern.test(action))?.[1] ?? '•');
    if (client !== undefined) here.add(client);
    const drawn = lanes.map((lane) => {
      if (lane === client) return sign;
      return here.has(lane) ? paint('dim', '│') : ' ';
    });
    if (sign === '○' && client !== undefined) here.delete(client);
    const what = bytes === undefined ? action : `${action}  ${excerpt(bytes)}`;
    const name = client !== undefined ? `${client} ` : failed ? `${sign} ` : '';
    return `   ${String(i + 1).padStart(3)}  ${drawn.join(' ')}${lanes.length > 0 ? '  ' : ''}${name}${failed ? what.replace(/^hears/, 'should hear') : what}`;
  });
  const head = lanes.length > 0 ? [`        ${lanes.join(' ')}`] : [];
  if (rows.length <= STEPS) return [...head, ...rows];
  const left = rows.length - STEPS;
  return [...head, ...rows.slice(0, STEPS / 2), `        … ${left} steps more`, ...rows.slice(-STEPS / 2)];
}

/** To the width of a terminal. */
function wrap(text: string): string[] {
  const lines = [''];
  for (const word of text.split(' ')) {
    const last = lines.at(-1) as string;
    if (last !== '' && last.length + word.length > 95) lines.push(word);
    else lines[lines.length - 1] = last === '' ? word : `${last} ${word}`;
  }
  return lines.map((line) => `   ${line}`);
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** All cases, by rank, with the paragraph that each comes from. */
export function listing(cases: readonly Result['case'][]): string {
  return RANKS.flatMap((rank) => {
    const own = cases.filter((one) => one.rank === rank);
    if (own.length === 0) return [];
    return [
      heading(rank, RANKS, plain),
      ...own.map(
        ({ name, title, paragraph }) =>
          `  ${name.padEnd(22)} ${title}\n${wrap(`“${PARAGRAPHS[paragraph]}”`)
            .map((line) => `${' '.repeat(22)}${line}\n`)
            .join('')}`,
      ),
    ];
  })
    .join('')
    .trimStart();
}
