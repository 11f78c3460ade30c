// The command as people install it: its modules in one file, and what it seldom needs in others. To find, read and link
// sixty files is a quarter of the time that it takes to start. They are CommonJS, as its packages are: Node's loader of
// ES modules is not needed before a transform is. The packages stay what they are, and so does the library.
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rollup } from 'rollup';

const dist = fileURLToPath(new URL('../dist', import.meta.url));

/** `lib/nats/replay.js` becomes `nats-replay.cjs`. */
function nameOf({ facadeModuleId, name }) {
  if (facadeModuleId === null) return `${name}.cjs`;
  return relative(dist, facadeModuleId)
    .replace(/^(lib|bin)\//, '')
    .replaceAll('/', '-')
    .replace(/\.js$/, '.cjs');
}

const bundle = await rollup({
  input: `${dist}/bin/mini-serv.js`,
  external: (id) => !/^[./]/.test(id),
  // Rollup's own takes browsers into account.
  plugins: [
    {
      name: 'url',
      resolveImportMeta: (property) =>
        property === 'url' ? "require('node:url').pathToFileURL(__filename).href" : null,
    },
  ],
  onwarn(warning) {
    throw new Error(warning.message);
  },
});
await bundle.write({
  // As far below package.json, where the version is, as the folder that it comes from.
  dir: `${dist}/command`,
  format: 'cjs',
  entryFileNames: nameOf,
  chunkFileNames: nameOf,
  // What Node's modules and the packages export does not change.
  externalLiveBindings: false,
  // Else what must be loaded first would not be.
  hoistTransitiveImports: false,
});
await bundle.close();
