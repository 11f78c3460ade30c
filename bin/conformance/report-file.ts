import {
  closeSync,
  constants,
  fstatSync,
  ftruncateSync,
  openSync,
  statSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { CommandError } from '../console.js';

/** Exit code if a report cannot be written. */
const NOT_WRITTEN = 2;

/** A file for a report. It keeps its old content until the report is complete. */
export interface ReportFile {
  /** Adds a text to the report. */
  append(text: string): void;
  /** Replaces the content of the file by the report. */
  save(): void;
  /** Closes the file. If it was created and not saved, it is removed. */
  close(): void;
}

/**
 * Opens the file for a report, so that a path that cannot be written is noticed before the tests run.
 *
 * @param others files that must not be overwritten
 * @throws {CommandError} if the file cannot be opened, or is one of the others
 */
export function openReportFile(path: string, others: readonly string[]): ReportFile {
  const isNew = statSync(path, { throwIfNoEntry: false }) === undefined;
  const fd = attemptWrite(path, () => open(path));
  if (!isNew && others.some((other) => isSameFile(fd, other))) {
    closeSync(fd);
    throw new CommandError(
      `--output: ${path} is used for something else; choose another file`,
      undefined,
      NOT_WRITTEN,
    );
  }
  const texts: string[] = [];
  let isSaved = false;
  return {
    append: (text) => void texts.push(text),
    save() {
      attemptWrite(path, () => replaceContent(fd, Buffer.from(texts.join(''))));
      texts.length = 0;
      isSaved = true;
    },
    close() {
      closeSync(fd);
      if (isNew && !isSaved) unlinkSync(path);
    },
  };
}

/** A FIFO without a reader is an error: a blocking open would wait for one. */
function open(path: string): number {
  const { O_WRONLY, O_CREAT, O_NONBLOCK } = constants;
  const fd = openSync(path, O_WRONLY | O_CREAT | O_NONBLOCK, 0o666);
  if (fstatSync(fd).isFile()) return fd;
  try {
    // A pipe that is full for a moment is not an error.
    return openSync(path, O_WRONLY);
  } finally {
    closeSync(fd);
  }
}

function isSameFile(fd: number, other: string): boolean {
  const [a, b] = [fstatSync(fd), statSync(other, { throwIfNoEntry: false })];
  return a.isFile() && a.dev === b?.dev && a.ino === b.ino;
}

/** An incomplete report would look like a report on fewer cases, so nothing is left of it. */
function replaceContent(fd: number, bytes: Buffer): void {
  const isFile = fstatSync(fd).isFile();
  if (isFile) ftruncateSync(fd);
  try {
    for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at);
  } catch (error) {
    if (isFile) ftruncateSync(fd);
    throw error;
  }
}

/** Turns an error of the file system into one for the user. */
export function attemptWrite<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    const { message } = error as Error;
    throw new CommandError(`cannot write the report to ${path}: ${message}`, undefined, NOT_WRITTEN);
  }
}
