import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { prefixLines } from '../../lib/protocol/prefix.js';
import { random } from '../support/random.js';

const KIB = 1024;
const MAX_PREFIX_BYTES = 25;
const root = new URL('../../../', import.meta.url);

/** The specification of prefixLines(), without limits. */
const model = (prefix: string, block: string): string =>
  block
    .split('\n')
    .map((line) => `${prefix}${line}\n`)
    .join('');

function isRight(prefix: string, block: string): boolean {
  const bytes = prefixLines(prefix, block);
  return bytes?.equals(Buffer.from(model(prefix, block), 'latin1')) ?? false;
}

/** Imports the module again, so that its WebAssembly is not compiled yet. */
async function importAgain(): Promise<typeof prefixLines> {
  const url = new URL(`../../lib/protocol/prefix.js?${Math.random()}`, import.meta.url).href;
  return ((await import(url)) as { prefixLines: typeof prefixLines }).prefixLines;
}

describe('prefixLines()', () => {
  it('puts the prefix before each line, for all lengths and offsets of lines', () => {
    for (let length = 0; length < 70; length++) {
      for (let before = 0; before < 17; before++) {
        const block = `${'x'.repeat(before)}\n${`${'y'.repeat(length)}\n`.repeat(600)}`;
        expect(isRight('client 7: ', block), `${before}, ${length}`).to.equal(true);
      }
    }
  });

  it('accepts any bytes, and prefixes of any length', () => {
    const chance = random(11);
    const below = (limit: number): number => Math.floor(chance() * limit);
    for (let round = 0; round < 300; round++) {
      const length = 512 + below(5000);
      const newlines = 1 + below(60);
      const block = Buffer.from(
        Array.from({ length }, () => (below(newlines) === 0 ? 0x0a : below(256))),
      ).toString('latin1');
      expect(isRight('p'.repeat(1 + below(MAX_PREFIX_BYTES)), block), `round ${round}`).to.equal(true);
    }
  });

  it('has space for the longest prefix before each of only newlines', () => {
    const longest = `client ${Number.MAX_SAFE_INTEGER}: `;
    expect(longest).to.have.length(MAX_PREFIX_BYTES);
    expect(isRight(longest, '\n'.repeat(128 * KIB))).to.equal(true);
    expect(isRight(longest, 'x'.repeat(128 * KIB))).to.equal(true);
  });

  it('returns null for blocks below 512 bytes and above 128 KiB', () => {
    expect(prefixLines('p', 'x'.repeat(511))).to.equal(null);
    expect(prefixLines('p', 'x'.repeat(512))).to.have.length(514);
    expect(prefixLines('p', 'x'.repeat(128 * KIB + 1))).to.equal(null);
  });

  it('compiles its WebAssembly at the first call', async () => {
    const prefixLines = await importAgain();
    const line = 'x'.repeat(600);
    for (let call = 0; call < 2; call++)
      expect(prefixLines('client 0: ', line)?.toString('latin1')).to.equal(`client 0: ${line}\n`);
  });

  it('returns null for all blocks if WebAssembly is not available at the first call', async () => {
    const prefixLines = await importAgain();
    const { WebAssembly } = globalThis as { WebAssembly?: unknown };
    Object.assign(globalThis, { WebAssembly: undefined });
    try {
      expect(prefixLines('client 0: ', 'x'.repeat(600))).to.equal(null);
    } finally {
      Object.assign(globalThis, { WebAssembly });
    }
    expect(prefixLines('client 0: ', 'x'.repeat(600))).to.equal(null);
  });
});

describe('lib/protocol/prefix-wasm.ts', () => {
  it('contains the compiled lib/protocol/prefix.wat', async () => {
    const { compiled } = (await import(new URL('scripts/wasm.mjs', root).href)) as { compiled: () => string };
    const text = readFileSync(new URL('lib/protocol/prefix-wasm.ts', root), 'utf8');
    const base64 = (source: string): string => source.replace(/^\/\*.*\*\/$/m, '').replace(/[\s'+]/g, '');
    expect(base64(text)).to.equal(base64(compiled()));
  });
});
