import { spawnSync } from 'node:child_process';
import { serverCommand } from './command.js';

const script = 'import os, pty, sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))';

/** Whether there is a python3 that can open a terminal. */
export function hasTerminal(): boolean {
  return spawnSync('python3', ['-c', 'import os, pty; os.waitstatus_to_exitcode']).status === 0;
}

/** The command under test on a terminal: what is on the screen comes out, what is typed goes in. */
export function onTerminal(): string[] {
  return ['python3', '-c', script, ...serverCommand()];
}

export const CTRL_C = '\x03';
