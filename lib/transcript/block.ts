import { type TimeMark, timeAt } from '../protocol/time.js';
import { countLines, dropBytes, findLineEnd } from '../util/buffer-list.js';

/** A block of the log that is being formatted and written. */
export interface Block {
  /** The part that is not written yet. */
  bytes: readonly Buffer[];
  times: readonly TimeMark[];
  readonly done: (error?: Error | null) => void;
  /** Size of the queued notes, while they are being written before the block. */
  queuedBytes: number;
  /** Whether the formatter has a part of it. */
  isFormatting: boolean;
  /** Bytes of an unfinished line that the formatter had before the block. */
  openBefore: number;
  /** The formatted bytes that the sink is writing, and how many lines of the block end before them. */
  piece: readonly Buffer[];
  linesBefore: number;
}

export function createBlock(
  bytes: readonly Buffer[],
  times: readonly TimeMark[],
  done: Block['done'],
): Block {
  return {
    bytes,
    times,
    done,
    queuedBytes: 0,
    isFormatting: false,
    openBefore: 0,
    piece: [],
    linesBefore: 0,
  };
}

/** Begins to write a block, or the rest of one. */
export function beginBlock(block: Block, openBefore: number): void {
  Object.assign(block, { queuedBytes: 0, isFormatting: false, openBefore, piece: [], linesBefore: 0 });
}

/**
 * Finds the first line of which the sink has not written everything. Formats make one line of each line.
 *
 * @param written bytes of the piece in flight that are written
 * @returns where in the block the line starts; negative if it started in an earlier block
 */
export function firstIncomplete(block: Block, written: number): number {
  const lines = block.linesBefore + countLines(block.piece, written);
  return lines === 0 ? -block.openBefore : findLineEnd(block.bytes, lines);
}

/** Takes the first bytes off a block. */
export function dropFirst(block: Block, count: number): void {
  const { bytes, times } = block;
  block.bytes = dropBytes(bytes, count);
  const rest = times.flatMap(({ at, time }) => (at > count ? [{ at: at - count, time }] : []));
  block.times = block.bytes.length === 0 ? [] : [{ at: 0, time: timeAt(times, count) as number }, ...rest];
}
