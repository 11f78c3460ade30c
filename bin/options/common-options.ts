import { COMMAND_NAMES } from './commands.js';
import type { Option } from './option.js';

/** The options that nearly all commands have. */
export const COMMON_OPTIONS = [
  {
    name: 'verbose',
    commands: ['run', 'verify', 'replay'],
    group: 'Common options',
    text: 'print on standard error: address, versions, limits and files at the start, the reason of a fatal error, and warnings about single clients',
  },
  {
    name: 'verbose',
    commands: ['try'],
    group: 'Common options',
    text: 'show on standard error which lines were dropped or changed, and the stack of an error',
  },
  {
    name: 'help',
    short: 'h',
    commands: COMMAND_NAMES,
    group: 'Common options',
    text: 'print this help and exit',
  },
  {
    name: 'version',
    short: 'V',
    commands: COMMAND_NAMES,
    group: 'Common options',
    text: 'print the version and exit',
  },
] as const satisfies readonly Option[];
