import type { CommandName } from './commands.js';

/** Arguments that make no sense. The message says which, what was expected, and what was given. */
export class UsageError extends Error {}

/** Returns an error such as: `--memory: expected a size such as 64M, got "lots"`. */
export function unexpected(option: string, expected: string, got: string, hint = ''): UsageError {
  return new UsageError(`${option}: expected ${expected}, got "${got}"${hint}`);
}

/** A wrong command line. The exit code depends on the command. */
export class CommandLineError extends UsageError {
  readonly command: CommandName;

  constructor(command: CommandName, message: string) {
    super(message);
    this.command = command;
  }
}
