import { isatty, WriteStream } from 'node:tty';
import { styleText } from 'node:util';

/**
 * Whether a descriptor gets colours, by the rule of Node: FORCE_COLOR decides if it is set; otherwise a terminal has
 * colours unless NO_COLOR or NODE_DISABLE_COLORS is set or TERM names a terminal without colours.
 */
export function hasColours(fd: number): boolean {
  const { FORCE_COLOR } = process.env;
  const { getColorDepth } = WriteStream.prototype;
  // Only this variable is passed: with NO_COLOR as well, Node would print a warning.
  if (FORCE_COLOR !== undefined) return getColorDepth({ FORCE_COLOR }) > 1;
  // An empty variable counts as none, as in Node from version 22.16 on.
  const env = Object.fromEntries(Object.entries(process.env).filter(([, value]) => value !== ''));
  return isatty(fd) && getColorDepth(env) > 1;
}

/** Formats a message for standard error. */
export function style(format: 'red' | 'dim', text: string): string {
  return hasColours(2) ? styleText(format, text, { validateStream: false }) : text;
}
