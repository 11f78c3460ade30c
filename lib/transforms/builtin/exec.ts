import { accessSync, constants } from 'node:fs';
import { escapeText } from '../../util/escape-text.js';
import type { StreamTransform } from '../transform.js';
import { ErrorLineLimit } from './exec-errors.js';
import { ExecStream } from './exec-stream.js';
import { TransformOptions } from './options.js';

/** The program of {@link exec}: a shell command, or a file with arguments. */
export type ExecOptions =
  | {
      /** A command for `/bin/sh -c`. */
      readonly command: string;
    }
  | {
      /** An executable: a path, or a name that is looked up in PATH. No shell is involved. */
      readonly file: string;
      readonly args?: readonly string[];
    };

const SHELL = '/bin/sh';
/** Standard input, output and error of a program each keep a descriptor of this process open. */
const DESCRIPTORS = 3;
const MAX_NAME_CHARACTERS = 60;

/**
 * Passes the lines of each client through a program: a line in, any number of lines out, in order. Each client has a
 * process of its own, which starts at the client's first line and ends with the client. Notices do not pass through it. The
 * program has to write each line at once, as `sed -u` does.
 *
 * @example
 * createRelay({ transforms: [exec({ command: 'sed -u s/colour/color/' })] });
 * // mini-serv -t 'exec=sed -u s/colour/color/' 4242
 *
 * @throws {MiniServError} ERR_OPTION, also if there is no /bin/sh for a command
 */
export function exec(options: ExecOptions): StreamTransform {
  const { name, file, args } = readOptions(options);
  // Loaded now: with all descriptors in use, a module can no longer be read.
  const loading = import('./exec-program.js');
  loading.catch(() => {});
  const errorLines = new ErrorLineLimit();
  return {
    name,
    descriptors: DESCRIPTORS,
    createStream: (client) => new ExecStream({ client, errorLines, loading, file, args }),
  };
}

function readOptions(options: ExecOptions) {
  const read = new TransformOptions('exec', options, ['command', 'file', 'args']);
  const { command, file, args = [] } = options as { command?: string; file?: string; args?: string[] };
  if (file === undefined) {
    if (args.length > 0) read.reject('args', 'no arguments without the option file');
    if (!isText(command)) return read.reject('command', 'a shell command');
    try {
      accessSync(SHELL, constants.X_OK);
    } catch {
      return read.reject('command', `a system with ${SHELL}`);
    }
    return { name: nameOf(command), file: SHELL, args: ['-c', command] };
  }
  if (command !== undefined) return read.reject('file', 'either command or file');
  if (!isText(file)) return read.reject('file', 'a path or a name');
  if (!Array.isArray(args) || !args.every((arg) => typeof arg === 'string' && !arg.includes('\0'))) {
    return read.reject('args', 'an array of text');
  }
  return { name: nameOf([file, ...args].join(' ')), file, args };
}

/** A NUL would end the text for the system. */
function isText(value: unknown): value is string {
  return typeof value === 'string' && value.trim() !== '' && !value.includes('\0');
}

function nameOf(command: string): string {
  const line = escapeText(command.trim().replace(/\s+/g, ' '));
  return `exec=${line.length > MAX_NAME_CHARACTERS ? `${line.slice(0, MAX_NAME_CHARACTERS)}…` : line}`;
}
