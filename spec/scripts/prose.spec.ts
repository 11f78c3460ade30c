import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { addCleanup } from '../support/cleanup.js';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

function tree(files: Record<string, string>): string {
  const folder = mkdtempSync(join(tmpdir(), 'mini-serv-prose-'));
  addCleanup(() => rmSync(folder, { recursive: true }));
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), content);
  }
  return folder;
}

function lint(folder: string): { status: number | null; findings: string[] } {
  const script = join(ROOT, 'scripts/lint/prose.mjs');
  const { status, stdout } = spawnSync(process.execPath, [script, folder], { encoding: 'utf8' });
  return { status, findings: stdout.split('\n').filter((line) => !/^(?:prose: .*)?$/.test(line)) };
}

function findingsIn(files: Record<string, string>): string[] {
  return lint(tree(files)).findings;
}

function git(folder: string, ...args: string[]): void {
  const identity = ['-c', 'user.name=spec', '-c', 'user.email=spec@localhost', '-c', 'commit.gpgSign=false'];
  // Maintenance runs in the background, also while the folder is removed.
  const maintenance = ['-c', 'maintenance.auto=false', '-c', 'gc.auto=0'];
  execFileSync('git', ['-C', folder, ...identity, ...maintenance, ...args], { stdio: 'ignore' });
}

function repository(...subjects: string[]): string {
  const folder = tree({ 'README.md': 'A relay.\n' });
  git(folder, 'init');
  for (const subject of subjects) git(folder, 'commit', '--allow-empty', '-m', subject);
  return folder;
}

const LONG_SENTENCE = `${Array.from({ length: 36 }, (_, index) => `word${index}`).join(' ')}.`;
const LONG_SUBJECT = 'Explain in one subject line everything that this commit changes and the reason';

