import { constants } from 'node:fs';
import { join } from 'node:path';
import type { FileSystem, SpillHandle } from '../util/environment.js';
import { MiniServError } from '../util/errors.js';
import { invariant } from '../util/invariant.js';
import type { SpillLocation } from './segment.js';

/** statfs(2) on Linux: what is written to such a file system stays in memory. */
const TMPFS_MAGIC = 0x01021994;
/** The name of a file for as long as it takes to open it. */
const FILE = 'segments';
const MIB = 1024 * 1024;
const GIB = 1024 * MIB;

/** The directories of this process. */
const ours = new Set<string>();

interface SpillFile {
  readonly handle: SpillHandle;
  size: number;
  /** Bytes of segments that somebody still needs. At zero the file is closed, which gives its space back. */
  live: number;
}

interface SpillPlace extends SpillLocation {
  readonly file: SpillFile;
  readonly offset: number;
}

export interface SpillOptions {
  readonly fs: FileSystem;
  readonly dir: string;
  /** The most that may lie on disk, in bytes. Undefined: what leaves 10 % of the file system, or 1 GiB, free. */
  readonly limitBytes: number | undefined;
  /** Told once when `dir` is found to be a tmpfs. */
  readonly warn: (warning: MiniServError) => void;
}

/**
 * Segments on disk, in files that have no name: made in a private directory, unlinked at once, and so gone with
 * the process, however it ends. Records are only ever appended; a file is closed when the last of its segments
 * has been passed. New files are a 16th of what is on disk, so that space comes back in small parts while the
 * number of descriptors grows with the logarithm of the backlog.
 */
export class Spill {
  /** Bytes on disk. */
  usedBytes = 0;
  /** The most files at a time. Beyond it the last one grows, and gives its space back later. */
  maxFiles = 96;
  readonly #options: SpillOptions;
  #dir: Promise<string> | null = null;
  #files = new Set<SpillFile>();
  #current: SpillFile | null = null;
  #smallest = 4 * MIB;
  #warned = false;
  #creating: Promise<SpillHandle> | null = null;
  #closed = false;

  constructor(options: SpillOptions) {
    this.#options = options;
  }

