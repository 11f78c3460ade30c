// Bundles programs that import the package, without the optional packages, and runs the bundles in an empty folder.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import commonjs from '@rollup/plugin-commonjs';
import { nodeResolve } from '@rollup/plugin-node-resolve';
import { build } from 'esbuild';
import { rollup } from 'rollup';
import { OUTPUTS } from './programs.mjs';
import { expect, run } from './project.mjs';

/** Output formats of each program. A program that calls `require` cannot become an ES module in esbuild. */
const FORMATS = { 'room.mjs': ['esm', 'cjs'], 'require.cjs': ['cjs'] };

/** @param project where the package is installed */
export async function checkBundlers(project, empty) {
  mkdirSync(empty);
  await Promise.all(
    Object.entries(FORMATS).flatMap(([name, formats]) => {
      const input = project.add(name);
      return [bundleWithRollup(name, input, formats, empty), bundleWithEsbuild(name, input, formats, empty)];
    }),
  );
}

async function bundleWithEsbuild(name, input, formats, empty) {
  for (const format of formats) {
    const outfile = outputOf(empty, 'esbuild', name, format);
    const options = { bundle: true, platform: 'node', logLevel: 'silent' };
    const { warnings } = await build({ ...options, entryPoints: [input], format, outfile });
    expect(`warnings of esbuild about ${name}`, warnings.map(({ text }) => text).join(), '');
    await runBundle(outfile, name);
  }
}

async function bundleWithRollup(name, input, formats, empty) {
  const bundle = await rollup({
    input,
    plugins: [nodeResolve(), commonjs()],
    onLog(_level, { message }) {
      throw new Error(`Rollup about ${name}: ${message}`);
    },
  });
  for (const format of formats) {
    const file = outputOf(empty, 'rollup', name, format);
    await bundle.write({ file, format });
    await runBundle(file, name);
  }
  await bundle.close();
}

async function runBundle(path, name) {
  expect(`the output of ${path}`, await run('node', [path]), OUTPUTS[name]);
}

function outputOf(folder, bundler, name, format) {
  return join(folder, `${bundler}-${name}.${format === 'esm' ? 'mjs' : 'cjs'}`);
}
