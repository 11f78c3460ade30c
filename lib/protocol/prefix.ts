import { PREFIX_WASM } from './prefix-wasm.js';

/** Below this size strings are faster. */
const MIN_BLOCK_BYTES = 512;
/** One chunk of a socket, with the rest of a line from the chunk before. */
const MAX_BLOCK_BYTES = 128 * 1024;
/** Offsets in the memory. The output has space for a block of only newlines, each with a prefix of 25 bytes. */
const INPUT = 64;
const OUTPUT = INPUT + MAX_BLOCK_BYTES + 64;

/** The used part of WebAssembly, for which neither Node's types nor the chosen libraries have declarations. */
declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object) => { readonly exports: object };
};

interface Prefixer {
  readonly memory: Buffer;
  readonly prefix: (from: number, end: number, to: number, prefix: number) => number;
}

let prefixer: Prefixer | null | undefined;

/** Returns null if the engine has no WebAssembly, or the processor no 128-bit vector instructions. */
function createPrefixer(): Prefixer | null {
  try {
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(Buffer.from(PREFIX_WASM, 'base64')));
    const { memory, prefix } = exports as { memory: { buffer: ArrayBuffer }; prefix: Prefixer['prefix'] };
    return { memory: Buffer.from(memory.buffer), prefix };
  } catch {
    return null;
  }
}

/**
 * Puts a prefix before each line of a block, and a newline after the last. As a string, the block would be searched and
 * copied three times and leave garbage.
 *
 * @param prefix at most 25 characters
 * @param block lines with `\n` between them; a string is latin1
 * @returns bytes that the next call overwrites; null if strings are faster for this block, or on this machine
 */
export function prefixLines(prefix: string, block: string | Buffer): Buffer | null {
  if (block.length < MIN_BLOCK_BYTES || block.length > MAX_BLOCK_BYTES) return null;
  if (prefixer === undefined) prefixer = createPrefixer();
  if (prefixer === null) return null;
  const { memory } = prefixer;
  memory.write(prefix, 0, 'latin1');
  const length = typeof block === 'string' ? memory.write(block, INPUT, 'latin1') : block.copy(memory, INPUT);
  const end = INPUT + length;
  memory[end] = 0x0a;
  return memory.subarray(OUTPUT, prefixer.prefix(INPUT, end + 1, OUTPUT, prefix.length));
}
