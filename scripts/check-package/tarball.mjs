// Looks at the files of the package: their names, what they refer to, and what two checkers say about the tarball.
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, ROOT, run } from './project.mjs';

const NAMES = [
  /^dist\/command\/[\w-]+\.cjs$/,
  /^dist\/lib\/(?!conformance).+\.js$/,
  /^dist\/mini-serv\.(cjs|bundled\.js|d\.c?ts)$/,
  /^dist\/page\/[\w-]+\.(html|css|js|svg)$/,
  /^docs\/[\w-]+\.(md|png|svg)$/,
  /^examples\//,
  /^man\/[\w-]+\.1$/,
  /^([A-Z]+\.md|LICENSE|package\.json)$/,
];
/** Except for links to pictures, which are in the repository only: the package stays small. */
const LINK = /\]\((?![a-z]+:|#|[\w-]+\.png\))([^)#]+)/g;

/** @param project where the package is installed */
export async function checkTarball({ tarball, installed }) {
  const files = readdirSync(installed, { recursive: true, encoding: 'utf8' })
    .map((name) => name.replaceAll('\\', '/'))
    .filter((name) => statSync(join(installed, name)).isFile());
  const unexpected = files.filter((name) => !NAMES.some((pattern) => pattern.test(name)));
  expect('files that are not published on purpose', unexpected.join(), '');
  expect('problems of the published files', files.flatMap((name) => problemsOf(installed, name)).join(), '');
  await Promise.all([
    run('publint', ['run', tarball, '--strict']),
    run('attw', [tarball, '--no-definitely-typed', '--format', 'ascii']),
  ]);
}

function problemsOf(folder, name) {
  const text = readFileSync(join(folder, name), 'utf8');
  const problems = [];
  if (text.includes(ROOT)) problems.push(`${name} has a path of this machine`);
  if (/^\/\/# sourceMappingURL=/m.test(text))
    problems.push(`${name} has a source map, which is not published`);
  if (name.endsWith('.md')) {
    const broken = [...text.matchAll(LINK)]
      .map(([, path]) => path)
      .filter((path) => !existsSync(join(folder, dirname(name), path)));
    for (const path of broken) problems.push(`${name} links to ${path}`);
  }
  return problems;
}
