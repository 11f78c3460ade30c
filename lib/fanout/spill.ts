import type { FileSystem, SpillHandle } from '../util/environment.js';
import { MiniServError } from '../util/errors.js';
import { invariant } from '../util/invariant.js';
import type { SpillLocation } from './segment.js';
import { SpillDirectory } from './spill-directory.js';

/** The type of a tmpfs in statfs(2) on Linux. Files in it take memory. */
const TMPFS_MAGIC = 0x01021994;
const MIB = 1024 * 1024;
const GIB = 1024 * MIB;
const MAX_MIN_FILE_BYTES = 4 * MIB;

interface SpillFile {
  readonly handle: SpillHandle;
  sizeBytes: number;
  /** Bytes of records that are still needed. At zero the file is closed, which frees its disk space. */
  neededBytes: number;
}

interface FileLocation extends SpillLocation {
  readonly file: SpillFile;
  readonly offset: number;
}

export interface SpillOptions {
  readonly fs: FileSystem;
  readonly dir: string;
  /** The maximum on disk, in bytes. Undefined: leave 10 % of the file system, or 1 GiB, free. */
  readonly limitBytes: number | undefined;
  /** Called once if `dir` is on a tmpfs. */
  readonly warn: (warning: MiniServError) => void;
}

/**
 * Records on disk. They are only appended, and a file is closed when none of its records is needed any more. A new file is
 * started at a 16th of what is on disk, so that space is freed in small parts while the number of descriptors grows with
 * the logarithm of the backlog.
 */
export class Spill {
  /** Bytes on disk. */
  usedBytes = 0;
  /** The maximum of open files. Beyond it the last file grows, and frees its space later. */
  maxFiles = 96;
  readonly #options: SpillOptions;
  readonly #directory: SpillDirectory;
  readonly #files = new Set<SpillFile>();
  #currentFile: SpillFile | null = null;
  #minFileBytes = MAX_MIN_FILE_BYTES;
  #isMeasured = false;
  #hasWarned = false;

  constructor(options: SpillOptions) {
    this.#options = options;
    this.#directory = new SpillDirectory(options.fs, options.dir);
  }

  /**
   * Checks a directory that the user has chosen, and starts to remove the directories that killed relays left.
   *
   * @throws the file system's error if no files can be created in the chosen directory
   */
  async prepare(isChosen: boolean): Promise<void> {
    if (isChosen) {
      await this.#directory.check();
      await this.#measure();
    }
    void this.#directory.sweep();
  }

  /**
   * Appends records. If a record cannot be written, none of them is kept. Do not call it again before it is done.
   *
   * @param records each in parts
   * @throws at the limit, if the disk is full, and on any other error of the file system
   */
  async write(records: readonly (readonly Uint8Array[])[]): Promise<SpillLocation[]> {
    const lengths = records.map((parts) => parts.reduce((sum, part) => sum + part.length, 0));
    const length = lengths.reduce((sum, record) => sum + record, 0);
    await this.#checkSpace(length);
    const file = await this.#fileFor(length);
    let offset = file.sizeBytes;
    // In parallel, because each write takes at least one turn of a busy event loop.
    const writes = records.flat().map((part) => {
      offset += part.length;
      return writeAll(file.handle, part, offset - part.length);
    });
    const [failed] = (await Promise.allSettled(writes)).filter(({ status }) => status === 'rejected');
    if (failed !== undefined) {
      this.#release(file, length);
      throw (failed as PromiseRejectedResult).reason;
    }
    offset = file.sizeBytes;
    file.sizeBytes += length;
    this.usedBytes += length;
    return lengths.map((length): FileLocation => {
      offset += length;
      return { file, offset: offset - length, length };
    });
  }

  /**
   * Fills `into` with the bytes of a record from `start` on.
   *
   * @throws the file system's error, or an error if the file ends too early
   */
  async read(location: SpillLocation, into: Uint8Array, start: number): Promise<void> {
    const { file, offset } = location as FileLocation;
    for (let done = 0; done < into.length; ) {
      const { bytesRead } = await file.handle.read(into, done, into.length - done, offset + start + done);
      if (bytesRead === 0) throw new Error('a spill file ended too early');
      done += bytesRead;
    }
  }

  free(location: SpillLocation): void {
    this.#release((location as FileLocation).file, location.length);
  }

  async close(): Promise<void> {
    // First the directory, which waits for a file that is being created.
    await this.#directory.close();
    for (const file of this.#files) this.#closeFile(file);
  }

  #release(file: SpillFile, length: number): void {
    file.neededBytes -= length;
    invariant(file.neededBytes >= 0, 'more of a spill file was freed than was written');
    if (file.neededBytes === 0) this.#closeFile(file);
  }

  #closeFile(file: SpillFile): void {
    if (!this.#files.delete(file)) return;
    if (this.#currentFile === file) this.#currentFile = null;
    this.usedBytes -= file.sizeBytes;
    // A failed close has no consequence, because the file is not used again.
    file.handle.close().catch(() => {});
  }

  async #checkSpace(length: number): Promise<void> {
    const { limitBytes, dir } = this.#options;
    if (limitBytes !== undefined) {
      if (this.usedBytes + length > limitBytes)
        throw new Error(`the limit of ${limitBytes} bytes is reached`);
      return;
    }
    const { freeBytes, reservedBytes } = await this.#measure();
    if (freeBytes - length < reservedBytes) throw new Error(`only ${freeBytes} bytes are free in ${dir}`);
  }

  async #measure(): Promise<{ freeBytes: number; reservedBytes: number }> {
    const { fs, dir, warn, limitBytes } = this.#options;
    const stat = await fs.statfs(dir);
    this.#isMeasured = true;
    const totalBytes = stat.blocks * stat.bsize;
    const maxBytes = Math.min(totalBytes, limitBytes ?? totalBytes);
    this.#minFileBytes = Math.min(MAX_MIN_FILE_BYTES, Math.ceil(maxBytes / 8));
    if (stat.type === TMPFS_MAGIC && !this.#hasWarned) {
      this.#hasWarned = true;
      const message = `${dir} is on a tmpfs, so the backlog on disk takes memory: choose another spill directory`;
      warn(new MiniServError('ERR_SPILL_TMPFS', message));
    }
    return { freeBytes: stat.bavail * stat.bsize, reservedBytes: Math.min(totalBytes / 10, GIB) };
  }

  /**
   * Returns the file for the next records, which count as needed from now on: the file must not be closed while they are
   * being written, even if all its other records are freed.
   */
  async #fileFor(length: number): Promise<SpillFile> {
    const maxFileBytes = Math.max(this.#minFileBytes, this.usedBytes / 16);
    const current = this.#currentFile;
    if (current !== null && (current.sizeBytes < maxFileBytes || this.#files.size >= this.maxFiles)) {
      current.neededBytes += length;
      return current;
    }
    if (!this.#isMeasured) await this.#measure();
    const handle = await this.#directory.createFile();
    const file = { handle, sizeBytes: 0, neededBytes: length };
    this.#files.add(file);
    this.#currentFile = file;
    return file;
  }
}

async function writeAll(handle: SpillHandle, part: Uint8Array, start: number): Promise<void> {
  // A file system that is filling up takes only a part of a write before it reports an error.
  for (let done = 0; done < part.length; ) {
    const { bytesWritten } = await handle.write(part, done, part.length - done, start + done);
    if (bytesWritten === 0) throw new Error('the file system wrote nothing');
    done += bytesWritten;
  }
}
