import type { FileHandle } from 'node:fs/promises';

const CHUNK = 64 * 1024;
/** Lines that are no records and may stand at the end: a relay that was killed twice may have left two. */
const TRIES = 8;
const RECORD = /^\{"seq":(\d+),"time":"/;

/** How an audit ends that is to be appended to. */
export interface Tail {
  /** How many bytes there are of a last line without an end. */
  readonly truncated: number;
  /** The number of the last record; undefined if there is none. */
  readonly seq: number | undefined;
}

/** Looks only at the end of a file, so that it takes no longer for a large one. */
export async function auditTail(file: FileHandle, size: number): Promise<Tail> {
  let end = await lineStart(file, size);
  const truncated = size - end;
  for (let tries = 0; end > 0 && tries < TRIES; tries++) {
    const start = await lineStart(file, end - 1);
    // Its number stands at its beginning, however long it is.
    const head = await read(file, start, Math.min(end, start + 64));
    const seq = RECORD.exec(head.toString('latin1'))?.[1];
    if (seq !== undefined) return { truncated, seq: Number(seq) };
    end = start;
  }
  return { truncated, seq: undefined };
}

/** Where the line begins that has its end, or may have it, at `end`. */
async function lineStart(file: FileHandle, end: number): Promise<number> {
  for (let to = end; to > 0; to -= CHUNK) {
    const from = Math.max(0, to - CHUNK);
    const newline = (await read(file, from, to)).lastIndexOf(0x0a);
    if (newline !== -1) return from + newline + 1;
  }
  return 0;
}

async function read(file: FileHandle, from: number, to: number): Promise<Buffer> {
  const bytes = Buffer.alloc(to - from);
  let length = 0;
  while (length < bytes.length) {
    const { bytesRead } = await file.read(bytes, length, bytes.length - length, from + length);
    if (bytesRead === 0) break;
    length += bytesRead;
  }
  return bytes.subarray(0, length);
}
