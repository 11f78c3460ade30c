import { type Case, PARAGRAPHS, RANKS, type Rank } from './case.js';
import { NAME_WIDTH } from './case-line.js';
import { reportWidth, wrap } from './text.js';

export const RANK_MEANINGS: Readonly<Record<Rank, string>> = {
  subject: 'what the subject says',
  exam: 'what solutions that are known to be accepted satisfy',
  practice: 'what good practice asks in addition',
  beyond: 'what a server for everyday use should withstand',
};

/** Lists cases by rank, each with the paragraph of the subject that it comes from. */
export function caseList(cases: readonly Case[], columns?: number): string {
  const width = reportWidth(columns);
  const indent = ' '.repeat(NAME_WIDTH + 3);
  const sections = RANKS.flatMap((rank) => {
    const ofRank = cases.filter((one) => one.rank === rank);
    if (ofRank.length === 0) return [];
    const entries = ofRank.flatMap(({ name, title, paragraph }) => [
      ...wrap(title, width, `  ${name.padEnd(NAME_WIDTH)} `),
      ...wrap(`“${PARAGRAPHS[paragraph]}”`, width, indent),
    ]);
    return [[`${rank}: ${RANK_MEANINGS[rank]}`, ...entries].join('\n')];
  });
  return `${sections.join('\n\n')}\n`;
}
