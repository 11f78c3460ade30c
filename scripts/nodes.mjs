// Runs `npm install && npm test` on each supported version of Node: npm run test:nodes -- [22 24]
// npm's `node` package provides the binaries. They stay in npm's cache; nothing is installed here.
import { execFileSync, spawn } from 'node:child_process';
import { delimiter, dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

const SUPPORTED = ['20', '22', '24'];
const root = fileURLToPath(new URL('..', import.meta.url));
const majors = process.argv.length > 2 ? process.argv.slice(2) : SUPPORTED;
const invalid = majors.filter((major) => !/^\d+$/.test(major));
if (invalid.length > 0) {
  process.stderr.write(`test:nodes: expected major versions of Node such as 22, got ${invalid.join(', ')}\n`);
  process.exit(2);
}

/** The environment in which `node` is the newest release of this major version. */
function environmentFor(major) {
  const npx = ['--yes', '-p', `node@${major}`, '-c', 'node -p process.execPath'];
  const options = { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] };
  const path = execFileSync('npx', npx, options).trim();
  return { ...process.env, PATH: `${dirname(path)}${delimiter}${process.env.PATH}` };
}

/** Runs a command, passes on what it prints, and resolves with its output and exit code. */
function run(command, env) {
  const child = spawn(command, { cwd: root, env, shell: true, stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text) => {
    process.stdout.write(text);
    output += text;
  });
  return new Promise((resolve) => child.once('close', (code) => resolve({ output, code })));
}

const results = [];
for (const major of majors) {
  const { output, code } = await run('npm install && npm test', environmentFor(major));
  const [tally = 'no tally'] = output.match(/^\d+ passed, \d+ failed, \d+ skipped$/m) ?? [];
  // Printed by the process that ran the specs, so it is the version that they have really run on.
  const [, version = 'an unknown version'] = output.match(/ on Node (v\S+)$/m) ?? [];
  const passed = code === 0 && version.startsWith(`v${major}.`);
  results.push({ passed, line: `Node ${major}: ran on ${version}: ${tally}; npm test exited with ${code}` });
}
for (const { line } of results) process.stdout.write(`${line}\n`);
process.exitCode = results.every(({ passed }) => passed) ? 0 : 1;
