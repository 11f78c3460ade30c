// Runs programs that import the package, and the command, on every runtime that the README promises.
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { checkRelay, KIT_TIMEOUT } from './command.mjs';
import { OUTPUTS } from './programs.mjs';
import { expect, run } from './project.mjs';

/** The npm packages that bring the binaries, and the arguments for running a file. */
const RUNTIMES = [
  { name: 'Node 20', package: 'node@20', command: 'node' },
  { name: 'Node 22', package: 'node@22', command: 'node' },
  { name: 'Node 24', package: 'node@24', command: 'node' },
  { name: 'Bun', package: 'bun@1', command: 'bun' },
  { name: 'Deno', package: 'deno@2', command: 'deno', args: ['run', '--allow-all'] },
];
/** How often npm tries a download again. Few times without CI, where there may be no network. */
const FETCH_RETRIES = process.env.CI === 'true' ? 4 : 1;
/** The running Node, of any version. */
const SELF = { name: `Node ${process.versions.node.split('.')[0]}`, path: process.execPath };

/**
 * @param project where the package is installed
 * @param {{ download: boolean, kit: boolean }} options `download`: binaries that npm has not downloaded before;
 *   `kit`: also run the conformance kit up to the exam's rank, which takes eight seconds of CPU time each
 * @returns {Promise<string[]>} the names of the runtimes that are not available
 */
export async function checkRuntimes(project, { download, kit }) {
  for (const name of [...Object.keys(OUTPUTS), 'shout.mjs']) project.add(name);
  const missing = [];
  for (const runtime of [SELF, ...RUNTIMES.filter(({ name }) => name !== SELF.name)]) {
    const path = runtime.path ?? (await findBinary(runtime, download));
    if (path === undefined) missing.push(runtime.name);
    else await checkRuntime(project, [path, ...(runtime.args ?? [])], kit);
  }
  return missing;
}

async function checkRuntime({ folder, installed }, [file, ...args], kit) {
  for (const [name, output] of Object.entries(OUTPUTS)) {
    expect(`the output of ${name} on ${file}`, await run(file, [...args, name], { cwd: folder }), output);
  }
  if (!kit) return;
  const command = join(installed, 'dist/command/mini-serv.cjs');
  await checkRelay([file, ...args, command], folder);
  const kitCommand = [command, 'conformance', '--timeout', KIT_TIMEOUT, '--rank', 'exam'];
  await run(process.execPath, [...kitCommand, file, ...args, command], { cwd: folder });
}

/** The binaries stay in npm's cache; nothing is installed in the repository. */
async function findBinary({ package: name, command }, download) {
  const network = download ? '--prefer-offline' : '--offline';
  const args = ['--yes', network, `--fetch-retries=${FETCH_RETRIES}`, '--package', name];
  try {
    return (await promisify(execFile)('npx', [...args, '--call', `command -v ${command}`])).stdout.trim();
  } catch {
    return undefined;
  }
}
