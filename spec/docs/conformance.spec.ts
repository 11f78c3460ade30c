import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { helpText } from '../../bin/help.js';
import { CASES } from '../../lib/conformance/cases/index.js';
import { MISTAKES, ROOT } from '../support/conformance.js';

describe('docs/conformance.md', () => {
  const docs = readFileSync(join(ROOT, 'docs/conformance.md'), 'utf8');

  it('names only cases that exist, and the case of each classic mistake', () => {
    const section = /^## Classic mistakes$([\s\S]*?)^## /m.exec(docs)?.[1] ?? '';
    const named = [...section.matchAll(/^\| (`[^|]*`) \|/gm)].flatMap(
      ([, cell = '']) => cell.match(/[\w-]+/g) ?? [],
    );
    expect(named.length).to.be.at.least(15);
    expect(CASES.map(({ name }) => name)).to.include.members(named);
    expect(named).to.include.members([...Object.values(MISTAKES), 'blanks', 'high-bytes']);
  });

  it('describes the same options as the help', () => {
    const options = (text: string): string[] => [...new Set(text.match(/--[a-z]{3,}/g))].sort();
    const table = docs.match(/^\| `--.*$/gm)?.join('\n') ?? '';
    expect([...options(table), '--help', '--version'].sort()).to.deep.equal(options(helpText('conformance')));
  });
});
