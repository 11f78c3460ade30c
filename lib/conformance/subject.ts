import { type Case, type Paragraph, RANKS } from './case.js';
import { CASES } from './cases/index.js';
import { lazyCases } from './cases/lazy.js';
import { allowedFunctions } from './cases/source.js';

/**
 * The texts of the subject that are in use, each with what it says differently. `common`: a message can contain several
 * lines. `poll`: poll is allowed as well. `newline`: a message always ends with a newline. `4096`: such a message has at
 * most 4,096 characters.
 */
export const SUBJECTS = ['common', 'poll', 'newline', '4096'] as const;
export type Subject = (typeof SUBJECTS)[number];

/** The difference of a case to the common text of the subject. */
type Change = Partial<Pick<Case, 'rank' | 'paragraph' | 'title' | 'hint' | 'source' | 'run'>>;

const MAX_MESSAGE_BYTES = 4096;

/** A case whose client never ends its message, which the text excludes. */
const NEVER_HAPPENS = { rank: 'beyond', paragraph: 'ends' } as const satisfies Change;
const TOO_LONG = { rank: 'beyond', paragraph: 'longest' } as const satisfies Change;

const NEWLINE: Readonly<Record<string, Change>> = {
  'allowed-functions': { paragraph: 'functionsWithHtons' },
  'unfinished-dropped': NEVER_HAPPENS,
  'unfinished-forgotten': NEVER_HAPPENS,
  'unfinished-large': NEVER_HAPPENS,
};

const CHANGES: Readonly<Record<Subject, Readonly<Record<string, Change>>>> = {
  common: {},
  poll: { 'allowed-functions': { paragraph: 'functionsWithPoll', source: allowedFunctions(['poll']) } },
  newline: NEWLINE,
  4096: {
    ...NEWLINE,
    'long-line': TOO_LONG,
    'long-line-in-packets': TOO_LONG,
    'huge-line': TOO_LONG,
    'byte-by-byte': TOO_LONG,
    ...Object.fromEntries(lazyCases(MAX_MESSAGE_BYTES).map(({ name, run }) => [name, { run } as Change])),
  },
};

/** The paragraphs that these texts have instead of others. */
const PARAGRAPHS_WITH_NEWLINE: Partial<Record<Paragraph, Paragraph>> = {
  multiple: 'ends',
  resend: 'resendMessage',
};

/** Returns the cases for a text of the subject, in the order in which they run: rank by rank. */
export function casesOf(subject: Subject): readonly Case[] {
  if (subject === 'common') return CASES;
  const paragraphs = subject === 'poll' ? {} : PARAGRAPHS_WITH_NEWLINE;
  const cases = CASES.map((one) => ({
    ...one,
    paragraph: paragraphs[one.paragraph] ?? one.paragraph,
    ...CHANGES[subject][one.name],
  }));
  return RANKS.flatMap((rank) => cases.filter((one) => one.rank === rank));
}
