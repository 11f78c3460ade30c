// The command as people install it: its modules in one file, and what it seldom needs in others. To find, read and link
// sixty files is a quarter of the time that it takes to start. The packages stay what they are, and so does the library.
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rollup } from 'rollup';

const dist = fileURLToPath(new URL('../dist', import.meta.url));

/** `lib/nats/replay.js` becomes `nats-replay.js`. */
function nameOf({ facadeModuleId, name }) {
  if (facadeModuleId === null) return `${name}.js`;
  return relative(dist, facadeModuleId)
    .replace(/^(lib|bin)\//, '')
    .replaceAll('/', '-');
}

const bundle = await rollup({
  input: `${dist}/bin/mini-serv.js`,
  external: (id) => !/^[./]/.test(id),
  onwarn(warning) {
    throw new Error(warning.message);
  },
});
await bundle.write({
  // As far below package.json, where the version is, as the folder that it comes from.
  dir: `${dist}/command`,
  format: 'es',
  chunkFileNames: nameOf,
  // Else what must be loaded first would not be.
  hoistTransitiveImports: false,
});
await bundle.close();
