import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { render, renderBytes } from '../../lib/protocol/message.js';
import { prefixLines } from '../../lib/protocol/prefix.js';
import { random } from '../support/random.js';

const KIB = 1024;
const root = new URL('../../../', import.meta.url);

/** The specification, as short as it can be. */
const model = (prefix: string, block: string): string =>
  block
    .split('\n')
    .map((line) => `${prefix}${line}\n`)
    .join('');

/** Whether it gives what it should, for a block that is its to take. */
function isRight(prefix: string, block: string): boolean {
  const bytes = prefixLines(prefix, block);
  return bytes?.equals(Buffer.from(model(prefix, block), 'latin1')) ?? false;
}

describe('prefixLines', () => {
  it('puts a prefix before each line, whatever their lengths and wherever they begin', () => {
    for (let length = 0; length < 70; length++) {
      for (let before = 0; before < 17; before++) {
        const block = `${'x'.repeat(before)}\n${`${'y'.repeat(length)}\n`.repeat(600)}`;
        expect(isRight('client 7: ', block), `${before}, ${length}`).to.equal(true);
      }
    }
  });

  it('takes any bytes, and prefixes of any length', () => {
    const chance = random(11);
    const next = (below: number): number => Math.floor(chance() * below);
    for (let turn = 0; turn < 300; turn++) {
      const size = 512 + next(5000);
      const newlines = 1 + next(60);
      const block = Buffer.from(
        Array.from({ length: size }, () => (next(newlines) === 0 ? 0x0a : next(256))),
      ).toString('latin1');
      expect(isRight('p'.repeat(1 + next(25)), block), `turn ${turn}`).to.equal(true);
    }
  });

  it('has room for the longest prefix before nothing but newlines', () => {
    const longest = `client ${Number.MAX_SAFE_INTEGER}: `;
    expect(isRight(longest, '\n'.repeat(128 * KIB))).to.equal(true);
    expect(isRight(longest, 'x'.repeat(128 * KIB))).to.equal(true);
  });

  it('leaves small blocks and large ones to strings', () => {
    expect(prefixLines('p', 'x'.repeat(511))).to.equal(null);
    expect(prefixLines('p', 'x'.repeat(512))).to.have.length(514);
    expect(prefixLines('p', 'x'.repeat(128 * KIB + 1))).to.equal(null);
  });

  /** A module of its own, which has not been used. */
  const fresh = async (): Promise<typeof prefixLines> => {
    const url = new URL(`../../lib/protocol/prefix.js?${Math.random()}`, import.meta.url).href;
    return ((await import(url)) as { prefixLines: typeof prefixLines }).prefixLines;
  };

  it('is assembled when it is first used', async () => {
    const prefixLines = await fresh();
    const line = 'x'.repeat(600);
    for (let time = 0; time < 2; time++)
      expect(prefixLines('client 0: ', line)?.toString('latin1')).to.equal(`client 0: ${line}\n`);
  });

  it('gives nothing where it cannot be assembled', async () => {
    const prefixLines = await fresh();
    const { WebAssembly } = globalThis as { WebAssembly?: unknown };
    Object.assign(globalThis, { WebAssembly: undefined });
    try {
      expect(prefixLines('client 0: ', 'x'.repeat(600))).to.equal(null);
    } finally {
      Object.assign(globalThis, { WebAssembly });
    }
    expect(prefixLines('client 0: ', 'x'.repeat(600))).to.equal(null);
  });

  it('is what lib/protocol/prefix.wat is compiled to', async () => {
    const { compiled } = (await import(new URL('scripts/wasm.mjs', root).href)) as { compiled: () => string };
    const text = readFileSync(new URL('lib/protocol/prefix-wasm.ts', root), 'utf8');
    const base64 = (source: string): string => source.replace(/^\/\*.*\*\/$/m, '').replace(/[\s'+]/g, '');
    expect(base64(text)).to.equal(base64(compiled()));
  });

  it('gives way to strings where the engine has no WebAssembly', () => {
    const message = new URL('../../lib/protocol/message.js', import.meta.url).href;
    const program = `
      import { renderBytes } from '${message}';
      const pieces = [...renderBytes(3, 'line\\n'.repeat(200))];
      process.stdout.write(JSON.stringify([typeof WebAssembly, pieces]));`;
    const out = execFileSync(process.execPath, ['--jitless', '--input-type=module', '-e', program]);
    const bytes = 'line\n'.repeat(200);
    expect(JSON.parse(out.toString())).to.deep.equal([
      'undefined',
      [render({ kind: 'lines', client: 3, bytes })],
    ]);
  });
});

describe('renderBytes', () => {
  for (const size of [10, 1000, 100 * KIB, 3000 * KIB]) {
    it(`gives what render gives: ${size} bytes`, () => {
      const bytes = 'some line\n'.repeat(size / 10);
      const pieces = [...renderBytes(3, bytes)].map((piece) =>
        typeof piece === 'string' ? piece : piece.toString('latin1'),
      );
      expect(pieces.join('') === render({ kind: 'lines', client: 3, bytes })).to.equal(true);
    });
  }
});