  /**
   * Looks at a directory that the user chose before anything depends on it, and removes what killed relays
   * left in it.
   *
   * @throws the file system's own error, if segments could not be written there
   */
  async prepare(chosen: boolean): Promise<void> {
    const { fs, dir } = this.#options;
    if (chosen) {
      await fs.access(dir, constants.W_OK | constants.X_OK);
      await this.#measure();
    }
    const names = await fs.readdir(dir, { recursive: false }).catch(() => []);
    const stale = names.filter((name) => {
      const pid = /^mini-serv-(\d+)-/.exec(name)?.[1];
      // Every relay of a container may have the same process id: what has ours and is not ours is stale, too.
      if (Number(pid) === process.pid) return !ours.has(join(dir, name));
      return pid !== undefined && !isAlive(Number(pid));
    });
    await Promise.all(stale.map((name) => this.#sweep(join(dir, name)).catch(() => {})));
  }

  /** Removes what a killed relay left: its directory, and a file that it had made and not yet unlinked. */
  async #sweep(path: string): Promise<void> {
    const { fs } = this.#options;
    const stat = await fs.lstat(path);
    // Anybody can make a name like ours where everybody may write.
    if (!stat.isDirectory() || stat.uid !== (process.getuid?.() ?? stat.uid)) return;
    await fs.unlink(join(path, FILE)).catch(() => {});
    // Fails where there is anything else in it, as it should.
    await fs.rmdir(path);
  }

  /**
   * Writes records, all of them or (so far as anybody can tell) none. Nothing else may be written meanwhile.
   *
   * @param records each in parts
   * @throws when there is no room: past the limit, on ENOSPC, on any other error of writing
   */
  async write(records: readonly (readonly Uint8Array[])[]): Promise<SpillLocation[]> {
    const lengths = records.map((parts) => parts.reduce((sum, part) => sum + part.length, 0));
    const length = lengths.reduce((sum, one) => sum + one, 0);
    await this.#checkRoom(length);
    const file = await this.#file(length);
    let offset = file.size;
    // All at once: one after the other, each would wait for a turn of a busy event loop.
    const writes = records.flat().map((part) => {
      offset += part.length;
      return writeAll(file.handle, part, offset - part.length);
    });
    const [failed] = (await Promise.allSettled(writes)).filter(({ status }) => status === 'rejected');
    if (failed !== undefined) {
      this.#release(file, length);
      throw (failed as PromiseRejectedResult).reason;
    }
    offset = file.size;
    file.size += length;
    this.usedBytes += length;
    return lengths.map((length): SpillPlace => {
      offset += length;
      return { file, offset: offset - length, length };
    });
  }

  /** @throws the file system's error, or one that says that the file ended early */
  async read(place: SpillLocation, into: Uint8Array, start: number): Promise<void> {
    const { file, offset } = place as SpillPlace;
    for (let done = 0; done < into.length; ) {
      const { bytesRead } = await file.handle.read(into, done, into.length - done, offset + start + done);
      if (bytesRead === 0) throw new Error('a spilled segment ended early');
      done += bytesRead;
    }
  }

  free(place: SpillLocation): void {
    this.#release((place as SpillPlace).file, place.length);
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#creating?.catch(() => {});
    for (const file of this.#files) this.#close(file);
    const dir = await this.#dir?.catch(() => null);
    if (dir) ours.delete(dir);
    if (dir) await this.#options.fs.rmdir(dir).catch(() => {});
  }

  #release(file: SpillFile, length: number): void {
    file.live -= length;
    invariant(file.live >= 0, 'more of a spill file was freed than was written');
    if (file.live === 0) this.#close(file);
  }

  #close(file: SpillFile): void {
    if (!this.#files.delete(file)) return;
    if (this.#current === file) this.#current = null;
    this.usedBytes -= file.size;
    // Nobody can do anything about a failed close of a file that nobody will read again.
    file.handle.close().catch(() => {});
  }

  async #checkRoom(length: number): Promise<void> {
    const { limitBytes: limit } = this.#options;
    if (limit !== undefined) {
      if (this.usedBytes + length > limit) throw new Error(`the limit of ${limit} bytes is reached`);
      return;
    }
    const { free, reserve } = await this.#measure();
    if (free - length < reserve) throw new Error(`only ${free} bytes are free in ${this.#options.dir}`);
  }

  async #measure(): Promise<{ free: number; reserve: number }> {
    const { fs, dir, warn, limitBytes: limit } = this.#options;
    const stat = await fs.statfs(dir);
    const total = stat.blocks * stat.bsize;
    this.#smallest = Math.min(4 * MIB, Math.ceil(Math.min(total, limit ?? total) / 8));
    if (stat.type === TMPFS_MAGIC && !this.#warned) {
      this.#warned = true;
      warn(
        new MiniServError('ERR_SPILL_TMPFS', `${dir} is held in memory (tmpfs): lag will cost memory there`),
      );
    }
    return { free: stat.bavail * stat.bsize, reserve: Math.min(total / 10, GIB) };
  }

  /**
   * The file to write the next record to. It counts as needed from now on: until the record is written, the
   * file's other segments may all be freed, which must not close it.
   */
  async #file(length: number): Promise<SpillFile> {
    const full = Math.max(this.#smallest, this.usedBytes / 16);
    const current = this.#current;
    if (current !== null && (current.size < full || this.#files.size >= this.maxFiles)) {
      current.live += length;
      return current;
    }
    if (this.#dir === null) await this.#measure();
    this.#creating = this.#create();
    const handle = await this.#creating;
    const file = { handle, size: 0, live: length };
    this.#files.add(file);
    this.#current = file;
    return file;
  }

  async #create(): Promise<SpillHandle> {
    const { fs } = this.#options;
    for (let attempt = 0; ; attempt++) {
      if (this.#closed) throw new Error('the relay is closed');
      this.#dir ??= this.#makeDirectory();
      try {
        const path = join(await this.#dir, FILE);
        const handle = await fs.open(path, 'wx+', 0o600);
        await fs.unlink(path).catch(async (error) => {
          await handle.close().catch(() => {});
          throw error;
        });
        return handle;
      } catch (error) {
        // Another relay, to whom our process id says nothing (a container), may have swept our empty directory; or
        // there was no making it.
        const gone = (error as NodeJS.ErrnoException).code === 'ENOENT';
        const made = await this.#dir.catch(() => null);
        if (gone || made === null) this.#dir = null;
        if (attempt > 0 || !gone) throw error;
      }
    }
  }

  async #makeDirectory(): Promise<string> {
    const { fs, dir } = this.#options;
    const made = await fs.mkdtemp(join(dir, `mini-serv-${process.pid}-`));
    ours.add(made);
    return made;
  }
}

async function writeAll(handle: SpillHandle, part: Uint8Array, start: number): Promise<void> {
  // A file system that runs full writes less than it was given before it says so.
  for (let done = 0; done < part.length; ) {
    const { bytesWritten } = await handle.write(part, done, part.length - done, start + done);
    if (bytesWritten === 0) throw new Error('nothing could be written');
    done += bytesWritten;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
