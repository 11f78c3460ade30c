import { PREFIX_WASM } from './prefix-wasm.js';

/** Of fewer bytes than this, strings are put together faster. */
const LEAST = 512;
/** A chunk of a socket, and the rest of a line that was held from the one before. */
const MOST = 128 * 1024;
/** Where in its memory the lines are, and what comes of them: room for a prefix of 25 bytes before each newline. */
const INPUT = 64;
const OUTPUT = INPUT + MOST + 64;

/** As much of it as is used: it is a part of the language's environment, and not of `node:` or TypeScript's own types. */
declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object) => { readonly exports: object };
};

interface Assembled {
  readonly memory: Buffer;
  readonly prefix: (from: number, end: number, to: number, prefix: number) => number;
}

let assembled: Assembled | null | undefined;

/** Null where the engine has no WebAssembly, or the processor no instructions for sixteen bytes at a time. */
function assemble(): Assembled | null {
  try {
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(Buffer.from(PREFIX_WASM, 'base64')));
    const { memory, prefix } = exports as { memory: { buffer: ArrayBuffer }; prefix: Assembled['prefix'] };
    return { memory: Buffer.from(memory.buffer), prefix };
  } catch {
    return null;
  }
}

/**
 * The lines of a block (latin1, `\n` between them, none at the end) with a prefix before and a newline behind each:
 * as a string it would be searched and copied three times, and what is left of it be collected.
 *
 * @param prefix at most 25 characters
 * @returns bytes that are overwritten by the next call; null if strings are the way for this block, or on this machine
 */
export function prefixLines(prefix: string, block: string): Buffer | null {
  if (block.length < LEAST || block.length > MOST) return null;
  if (assembled === undefined) assembled = assemble();
  if (assembled === null) return null;
  const { memory } = assembled;
  memory.write(prefix, 0, 'latin1');
  const end = INPUT + memory.write(block, INPUT, 'latin1');
  memory[end] = 0x0a;
  return memory.subarray(OUTPUT, assembled.prefix(INPUT, end + 1, OUTPUT, prefix.length));
}
