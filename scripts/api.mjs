// Writes the report of the public API (api/mini-serv.api.md) and its reference page (docs/api.md) from the declarations
// in dist/lib. The build must be up to date.
//
//   node scripts/api.mjs           updates both files
//   node scripts/api.mjs --check   fails if one of them is stale
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Extractor, ExtractorConfig } from '@microsoft/api-extractor';
import { renderPage } from './api/page.mjs';

const CONFIG = fileURLToPath(new URL('api/api-extractor.json', import.meta.url));
const PAGE = fileURLToPath(new URL('../docs/api.md', import.meta.url));
const isCheck = process.argv.includes('--check');
const problems = [];

const config = ExtractorConfig.loadFileAndPrepare(CONFIG);
mkdirSync(config.reportFolder, { recursive: true });
const { apiReportChanged } = Extractor.invoke(config, {
  localBuild: !isCheck,
  messageCallback(message) {
    message.handled = true;
    // With localBuild, API Extractor itself copies the report; otherwise apiReportChanged says that it is stale.
    if (
      message.logLevel === 'error' ||
      (message.logLevel === 'warning' && message.category === 'Extractor')
    ) {
      problems.push(`${message.sourceFilePath ?? 'dist/lib'}: ${message.text}`);
    }
  },
});
if (isCheck && apiReportChanged) problems.push('api/mini-serv.api.md is out of date. Run `npm run api`');

const model = JSON.parse(readFileSync(config.apiJsonFilePath, 'utf8'));
const { page, unlisted, undocumented } = renderPage(model.members[0].members);
for (const name of unlisted)
  problems.push(`${name} is exported but has no section in scripts/api/sections.mjs`);
for (const name of undocumented) problems.push(`${name} is exported but has no doc comment`);
if (!isCheck) writeFileSync(PAGE, page);
else if (readPage() !== page) problems.push('docs/api.md is out of date. Run `npm run api`');

for (const problem of problems) process.stderr.write(`api: ${problem}\n`);
process.exitCode = problems.length === 0 ? 0 : 1;

function readPage() {
  try {
    return readFileSync(PAGE, 'utf8');
  } catch {
    return undefined;
  }
}
