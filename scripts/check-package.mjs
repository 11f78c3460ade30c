// Packs the package once, and uses the tarball as strangers do: they install, run, compile and bundle it.
//
//   node scripts/check-package.mjs             everything that needs no network
//   node scripts/check-package.mjs --runtimes  only the runtimes, which are downloaded, with the conformance kit
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkBundlers } from './check-package/bundlers.mjs';
import { checkCommand } from './check-package/command.mjs';
import { checkTypes } from './check-package/compilers.mjs';
import { createProject, VERSION } from './check-package/project.mjs';
import { checkRuntimes } from './check-package/runtimes.mjs';
import { checkTarball } from './check-package/tarball.mjs';

const isCI = process.env.CI === 'true';
const folder = mkdtempSync(join(tmpdir(), 'mini-serv-package-'));
try {
  const project = await createProject(folder);
  if (process.argv.includes('--runtimes')) await checkAllRuntimes(project);
  else await checkAll(project);
} finally {
  rmSync(folder, { recursive: true, force: true });
}

async function checkAll(project) {
  const [missing] = await Promise.all([
    checkRuntimes(project, { download: isCI, kit: false }),
    checkTarball(project),
    checkCommand(project),
    checkTypes(project),
    checkBundlers(project, join(folder, 'empty')),
  ]);
  if (missing.length > 0) {
    const names = missing.join(', ');
    process.stdout.write(`skipped: the package on ${names}; npm run test:runtimes downloads them\n`);
  }
  process.stdout.write(`mini-serv ${VERSION} installs, runs, compiles and can be bundled\n`);
}

async function checkAllRuntimes(project) {
  const missing = await checkRuntimes(project, { download: true, kit: true });
  if (missing.length > 0) {
    process.stdout.write(`skipped: ${missing.join(', ')} cannot be downloaded from npm\n`);
    if (isCI) process.exitCode = 1;
  }
}
