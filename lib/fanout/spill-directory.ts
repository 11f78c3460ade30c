import { constants } from 'node:fs';
import { join } from 'node:path';
import type { FileSystem, SpillHandle } from '../util/environment.js';

/** The name of a spill file for as long as it takes to open and unlink it. */
const FILE_NAME = 'segments';
const DIRECTORY_NAME = /^mini-serv-(\d+)-/;

/** The directories of this process. */
const ownDirectories = new Set<string>();

/**
 * A private directory in which spill files are created. Files are unlinked at once, so the system deletes them with the
 * process, however it ends. After a crash an empty directory remains, which the next start removes.
 */
export class SpillDirectory {
  readonly #fs: FileSystem;
  readonly #parent: string;
  #directory: Promise<string> | null = null;
  #creating: Promise<SpillHandle> | null = null;
  #sweeping: Promise<void> = Promise.resolve();
  #isClosed = false;

  constructor(fs: FileSystem, parent: string) {
    this.#fs = fs;
    this.#parent = parent;
  }

  /** @throws the file system's error if no files can be created in the parent directory */
  async check(): Promise<void> {
    await this.#fs.access(this.#parent, constants.W_OK | constants.X_OK);
  }

  /** Removes the directories of dead processes. Never rejects. */
  sweep(): Promise<void> {
    this.#sweeping = this.#sweep();
    return this.#sweeping;
  }

  async #sweep(): Promise<void> {
    const names = await this.#fs.readdir(this.#parent, { recursive: false }).catch(() => []);
    const stale = names.filter((name) => {
      const pid = DIRECTORY_NAME.exec(name)?.[1];
      // In a container each relay may have the same process id, so a directory with our id may be a dead relay's.
      if (Number(pid) === process.pid) return !ownDirectories.has(join(this.#parent, name));
      return pid !== undefined && !isAlive(Number(pid));
    });
    await Promise.all(stale.map((name) => this.#remove(join(this.#parent, name)).catch(() => {})));
  }

  /** Creates a file without a name. */
  createFile(): Promise<SpillHandle> {
    this.#creating = this.#createFile();
    return this.#creating;
  }

  /** Removes the directory, after a file that is being created. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#sweeping;
    await this.#creating?.catch(() => {});
    const directory = await this.#directory?.catch(() => null);
    if (!directory) return;
    ownDirectories.delete(directory);
    await this.#fs.rmdir(directory).catch(() => {});
  }

  /** Removes the directory of a killed relay, and a file that it had created and not yet unlinked. */
  async #remove(path: string): Promise<void> {
    const fs = this.#fs;
    const stat = await fs.lstat(path);
    // In a directory such as /tmp other users can create names like ours.
    if (!stat.isDirectory() || stat.uid !== (process.getuid?.() ?? stat.uid)) return;
    await fs.unlink(join(path, FILE_NAME)).catch(() => {});
    // Fails, as it should, if the directory contains anything else.
    await fs.rmdir(path);
  }

  async #createFile(): Promise<SpillHandle> {
    const fs = this.#fs;
    for (let attempt = 0; ; attempt++) {
      if (this.#isClosed) throw new Error('the relay is closed');
      this.#directory ??= this.#createDirectory();
      try {
        const path = join(await this.#directory, FILE_NAME);
        const handle = await fs.open(path, 'wx+', 0o600);
        await fs.unlink(path).catch(async (error) => {
          await handle.close().catch(() => {});
          throw error;
        });
        return handle;
      } catch (error) {
        // A relay in another container, which cannot see our process, may have removed our empty directory.
        const isGone = (error as NodeJS.ErrnoException).code === 'ENOENT';
        const wasCreated = (await this.#directory.catch(() => null)) !== null;
        if (isGone || !wasCreated) this.#directory = null;
        if (attempt > 0 || !isGone) throw error;
      }
    }
  }

  async #createDirectory(): Promise<string> {
    // A new directory must not be taken for one of a dead process with our id.
    await this.#sweeping;
    const path = await this.#fs.mkdtemp(join(this.#parent, `mini-serv-${process.pid}-`));
    ownDirectories.add(path);
    return path;
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
