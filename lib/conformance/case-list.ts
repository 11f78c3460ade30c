import { type Case, PARAGRAPHS, RANKS, type Rank } from './case.js';
import { NAME_WIDTH } from './case-line.js';
import { reportWidth, wrap } from './text.js';

export const RANK_MEANINGS: Readonly<Record<Rank, string>> = {
  subject: 'what the subject says',
  exam: 'what solutions that are known to be accepted satisfy',
  practice: 'what good practice asks in addition',
  beyond: 'what a server for everyday use should withstand',
};

/** Lists the names by rank, and then each case with the paragraph of the subject that it comes from. */
export function caseList(cases: readonly Case[], columns?: number): string {
  const width = reportWidth(columns);
  const indent = ' '.repeat(NAME_WIDTH + 3);
  const ranks = RANKS.map((rank) => ({ rank, ofRank: cases.filter((one) => one.rank === rank) })).filter(
    ({ ofRank }) => ofRank.length > 0,
  );
  const overview = ranks.flatMap(({ rank, ofRank }) => [
    ...wrap(`${rank} (${ofRank.length}): ${RANK_MEANINGS[rank]}`, width),
    ...wrap(ofRank.map(({ name }) => name).join(', '), width, '  '),
  ]);
  const sections = ranks.map(({ rank, ofRank }) => [
    `${rank}:`,
    ...ofRank.flatMap(({ name, title, paragraph }) => [
      ...wrap(title, width, `  ${name.padEnd(NAME_WIDTH)} `),
      ...wrap(`“${PARAGRAPHS[paragraph]}”`, width, indent),
    ]),
  ]);
  return `${[overview, ...sections].map((lines) => lines.join('\n')).join('\n\n')}\n`;
}
