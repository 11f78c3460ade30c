import type { FileHandle } from 'node:fs/promises';

const CHUNK_BYTES = 64 * 1024;
/** Lines at the end that are searched for a record: a relay that was killed twice may have left two torn lines. */
const MAX_LINES = 8;
/** How much of a line is read to find its sequence number, which is at its start, in bytes. */
const HEAD_BYTES = 64;
const RECORD = /^\{"seq":(\d+),"time":"/;

/** The end of an audit to which records will be appended. */
export interface AuditTail {
  /** Length of a last line without a newline, in bytes. 0: the last line is complete. */
  readonly truncatedBytes: number;
  /** Sequence number of the last record. Undefined if no record was found. */
  readonly seq: number | undefined;
}

/** Reads only the end of a file, so that the time does not depend on its size. */
export async function readAuditTail(file: FileHandle, size: number): Promise<AuditTail> {
  let end = await findLineStart(file, size);
  const truncatedBytes = size - end;
  for (let line = 0; end > 0 && line < MAX_LINES; line++) {
    const start = await findLineStart(file, end - 1);
    const head = await read(file, start, Math.min(end, start + HEAD_BYTES));
    const seq = RECORD.exec(head.toString('latin1'))?.[1];
    if (seq !== undefined) return { truncatedBytes, seq: Number(seq) };
    end = start;
  }
  return { truncatedBytes, seq: undefined };
}

/** Finds the start of the line that contains the byte before `end`, or that starts at `end`. */
async function findLineStart(file: FileHandle, end: number): Promise<number> {
  for (let to = end; to > 0; to -= CHUNK_BYTES) {
    const from = Math.max(0, to - CHUNK_BYTES);
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
