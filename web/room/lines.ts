import { displayText } from './display-text.js';

/** The page keeps this many bytes of a line. A longer line is shown up to here, with a note. */
export const MAX_SHOWN_BYTES = 4096;

const NEWLINE = 0x0a;

export interface Line {
  /** The start of the line, at most {@link MAX_SHOWN_BYTES}, without its newline. */
  readonly bytes: Uint8Array;
  /** The length of the whole line in bytes, without its newline. */
  readonly length: number;
}

/** The lines that end in one chunk. A line is copied and decoded only when it is asked for. */
export interface Lines {
  readonly count: number;
  at(index: number): Line;
  /** The texts of all lines as the page displays them. Decoding them at once is much cheaper than one by one. */
  texts(): string[];
}

/** Divides a transcript into lines. Holds only the start of an incomplete line, however long the line is. */
export class LineReader {
  readonly #held = new Uint8Array(MAX_SHOWN_BYTES);
  #heldBytes = 0;
  /** The length of the incomplete line so far. */
  #openBytes = 0;

  read(chunk: Uint8Array): Lines {
    const ends: number[] = [];
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, end + 1)) ends.push(end);
    const [firstEnd] = ends;
    if (firstEnd === undefined) {
      this.#hold(chunk);
      return NO_LINES;
    }
    const first = this.#endLine(chunk.subarray(0, firstEnd));
    this.#hold(chunk.subarray((ends.at(-1) as number) + 1));
    const at = (index: number): Line => {
      if (index === 0) return first;
      const start = (ends[index - 1] as number) + 1;
      const length = (ends[index] as number) - start;
      return { bytes: chunk.slice(start, start + shownBytes(chunk, start, length)), length };
    };
    return { count: ends.length, at, texts: () => textsOf(chunk, ends, at) };
  }

  /** Forgets the incomplete line, because the rest of it will not come. */
  reset(): void {
    this.#heldBytes = 0;
    this.#openBytes = 0;
  }

  #hold(part: Uint8Array): void {
    const kept = part.subarray(0, MAX_SHOWN_BYTES - this.#heldBytes);
    this.#held.set(kept, this.#heldBytes);
    this.#heldBytes += kept.length;
    this.#openBytes += part.length;
  }

  #endLine(last: Uint8Array): Line {
    this.#hold(last);
    const length = this.#openBytes;
    const bytes = this.#held.slice(0, this.#heldBytes);
    this.reset();
    return { bytes: length > bytes.length ? bytes.subarray(0, endOfCharacters(bytes)) : bytes, length };
  }
}

const NO_LINES: Lines = {
  count: 0,
  at() {
    throw new RangeError('there is no line');
  },
  texts: () => [],
};

function textsOf(chunk: Uint8Array, ends: readonly number[], at: (index: number) => Line): string[] {
  const [firstEnd = 0] = ends;
  const rest = displayText(chunk.subarray(firstEnd + 1, (ends.at(-1) as number) + 1)).split('\n');
  return ends.map((end, i) => {
    const isCut = i > 0 && end - (ends[i - 1] as number) - 1 > MAX_SHOWN_BYTES;
    return i === 0 || isCut ? displayText(at(i).bytes) : (rest[i - 1] as string);
  });
}

/** Returns how many bytes of a line are kept: all, or complete characters. */
function shownBytes(chunk: Uint8Array, start: number, length: number): number {
  if (length <= MAX_SHOWN_BYTES) return length;
  return endOfCharacters(chunk.subarray(start, start + MAX_SHOWN_BYTES));
}

/** Returns the length without an incomplete UTF-8 character at the end. */
function endOfCharacters(bytes: Uint8Array): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back++) {
    const byte = bytes[bytes.length - back] as number;
    if (byte >= 0xc0) {
      const characterBytes = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2;
      return back < characterBytes ? bytes.length - back : bytes.length;
    }
    if (byte < 0x80) break;
  }
  return bytes.length;
}
