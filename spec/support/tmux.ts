import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { addCleanup } from './cleanup.js';
import { eventually, eventuallyEqual } from './waiting.js';

let windows = 0;

/** A window of tmux with a program in it. */
export class Tmux {
  /** Each window has a server of its own, so that it is not attached to one of the user's. */
  readonly #socket = `mini-serv-spec-${process.pid}-${Date.now()}-${windows++}`;

  /** Starts a shell command. Options such as `NO_COLOR` of this process do not reach it. */
  async start(command: string, columns = 80, rows = 24): Promise<void> {
    addCleanup(() =>
      this.#run('kill-server').then(
        () => {},
        () => {},
      ),
    );
    const history = ['set-option', '-g', 'history-limit', '50000'];
    const session = ['new-session', '-d', '-x', String(columns), '-y', String(rows), command];
    await this.#run('start-server', ';', ...history, ';', ...session);
  }

  /** Types keys by their names in tmux, such as `C-d` and `Left`. */
  async keys(...names: string[]): Promise<void> {
    await this.#run('send-keys', ...names);
  }

  async type(text: string): Promise<void> {
    await this.#run('send-keys', '-l', text);
  }

  async resize(columns: number, rows: number): Promise<void> {
    await this.#run('resize-window', '-x', String(columns), '-y', String(rows));
  }

  /** The lines on the screen and in its history. Rows that the terminal has wrapped are one line. */
  async lines(): Promise<string[]> {
    const text = await this.#run('capture-pane', '-p', '-J', '-S', '-');
    return text.split('\n').map((line) => line.trimEnd());
  }

  async untilLine(what: string, isWanted: (line: string) => boolean): Promise<void> {
    await eventually(what, async () => (await this.lines()).some(isWanted));
  }

  /** Waits until the lines of the room and of the draft are these. A capture can show a drawing that is not complete. */
  async untilLines(expected: readonly string[]): Promise<void> {
    const read = async () =>
      (await this.lines()).filter((line) => line !== '' && !line.includes('mini-serv:'));
    await eventuallyEqual('the lines', read, expected);
  }

  async #run(...args: string[]): Promise<string> {
    const { TMUX: _, NO_COLOR: __, FORCE_COLOR: ___, ...env } = process.env;
    const options = { env: { ...env, LC_ALL: 'C.UTF-8' }, maxBuffer: 2 ** 28 };
    const command = ['-u', '-f', '/dev/null', '-L', this.#socket, ...args];
    return (await promisify(execFile)('tmux', command, options)).stdout;
  }
}
