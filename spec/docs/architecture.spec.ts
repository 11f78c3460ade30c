import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const TEXT = readFileSync(join(ROOT, 'docs/ARCHITECTURE.md'), 'utf8');
const paths = [...TEXT.matchAll(/`((?:lib|bin|spec|bench|scripts|docs)\/[^`*]*)`/g)].map(
  ([, path = '']) => path,
);

describe('docs/ARCHITECTURE.md', () => {
  it('names only files and folders that exist', () => {
    expect(paths).to.have.length.above(30);
    expect(paths.filter((path) => !existsSync(join(ROOT, path)))).to.deep.equal([]);
  });

  it('describes each folder of lib', () => {
    // From the files, because an empty folder is no part of the repository.
    const files = readdirSync(join(ROOT, 'lib'), { recursive: true, encoding: 'utf8' });
    const folders = new Set(
      files.filter((file) => /^\w+\/.*\.ts$/.test(file)).map((file) => file.split('/')[0]),
    );
    for (const name of folders) expect(TEXT).to.include(`| \`lib/${name}/\` |`);
  });
});