describe('npm run lint:prose', () => {
  it('passes on plain text', () => {
    const { status, findings } = lint(
      tree({
        'README.md': '# What is it?\n\nA relay for lines. Only the latest release receives security fixes.\n',
        'lib/relay.ts': '/** Starts a relay. */\nexport const start = (): void => {}; // Synchronous.\n',
        'spec/relay.spec.ts': "it('closes the socket when the client ends', () => {});\n",
      }),
    );
    expect(findings).to.deep.equal([]);
    expect(status).to.equal(0);
  });

  it('fails on a banned word in a document, with file, line and a better word', () => {
    const { status, findings } = lint(
      tree({ 'docs/page.md': '# Page\n\nA relay.\n\nNobody reads\nthis.\n' }),
    );
    expect(status).to.equal(1);
    expect(findings).to.have.lengthOf(1);
    expect(findings[0]).to.match(
      /^docs\/page\.md:5: doc: "Nobody" in "Nobody reads this\."; use .*"no client"/,
    );
  });

  it('fails on a comment that starts with a bare pronoun', () => {
    const [finding] = findingsIn({ 'lib/a.ts': 'const a = 1;\n// Whoever is late waits.\n' });
    expect(finding).to.match(/^lib\/a\.ts:2: comment: "Whoever"/);
  });

  it('fails on a doc comment that does not start with the noun or the verb', () => {
    const [finding] = findingsIn({ 'bin/a.ts': '\n/**\n * What few need.\n */\nexport const a = 1;\n' });
    expect(finding).to.match(/^bin\/a\.ts:2: docComment: "What"/);
  });

  it('fails on a comment of more than two sentences', () => {
    const [finding] = findingsIn({
      'lib/a.ts': '// The first is short. The second too.\n// The third is too much.\n',
    });
    expect(finding).to.match(/^lib\/a\.ts:1: comment: 3 sentences, at most 2/);
  });

  it('fails on a test title that names no behaviour', () => {
    const findings = findingsIn({
      'spec/a.spec.ts': `it('that both write is not a deadlock', () => {});\ndescribe.skip(\`whoever \${name} reads\`, () => {});\n`,
    });
    expect(findings.map((finding) => finding.split('"', 2).join(''))).to.include.members([
      'spec/a.spec.ts:1: title: that',
      'spec/a.spec.ts:2: title: whoever',
    ]);
  });

  it('fails on a banned phrase in a message of the command', () => {
    const [finding] = findingsIn({ 'bin/a.ts': `print(\`the port \${port} cannot be had\`);\n` });
    expect(finding).to.match(/^bin\/a\.ts:1: message: "cannot be had"/);
  });

  it('fails on a comment in C, in Python and in a shell script', () => {
    const findings = findingsIn({
      'bench/a.c': 'int a; // nobody\n/* nobody */\n',
      'spec/a.py': '# nobody\n',
      '.ci/run': '#!/bin/sh\n# nobody\n',
    });
    expect(findings.map((finding) => finding.split(': "', 1)[0]).sort()).to.deep.equal([
      '.ci/run:2: comment',
      'bench/a.c:1: comment',
      'bench/a.c:2: comment',
      'spec/a.py:1: comment',
    ]);
  });

  it('fails on a sentence of more than 35 words', () => {
    const [finding] = findingsIn({ 'README.md': `${LONG_SENTENCE}\n` });
    expect(finding).to.match(/^README\.md:1: doc: sentence of 36 words, at most 35: "word0 /);
  });

  it('ignores code, tables and the targets of links', () => {
    const findings = findingsIn({
      'README.md': `\`nobody\` [a link](nobody.md)\n\n\`\`\`sh\nnobody\n\`\`\`\n\n| ${LONG_SENTENCE} |\n| --- |\n`,
      'lib/a.ts':
        '/**\n * Starts.\n *\n * ```js\n * nobody();\n * ```\n */\nexport const nobody = /nobody/;\n',
    });
    expect(findings).to.deep.equal([]);
  });

  it('fails on the subject of a commit that is longer than 72 characters', () => {
    const { status, findings } = lint(repository('Add a relay', LONG_SUBJECT));
    expect(status).to.equal(1);
    expect(findings).to.have.lengthOf(1);
    expect(findings[0]).to.match(/^commit \w+: 78 characters, at most 72: "Explain in one/);
  });

  it('checks the commits since the last release only', () => {
    const folder = repository(LONG_SUBJECT);
    git(folder, 'tag', 'v1.0.0');
    git(folder, 'commit', '--allow-empty', '-m', 'Add a relay');
    expect(lint(folder).findings).to.deep.equal([]);
  });

  it('checks at most 20 commits when there is no release', () => {
    const folder = repository(LONG_SUBJECT, ...Array.from({ length: 20 }, (_, index) => `Add part ${index}`));
    expect(lint(folder).findings).to.deep.equal([]);
  });

  it('does not check commits from before the rule was added', () => {
    const folder = repository(LONG_SUBJECT);
    mkdirSync(join(folder, 'scripts/lint/prose'), { recursive: true });
    writeFileSync(join(folder, 'scripts/lint/prose/commits.mjs'), '');
    git(folder, 'add', '.');
    git(folder, 'commit', '-m', `Add the rule. ${LONG_SUBJECT}`);
    expect(lint(folder).findings.map((finding) => finding.replace(/.*"(.*)"/, '$1'))).to.deep.equal([
      `Add the rule. ${LONG_SUBJECT}`,
    ]);
  });

  it('checks the commits that a shallow clone contains', () => {
    const [origin, clone] = [repository('Add a relay', LONG_SUBJECT), tree({})];
    git(clone, 'clone', '--depth', '1', `file://${origin}`, '.');
    expect(lint(clone).findings).to.have.lengthOf(1);
  });

  it('does not check commits in a folder without a history of its own', () => {
    const folder = repository(LONG_SUBJECT);
    mkdirSync(join(folder, 'package'));
    expect(lint(join(folder, 'package')).findings).to.deep.equal([]);
  });
});
