// Compares the report of the public API (api/mini-serv.api.md) and its reference page (docs/api.md) with the last build.
//
//   node scripts/api.mjs           updates both files
//   node scripts/api.mjs --check   fails if one of them is stale
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { renderPage } from './api/page.mjs';

const isCheck = process.argv.includes('--check');
const problems = [];

const model = JSON.parse(read('dist/api/mini-serv.api.json'));
const { page, unlisted, undocumented } = renderPage(model.members[0].members);
for (const name of unlisted)
  problems.push(`${name} is exported but has no section in scripts/api/sections.mjs`);
for (const name of undocumented) problems.push(`${name} is exported but has no doc comment`);
update('api/mini-serv.api.md', read('dist/api/mini-serv.api.md'));
update('docs/api.md', page);

for (const problem of problems) process.stderr.write(`api: ${problem}\n`);
process.exitCode = problems.length === 0 ? 0 : 1;

function update(path, text) {
  if (!isCheck) writeFileSync(locate(path), text);
  else if (!existsSync(locate(path)) || read(path) !== text) {
    problems.push(`${path} is out of date. Run \`npm run api\``);
  }
}

function read(path) {
  return readFileSync(locate(path), 'utf8');
}

function locate(path) {
  return new URL(`../${path}`, import.meta.url);
}
