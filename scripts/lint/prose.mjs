// Checks the language of docs, comments, test titles, messages and commit subjects.
//
//   node scripts/lint/prose.mjs [folder]
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { MAX_SUBJECT_LENGTH, problemsIn } from './prose/check.mjs';
import { recentSubjects } from './prose/commits.mjs';
import { textsOf } from './prose/texts.mjs';

const FOLDERS = ['docs', 'lib', 'bin', 'web', 'bench', 'examples', 'scripts', 'spec', '.ci'];
const FILES = /\.(?:md|[cm]?[jt]s|[ch]|py|wat)$|^\.ci\/run$/;

const root = process.argv[2] ?? '.';
const filesBelow = (folder) =>
  existsSync(join(root, folder))
    ? readdirSync(join(root, folder), { recursive: true }).map((name) => `${folder}/${name}`)
    : [];
const files = [
  ...readdirSync(root).filter((name) => name.endsWith('.md')),
  ...FOLDERS.flatMap(filesBelow),
].filter((path) => FILES.test(path));

const findings = files.flatMap((path) =>
  textsOf(path, readFileSync(join(root, path), 'utf8')).flatMap((text) =>
    problemsIn(text).map((problem) => `${path}:${text.line}: ${problem}`),
  ),
);
const subjects = recentSubjects(root);
if (subjects === undefined)
  process.stdout.write('prose: no git history here; commit subjects are not checked\n');
for (const { commit, subject } of subjects ?? []) {
  if (subject.length > MAX_SUBJECT_LENGTH)
    findings.push(
      `commit ${commit}: ${subject.length} characters, at most ${MAX_SUBJECT_LENGTH}: "${subject}"`,
    );
}
process.stdout.write(findings.map((finding) => `${finding}\n`).join(''));
process.stdout.write(`prose: ${files.length} files, ${findings.length} problems\n`);
process.exitCode = findings.length === 0 ? 0 : 1;
