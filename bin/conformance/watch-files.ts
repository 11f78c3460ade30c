import { type FSWatcher, realpathSync, statSync, watch } from 'node:fs';
import { delimiter, dirname, resolve } from 'node:path';
import { tryCall } from '../../lib/util/try-call.js';

/** After a change, the time without a further one, in milliseconds. A compiler writes a file in several steps. */
const SETTLE_MS = 300;
/** Some file systems report no changes. */
const POLL_INTERVAL_MS = 2000;

/** Returns the files that a command is made of: the program or the source, and arguments that are files, such as scripts. */
export function filesOf(command: readonly string[], path = process.env.PATH ?? ''): string[] {
  return command.flatMap((word, i) => {
    const folders = i === 0 && !word.includes('/') ? path.split(delimiter) : ['.'];
    const found = folders.map((folder) => resolve(folder || '.', word)).find(isFile);
    // A program that is being built may be missing for a moment.
    return found ?? (i === 0 ? [resolve(word)] : []);
  });
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true;
}

/** Notices changes of files, also those that replace a file by another one with the same name. */
export class FileWatcher {
  readonly #files: readonly string[];
  readonly #watchers: FSWatcher[] = [];
  readonly #timer: NodeJS.Timeout;
  readonly #onChange: () => void;
  #known: string;
  #settling: NodeJS.Timeout | undefined;

  /** @param onChange called after a change, when all files exist and nothing changes any more */
  constructor(files: readonly string[], onChange: () => void) {
    this.#files = files;
    this.#onChange = onChange;
    this.#known = this.#state();
    const real = files.map((file) => tryCall(() => realpathSync(file)) ?? file);
    for (const folder of new Set([...files, ...real].map((file) => dirname(file)))) {
      // A folder that cannot be watched is polled.
      tryCall(() => this.#watchers.push(watch(folder, () => this.#check()).on('error', () => {})));
    }
    this.#timer = setInterval(() => this.#check(), POLL_INTERVAL_MS);
  }

  close(): void {
    clearInterval(this.#timer);
    clearTimeout(this.#settling);
    for (const watcher of this.#watchers) watcher.close();
  }

  #check(): void {
    const state = this.#state();
    if (state === this.#known) return;
    clearTimeout(this.#settling);
    this.#settling = setTimeout(() => this.#settle(state), SETTLE_MS);
  }

  #settle(state: string): void {
    if (state !== this.#state() || state.includes(MISSING)) {
      this.#check();
      return;
    }
    this.#known = state;
    this.#onChange();
  }

  /** The identity, length and time of all files. */
  #state(): string {
    return this.#files.map(stateOf).join(' ');
  }
}

const MISSING = 'missing';

function stateOf(file: string): string {
  const found = statSync(file, { throwIfNoEntry: false, bigint: true });
  return found === undefined ? MISSING : `${found.ino}:${found.size}:${found.mtimeNs}`;
}
