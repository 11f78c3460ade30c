// The rules of CONTRIBUTING.md ("Writing") that a machine can judge.
import { BANNED } from './banned.mjs';

/** @typedef {import('./texts.mjs').Text} Text */

export const MAX_SUBJECT_LENGTH = 72;
const MAX_SENTENCE_WORDS = 35;
/** Of a comment that is no doc comment. Longer reasoning belongs in docs/. */
const MAX_COMMENT_SENTENCES = 2;

const segmenter = new Intl.Segmenter('en', { granularity: 'sentence' });

/**
 * Lists what is wrong with a text.
 *
 * @param {Text} text
 * @returns {string[]}
 */
export function problemsIn({ kind, text }) {
  return [...bannedIn(kind, text), ...lengthsIn(kind, text)].map((problem) => `${kind}: ${problem}`);
}

function bannedIn(kind, text) {
  return BANNED.filter((entry) => entry.kinds?.includes(kind) ?? true).flatMap(({ pattern, use }) => {
    const match = pattern.exec(text);
    return match === null ? [] : [`"${match[0].trim()}" in "${excerpt(text, match.index)}"; use ${use}`];
  });
}

function lengthsIn(kind, text) {
  if (kind !== 'doc' && kind !== 'comment' && kind !== 'docComment') return [];
  const sentences = sentencesOf(text);
  const problems = sentences
    .map((sentence) => ({
      sentence,
      words: sentence.split(' ').filter((word) => /[\p{L}\p{N}]/u.test(word)).length,
    }))
    .filter(({ words }) => words > MAX_SENTENCE_WORDS)
    .map(
      ({ sentence, words }) =>
        `sentence of ${words} words, at most ${MAX_SENTENCE_WORDS}: "${excerpt(sentence, 0)}"`,
    );
  if (kind === 'comment' && sentences.length > MAX_COMMENT_SENTENCES)
    problems.push(`${sentences.length} sentences, at most ${MAX_COMMENT_SENTENCES}: "${excerpt(text, 0)}"`);
  return problems;
}

function sentencesOf(text) {
  return [...segmenter.segment(text)]
    .map(({ segment }) => segment.trim())
    .filter((part) => /\p{L}/u.test(part));
}

/** About 75 characters around a place, cut at spaces. */
function excerpt(text, index) {
  const start = text.lastIndexOf(' ', Math.max(0, index - 25)) + 1;
  const end = text.indexOf(' ', index + 50);
  return text.slice(index < 25 ? 0 : start, end === -1 ? undefined : end);
}
