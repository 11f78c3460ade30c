// An empty project in which the packed package is installed, as a stranger does it.
import { execFile } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const manifest = readJson('package.json');

export const { version: VERSION } = manifest;

/**
 * Packs the package and installs it.
 *
 * @param {string} folder an empty one
 */
export async function createProject(folder) {
  // Without scripts: `prepare` would build again.
  await run('npm', ['pack', '--silent', '--ignore-scripts', '--pack-destination', folder], { cwd: ROOT });
  const tarball = join(folder, `mini-serv-${VERSION}.tgz`);
  const project = join(folder, 'project');
  mkdirSync(project);
  writeFileSync(join(project, 'package.json'), JSON.stringify({ private: true, ...dependOn(tarball) }));
  writeFileSync(join(project, 'package-lock.json'), JSON.stringify(lockFor(tarball)));
  const flags = ['--silent', '--ignore-scripts', '--no-audit', '--no-fund', '--prefer-offline'];
  await run('npm', ['ci', ...flags], { cwd: project });
  return {
    tarball,
    folder: project,
    /** The installed package. */
    installed: join(project, 'node_modules/mini-serv'),
    command: join(project, 'node_modules/.bin/mini-serv'),
    /** Copies one of our programs into the project, and returns its path there. */
    add(name, as = name) {
      const path = join(project, as);
      // Several checks use the same program at once, and one may be reading the file.
      if (!existsSync(path)) copyFileSync(new URL(`programs/${name}`, import.meta.url), path);
      return path;
    },
  };
}

/** With the versions of the repository, npm needs no network: it has all of them in its cache. */
function lockFor(tarball) {
  const { packages, lockfileVersion } = readJson('package-lock.json');
  const { dependencies, bin } = manifest;
  const isInstalled = ([path, entry]) => path !== '' && !entry.dev && !entry.devOptional && !entry.peer;
  return {
    lockfileVersion,
    packages: {
      '': dependOn(tarball),
      'node_modules/mini-serv': { version: VERSION, resolved: `file:${tarball}`, dependencies, bin },
      ...Object.fromEntries(Object.entries(packages).filter(isInstalled)),
    },
  };
}

function dependOn(tarball) {
  return { dependencies: { 'mini-serv': `file:${tarball}` } };
}

function readJson(name) {
  return JSON.parse(readFileSync(join(ROOT, name), 'utf8'));
}

/** Runs a command and returns what it printed; throws with its output if it fails. */
export async function run(file, args, { cwd, env } = {}) {
  const PATH = `${join(ROOT, 'node_modules/.bin')}${delimiter}${process.env.PATH}`;
  try {
    return (await promisify(execFile)(file, args, { cwd, env: { ...process.env, PATH, ...env } })).stdout;
  } catch (error) {
    throw new Error(`${file} ${args.join(' ')}: exit ${error.code}\n${error.stdout}${error.stderr}`);
  }
}

export function expect(what, actual, expected) {
  if (actual === expected) return;
  throw new Error(`${what}: expected ${JSON.stringify(expected)}, got ${JSON.stringify(actual)}`);
}
