// Writes what importers of the package resolve to: one declaration file, so that they compile the public API and nothing
// else, and an entry for `require`. API Extractor also writes its report and model to dist/api, for scripts/api.mjs.
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Extractor, ExtractorConfig } from '@microsoft/api-extractor';

const CONFIG = fileURLToPath(new URL('api/api-extractor.json', import.meta.url));
/** For programs that do not include the types of Node by themselves (`"types": []`). */
const NODE_TYPES = '/// <reference types="node" />\n\n';
/** Both entries are one instance of the package, because `require` loads the ES module. */
const REQUIRE_ENTRY = `'use strict';\nmodule.exports = require('./lib/index.js');\n`;

const config = ExtractorConfig.loadFileAndPrepare(CONFIG);
mkdirSync(config.reportFolder, { recursive: true });
const problems = [];
Extractor.invoke(config, {
  localBuild: false,
  messageCallback(message) {
    message.handled = true;
    if (
      message.logLevel === 'error' ||
      (message.logLevel === 'warning' && message.category === 'Extractor')
    ) {
      problems.push(`${message.sourceFilePath ?? 'dist/lib'}: ${message.text}`);
    }
  },
});
for (const problem of problems) process.stderr.write(`public API: ${problem}\n`);
process.exitCode = problems.length === 0 ? 0 : 1;

const declarations = config.untrimmedFilePath;
writeFileSync(declarations, NODE_TYPES + readFileSync(declarations, 'utf8'));
const requireEntry = declarations.replace(/\.d\.ts$/, '.cjs');
writeFileSync(requireEntry, REQUIRE_ENTRY);
// A CommonJS program may not import types from an ES module, so it has a copy of them.
copyFileSync(declarations, requireEntry.replace(/\.cjs$/, '.d.cts'));
