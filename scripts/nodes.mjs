// The README's test command on every Node that is supported, one after another: npm run test:nodes -- [22 24]
// The `node` package of npm brings the binaries; npm keeps them in its cache, and nothing of them stays here.
import { execFileSync, spawn } from 'node:child_process';
import { delimiter, dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const asked = process.argv.slice(2);
const majors = asked.length > 0 ? asked : ['20', '22', '24'];
const wrong = majors.filter((major) => !/^\d+$/.test(major));
if (wrong.length > 0) {
  process.stderr.write(`a version of Node is a number such as 22, and not ${wrong.join(', ')}\n`);
  process.exit(2);
}

/** The environment in which `node` is the newest one of this major version. */
function environment(major) {
  const npx = ['--yes', '-p', `node@${major}`, '-c', 'node -p process.execPath'];
  const options = { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] };
  const path = execFileSync('npx', npx, options).trim();
  return { ...process.env, PATH: `${dirname(path)}${delimiter}${process.env.PATH}` };
}

/** Runs a command and shows what it prints; gives that, and whether all was well. */
function run(command, env) {
  const child = spawn(command, { cwd: root, env, shell: true, stdio: ['ignore', 'pipe', 'inherit'] });
  let printed = '';
  child.stdout.setEncoding('utf8').on('data', (text) => {
    process.stdout.write(text);
    printed += text;
  });
  return new Promise((resolve) => child.once('close', (code) => resolve({ printed, code })));
}

const verdicts = [];
for (const major of majors) {
  const { printed, code } = await run('npm install && npm test', environment(major));
  // Said by the process that ran the specs: the version that they really ran on.
  const [, counts, version] = /^(\d+ passed, .*), on Node (v\S+)$/m.exec(printed) ?? [];
  const there = version?.startsWith(`v${major}.`) === true;
  const passed = there && code === 0;
  const what = there ? `Node ${version}: ${counts}` : `Node ${major}: ran on ${version ?? 'none'}`;
  verdicts.push({ passed, line: `${what}; npm test ${code === 0 ? 'passed' : `failed (${code})`}` });
}
for (const { line } of verdicts) process.stdout.write(`${line}\n`);
process.exitCode = verdicts.every(({ passed }) => passed) ? 0 : 1;
