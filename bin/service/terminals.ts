import { isatty } from 'node:tty';

/** Returns the standard streams that are terminals. */
export function terminals(): number[] {
  return [0, 1, 2].filter((fd) => isatty(fd));
}

/** Whether a standard stream is a terminal, so that SIGHUP can mean that it was closed. */
export function hasTerminal(): boolean {
  return terminals().length > 0;
}
