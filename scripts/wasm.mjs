// Compiles lib/protocol/prefix.wat into lib/protocol/prefix-wasm.ts: npm run wasm
// The result is checked in, so that neither a build nor an installation needs an assembler.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const CHARACTERS_PER_LINE = 100;

const file = (path) => fileURLToPath(new URL(`../${path}`, import.meta.url));

/** Returns the content of lib/protocol/prefix-wasm.ts. */
export function compiled() {
  const folder = mkdtempSync(join(tmpdir(), 'wasm-'));
  try {
    const out = join(folder, 'prefix.wasm');
    execFileSync(process.execPath, [
      file('node_modules/wabt/bin/wat2wasm'),
      file('lib/protocol/prefix.wat'),
      '-o',
      out,
    ]);
    const text = readFileSync(out).toString('base64');
    const lines = text.match(new RegExp(`.{1,${CHARACTERS_PER_LINE}}`, 'g')).map((line) => `  '${line}'`);
    return [
      '/** lib/protocol/prefix.wat, compiled by `npm run wasm`; base64. */',
      `export const PREFIX_WASM =\n${lines.join(' +\n')};\n`,
    ].join('\n');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url))
  writeFileSync(file('lib/protocol/prefix-wasm.ts'), compiled());
