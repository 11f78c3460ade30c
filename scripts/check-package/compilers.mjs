// Compiles programs that import the package, with the oldest and newest TypeScript that the README promises.
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, ROOT, run } from './project.mjs';

const NODE_TYPES = { oldest: 'node_modules/@types/node', newest: 'node_modules/node-types-newest' };

/** Both kinds of modules in one program. */
const BOTH = ['every-export.mts', 'every-export.cts', 'require.cts'];
const STRICT = { verbatimModuleSyntax: true, isolatedModules: true };
const RESOLUTIONS = {
  node16: { module: 'node16', files: BOTH },
  nodenext: { module: 'nodenext', files: ['every-export.mts', 'require.cts'], ...STRICT },
  bundler: { module: 'esnext', files: ['every-export.ts'], ...STRICT },
  dom: { module: 'esnext', moduleResolution: 'bundler', files: ['every-export.ts'], lib: ['es2022', 'dom'] },
  node10: { module: 'commonjs', files: ['every-export.ts'] },
};

const OLDEST = ['node16', 'nodenext', 'bundler', 'node10'];
/** TypeScript 7 has no resolution node10. */
const NEWEST = ['node16', 'nodenext', 'bundler', 'dom'];

/** @param project where the package is installed */
export async function checkTypes(project) {
  project.add('every-export.ts');
  for (const name of BOTH) project.add(name.replace(/^every-export.*/, 'every-export.ts'), name);
  mkdirSync(join(project.folder, 'node_modules/@types'));
  symlinkSync(join(ROOT, NODE_TYPES.oldest), join(project.folder, 'node_modules/@types/node'));
  mkdirSync(join(project.folder, 'newest-types'));
  symlinkSync(join(ROOT, NODE_TYPES.newest), join(project.folder, 'newest-types/node'));
  await Promise.all([
    compileWithOldest(project, OLDEST),
    ...NEWEST.map((resolution) => compileWithNewest(project, resolution, 'newest')),
    compileWithNewest(project, 'nodenext', 'oldest'),
  ]);
  const compiled = ['every-export.mjs', 'require.cjs'].map((name) => `newest-newest-nodenext/${name}`);
  const outputs = await Promise.all(compiled.map((path) => run('node', [path], { cwd: project.folder })));
  expect('the output of TypeScript programs', outputs.join(''), '0 1 true true \\x07\n');
}

async function compileWithOldest({ folder }, resolutions) {
  const configs = resolutions.map((resolution) => writeConfig(folder, 'oldest', 'oldest', resolution));
  const program = fileURLToPath(new URL('compile.mjs', import.meta.url));
  await run('node', [program, ...configs], { cwd: folder });
}

async function compileWithNewest({ folder }, resolution, types) {
  const config = writeConfig(folder, 'newest', types, resolution);
  const tsc = join(ROOT, 'node_modules/typescript/bin/tsc');
  await run('node', [tsc, '--project', config], { cwd: folder });
}

/** Writes a configuration, and returns the name of the file. */
function writeConfig(folder, compiler, types, resolution) {
  const { files, ...options } = RESOLUTIONS[resolution];
  const outDir = `${compiler}-${types}-${resolution}`;
  const compilerOptions = {
    target: 'es2022',
    lib: ['es2022'],
    moduleResolution: resolution,
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    skipLibCheck: false,
    // The declarations themselves ask for the types of Node.
    types: [],
    outDir,
    ...(types === 'newest' && { typeRoots: ['newest-types'] }),
    ...options,
  };
  const config = `tsconfig.${outDir}.json`;
  writeFileSync(join(folder, config), JSON.stringify({ compilerOptions, files }));
  return config;
}
