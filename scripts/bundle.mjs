// Bundles the command into one file, and each lazily loaded part into a file of its own, because reading and linking
// seventy modules is a quarter of the start-up time. CommonJS output does not need Node's loader of ES modules.
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rollup } from 'rollup';

const dist = fileURLToPath(new URL('../dist', import.meta.url));

/** Names a chunk after its entry module: `lib/room/nats/replay.js` becomes `room-nats-replay.cjs`. */
function nameOf({ facadeModuleId, moduleIds, name }) {
  // A command that shares modules with other chunks has no facade.
  const entry = facadeModuleId ?? moduleIds.find((id) => id.startsWith(`${dist}/bin/commands/${name}.js`));
  if (entry === undefined) return `${name}.cjs`;
  return relative(dist, entry)
    .replace(/^(lib|bin)\//, '')
    .replaceAll('/', '-')
    .replace(/\.js$/, '.cjs');
}

const bundle = await rollup({
  input: `${dist}/bin/mini-serv.js`,
  external: (id) => !/^[./]/.test(id),
  plugins: [
    {
      name: 'url',
      // Rollup's own replacement also supports browsers, which makes it longer.
      resolveImportMeta: (property) =>
        property === 'url' ? "require('node:url').pathToFileURL(__filename).href" : null,
    },
  ],
  onwarn(warning) {
    throw new Error(warning.message);
  },
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
});
await bundle.close();
