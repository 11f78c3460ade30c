// The subjects of recent commits. There may be no git, no repository (a package, a tarball) or only a shallow clone.
import { execFileSync } from 'node:child_process';
import { realpathSync } from 'node:fs';

const WITHOUT_TAG = 20;

/**
 * Reads the subjects since the last release tag, or else the last 20.
 *
 * @param {string} root
 * @returns {{ commit: string, subject: string }[] | undefined} undefined where there is no history to read
 */
export function recentSubjects(root) {
  const git = (...args) =>
    execFileSync('git', ['-C', root, ...args], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  let range = [`--max-count=${WITHOUT_TAG}`];
  try {
    // A folder inside another repository has no history of its own.
    if (realpathSync(git('rev-parse', '--show-toplevel')) !== realpathSync(root)) return undefined;
    git('rev-parse', 'HEAD');
  } catch {
    return undefined;
  }
  try {
    range = [`${git('describe', '--tags', '--abbrev=0', '--match', 'v[0-9]*')}..HEAD`];
  } catch {
    // No release yet, or the clone is too shallow to reach it.
  }
  const lines = git('log', '--no-merges', '--format=%h %s', ...range).split('\n');
  return lines
    .filter((line) => line !== '')
    .map((line) => ({ commit: line.split(' ', 1)[0], subject: line.slice(line.indexOf(' ') + 1) }));
}
