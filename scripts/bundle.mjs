// Bundles what is published in few files: the command, the library for bundlers, and the page of --web.
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
/**
 * Packages that are a part of the command. Loading through2, an ES module, with `require` would take a third of what the start
 * takes beyond that of Node. Only few users of the package need the last three.
 */
const INCLUDED = ['split2', 'through2', 'ws', 'fast-check', 'pure-rand'];

/**
 * Bundles the command into few files: two that a relay loads, and one for each part that is loaded lazily. CommonJS output does
 * not need Node's loader of ES modules.
 */
async function bundleCommand() {
  const bundle = await rollup({
    input: `${dist}/bin/mini-serv.js`,
    external: (id) => !/^[./]/.test(id) && ![...INCLUDED, 'readable-stream'].includes(id.split('/')[0]),
    plugins: [
      nodeModules,
      nodeResolve({ resolveOnly: INCLUDED }),
      withoutNativeAddons,
      commonjs({ include: /\/node_modules\/(split2|ws)\// }),
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
    manualChunks: chunkOfRelay,
    // Exports of Node's modules and of the packages never change after loading.
    externalLiveBindings: false,
    // Each file would also name what its imports import.
    hoistTransitiveImports: false,
    banner: ({ moduleIds }) => {
      const included = INCLUDED.filter((name) =>
        moduleIds.some((id) => id.includes(`/node_modules/${name}/`)),
      );
      return included.length === 0 ? '' : licencesOf(included);
    },
  });
  await bundle.close();
}

/**
 * Keeps in two files what a relay loads: the entry, and the rest. Each further file that it shares with other commands would
 * cost half a millisecond of its start.
 */
function chunkOfRelay(id, { getModuleInfo }) {
  const reaches = (name) => reachableFrom(`${dist}/${name}.js`, getModuleInfo).has(id);
  return ['bin/mini-serv', 'bin/commands/run'].find(reaches);
}

/** Returns a module and everything that it imports, except lazily. */
function reachableFrom(id, getModuleInfo, found = new Set()) {
  if (found.has(id)) return found;
  found.add(id);
  for (const imported of getModuleInfo(id)?.importedIds ?? []) reachableFrom(imported, getModuleInfo, found);
  return found;
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
 * Gives packages Node's own streams instead of readable-stream, whose loading is an eighth of the start-up time. Prefixes are
 * for bundlers that would otherwise ask whether `string_decoder` is the package or Node's own.
 */
const nodeModules = {
  name: 'node-modules',
  resolveId(id) {
    if (id === 'readable-stream') return 'node:stream';
    return isBuiltin(id) && !id.startsWith('node:') ? `node:${id}` : null;
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
    plugins: [nodeModules, nodeResolve({ preferBuiltins: true }), commonjs()],
    onwarn,
  });
  await bundle.write({
    file: `${dist}/mini-serv.bundled.js`,
    format: 'es',
    // Rollup cannot write one file for a program that uses a package with parts.
    inlineDynamicImports: true,
    banner: licencesOf(['split2', 'through2']),
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
    banner: licencesOf(['uplot']),
  });
  await bundle.close();
  copyFileSync(`${root}node_modules/uplot/dist/uPlot.min.css`, `${dist}/page/uplot.css`);
  const assets = readdirSync(`${root}web`, { recursive: true }).filter((path) =>
    /\.(html|css|svg)$/.test(path),
  );
  for (const path of assets) copyFileSync(`${root}web/${path}`, `${dist}/page/${basename(path)}`);
}

/** Returns a comment with the licences of packages that a bundle includes. */
function licencesOf(names) {
  const licences = names.map((name) => {
    const folder = `${root}node_modules/${name}`;
    const file = readdirSync(folder).find((entry) => /^license/i.test(entry));
    return readFileSync(`${folder}/${file}`, 'utf8').trim();
  });
  return `/*! Includes ${names.join(' and ')}:\n\n${licences.join('\n\n')}\n*/`;
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
