import { serverCommand, shell } from './command.js';
import { hasTool } from './tools.js';

// With CI=true, Node prints no colours on a terminal.
const SCRIPT =
  'import os, pty, sys; os.environ.pop("CI", None); sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))';

/** Whether this machine has what a spec needs to open a terminal. */
export const hasTerminal = (): boolean => hasTool('python3');

/**
 * Returns the command under test on a terminal. Its output is the screen, its input the keyboard.
 *
 * @param script a shell script in which `"$@"` is the command under test with its options and port
 */
export function onTerminal(script?: string): string[] {
  return ['python3', '-c', SCRIPT, ...(script === undefined ? serverCommand() : shell(script))];
}

export const CTRL_C = '\x03';
