// Bundles what is published in one file: the command, the library for bundlers, and the page of --web.
import { copyFileSync, readdirSync, readFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { basename, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import commonjs from '@rollup/plugin-commonjs';
import { nodeResolve } from '@rollup/plugin-node-resolve';
import { transform } from 'esbuild';
import { rollup } from 'rollup';

const root = fileURLToPath(new URL('..', import.meta.url));
const dist = `${root}dist`;
/** Packages that are a part of the command, because only few users of the package need them. */
const INCLUDED = ['ws', 'fast-check', 'pure-rand'];

/**
 * Bundles the command into one file, and each lazily loaded part into a file of its own, because reading and linking
 * seventy modules is a quarter of the start-up time. CommonJS output does not need Node's loader of ES modules.
 */
async function bundleCommand() {
  const bundle = await rollup({
    input: `${dist}/bin/mini-serv.js`,
    external: (id) => !/^[./]/.test(id) && !INCLUDED.includes(id.split('/')[0]),
    plugins: [
      nodeResolve({ resolveOnly: INCLUDED }),
      withoutNativeAddons,
      commonjs({ include: /\/node_modules\/ws\// }),
      {
        name: 'url',
        // Rollup's own replacement also supports browsers, which makes it longer.
        resolveImportMeta: (property) =>
          property === 'url' ? "require('node:url').pathToFileURL(__filename).href" : null,
      },
    ],
    onwarn,
  });
  await bundle.write({
    // package.json, which holds the version, must be two folders up, as it is from dist/bin.
    dir: `${dist}/command`,
    format: 'cjs',
    // Only to trace the coverage back to the modules; not published.
    sourcemap: 'hidden',
    entryFileNames: nameOf,
    chunkFileNames: nameOf,
    // Exports of Node's modules and of the packages never change after loading.
    externalLiveBindings: false,
    // Hoisted imports would load through2 before READABLE_STREAM is set.
    hoistTransitiveImports: false,
    banner: ({ moduleIds }) => {
      const names = INCLUDED.filter((name) => moduleIds.some((id) => id.includes(`/node_modules/${name}/`)));
      return names.length === 0
        ? ''
        : licencesOf(
            names.join(' and '),
            names.map((name) => `${name}/LICENSE`),
          );
    },
  });
  await bundle.close();
}

/** ws would look for two packages with native code in folders near the command, and Node has the functions of one of them. */
const withoutNativeAddons = {
  name: 'without-native-addons',
  transform(code, id) {
    if (!id.includes('/node_modules/ws/')) return null;
    return { code: code.replaceAll(/process\.env\.WS_NO_\w+/g, 'true'), map: null };
  },
};

/**
 * Bundles the library with its dependencies, which are CommonJS or import CommonJS: esbuild makes ES modules of them that
 * throw `Dynamic require of "stream" is not supported`. As in the command, their streams are those of Node.
 */
async function bundleLibrary() {
  const bundle = await rollup({
    input: `${dist}/lib/index.js`,
    external: (id) => id.startsWith('node:'),
    plugins: [
      { name: 'node-modules', resolveId: nameOfNode },
      nodeResolve({ preferBuiltins: true }),
      commonjs(),
    ],
    onwarn,
  });
  await bundle.write({
    file: `${dist}/mini-serv.bundled.js`,
    format: 'es',
    // Rollup cannot write one file for a program that uses a package with parts.
    inlineDynamicImports: true,
    banner: licencesOf('split2 and through2', ['split2/LICENSE', 'through2/LICENSE.md']),
  });
  await bundle.close();
}

/** Bundles the page, with uPlot, and puts it into the folder from which it is served. */
async function bundlePage() {
  const bundle = await rollup({
    input: `${dist}/web/main.js`,
    plugins: [nodeResolve({ browser: true })],
    onwarn,
  });
  const minify = {
    name: 'minify',
    renderChunk: async (code) => (await transform(code, { minify: true, target: 'es2022' })).code,
  };
  await bundle.write({
    file: `${dist}/page/page.js`,
    format: 'es',
    plugins: [minify],
    banner: licencesOf('uPlot', ['uplot/LICENSE']),
  });
  await bundle.close();
  copyFileSync(`${root}node_modules/uplot/dist/uPlot.min.css`, `${dist}/page/uplot.css`);
  const assets = readdirSync(`${root}web`, { recursive: true }).filter((path) =>
    /\.(html|css|svg)$/.test(path),
  );
  for (const path of assets) copyFileSync(`${root}web/${path}`, `${dist}/page/${basename(path)}`);
}

/** Returns a comment with the licences of packages that a bundle includes. */
function licencesOf(names, paths) {
  const licences = paths.map((path) => readFileSync(`${root}node_modules/${path}`, 'utf8').trim());
  return `/*! Includes ${names}:\n\n${licences.join('\n\n')}\n*/`;
}

/** Prefixes are for bundlers that would otherwise ask whether `string_decoder` is the package or Node's own. */
function nameOfNode(id) {
  if (id === 'readable-stream') return 'node:stream';
  return isBuiltin(id) && !id.startsWith('node:') ? `node:${id}` : null;
}

function onwarn(warning) {
  throw new Error(warning.message);
}

/** Names a chunk after its entry module: `lib/room/nats/replay.js` becomes `room-nats-replay.cjs`. */
function nameOf({ facadeModuleId, moduleIds, name }) {
  // A chunk that shares modules with others has no facade, but the name of one of its modules.
  const entry =
    facadeModuleId ?? moduleIds.findLast((id) => id.endsWith(`/${name}.js`)) ?? `${dist}/${name}.js`;
  return relative(dist, entry)
    .replace(/^(lib|bin)\//, '')
    .replaceAll('/', '-')
    .replace(/\.js$/, '.cjs');
}

await Promise.all([bundleCommand(), bundleLibrary(), bundlePage()]);
