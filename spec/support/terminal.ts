import { serverCommand } from './command.js';
import { hasTool } from './tools.js';

const script = 'import os, pty, sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))';

/** Whether a terminal can be opened here. */
export const hasTerminal = (): boolean => hasTool('python3');

/** The command under test on a terminal: what is on the screen comes out, what is typed goes in. */
export function onTerminal(): string[] {
  return ['python3', '-c', script, ...serverCommand()];
}

export const CTRL_C = '\x03';
