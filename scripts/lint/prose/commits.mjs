// The subjects of recent commits. There may be no git, no repository (a package, a tarball) or only a shallow clone.
import { execFileSync } from 'node:child_process';
import { realpathSync } from 'node:fs';

const MAX_COMMITS_WITHOUT_TAG = 20;
/** The commit that added this file is the first one that the rule applies to. */
const OWN_PATH = 'scripts/lint/prose/commits.mjs';

/**
 * Reads the subjects since the last release tag or, without a tag, the last 20 since the rule exists.
 *
 * @param {string} root
 * @returns {{ commit: string, subject: string }[] | undefined} undefined if there is no history to read
 */
export function recentSubjects(root) {
  const git = (...args) => runGit(root, args);
  // A folder inside another repository has no history of its own.
  const top = git('rev-parse', '--show-toplevel');
  if (top === undefined || realpathSync(top) !== realpathSync(root)) return undefined;
  if (git('rev-parse', '--verify', 'HEAD') === undefined) return undefined;
  const tag = git('describe', '--tags', '--abbrev=0', '--match', 'v[0-9]*');
  const added = git('log', '--diff-filter=A', '--format=%H', '--', OWN_PATH)?.split('\n').at(-1);
  // In a shallow clone the oldest commit has no parent, and all commits are recent.
  const before = added ? git('rev-parse', '--verify', `${added}^`) : undefined;
  const range =
    tag !== undefined
      ? [`${tag}..HEAD`]
      : [`--max-count=${MAX_COMMITS_WITHOUT_TAG}`, 'HEAD', ...(before === undefined ? [] : [`^${before}`])];
  const lines = git('log', '--no-merges', '--format=%h %s', ...range)?.split('\n') ?? [];
  return lines
    .filter((line) => line !== '')
    .map((line) => ({ commit: line.split(' ', 1)[0], subject: line.slice(line.indexOf(' ') + 1) }));
}

/** Returns the output, or undefined if git is missing or fails. */
function runGit(root, args) {
  try {
    const options = { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] };
    return execFileSync('git', ['-C', root, ...args], options).trim();
  } catch {
    return undefined;
  }
}
