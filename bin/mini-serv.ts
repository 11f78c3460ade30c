#!/usr/bin/env node
import { isatty } from 'node:tty';
import { escapeText } from '../lib/util/escape-text.js';
import { redact } from '../lib/util/redact.js';
import { parseCommand } from './arguments.js';
import { CommandError, fail, ignoreOutputErrors } from './console.js';
import { COMMANDS } from './options/commands.js';
import { explainOutOfMemory } from './out-of-memory.js';
import { hasTerminal } from './service/terminals.js';
import { style } from './style.js';

const isVerbose = process.argv.includes('--verbose');
/** Whether the reason of a fatal error is printed for programs, too. A relay prints the text of the subject only. */
let printsReason = false;

// Exceeding the limit on the length of files (ulimit -f) counts as a full disk and must not end the process.
process.on('SIGXFSZ', () => {});

// Without a listener, Node opens a port for its debugger. A relay opens no port that it was not asked for.
process.on('SIGUSR1', () => {});

// Node resets SIGHUP, which nohup has set to be ignored, so that a logout would end any command.
if (!hasTerminal()) process.on('SIGHUP', () => {});

// A failed allocation can throw anywhere, so it is handled here.
process.on('uncaughtException', (error) => {
  ignoreOutputErrors();
  process.stderr.write('Fatal error\n');
  // Nothing may run after a broken invariant, so no module is loaded that could explain the error.
  const isInvariant = (error as NodeJS.ErrnoException).code === 'ERR_INVARIANT';
  if (isVerbose) process.stderr.write(`${error.stack}\n`);
  else if (isInvariant || printsReason || isatty(2)) {
    const reason = explainOutOfMemory(error) ?? error.message;
    process.stderr.write(`${style('red', escapeText(`mini-serv: ${reason}`))}\n`);
  }
  process.exit(1);
});

/** Replaces credentials in URLs of the command line, which every user of the machine can see in the process list. */
function hideCredentials(): void {
  const words = process.argv.map((word, i, all) => {
    if (i < 2) return word;
    const before = all[i - 1] ?? '';
    const isOptionValue = before.startsWith('--') && !before.includes('=');
    // The URL of a replay is the word that is neither an option nor the value of an option.
    const isReplayUrl =
      all.includes('replay') && !word.startsWith('-') && (!isOptionValue || word.includes('://'));
    return before === '--room' || word.startsWith('--room=') || isReplayUrl ? redact(word) : word;
  });
  if (words.some((word, i) => word !== process.argv[i])) process.title = words.join(' ');
}

async function main(): Promise<void> {
  hideCredentials();
  const command = parseCommand(process.argv.slice(2), process.env);
  // Transforms may use the standard streams too.
  if (command.kind !== 'run' || command.transforms.length > 0) ignoreOutputErrors();
  switch (command.kind) {
    case 'help':
      return print((await import('./help.js')).helpText(command.command, columns()));
    case 'version':
      return print(`${(await import('./version.js')).version()}\n`);
    case 'completion':
      return print((await import('./completion/script.js')).completionScript(command.shell));
    case 'usage':
      throw new CommandError(command.message, await usageFor(command.message), command.exitCode);
    case 'fatal':
      throw new CommandError('Fatal error', command.verbose || isatty(2) ? command.message : undefined);
    case 'try': {
      printsReason = true;
      const { tryTransforms } = await import('./commands/try.js');
      return tryTransforms(command);
    }
    case 'join':
      printsReason = true;
      return (await import('./commands/join.js')).join(command);
    case 'verify':
      return (await import('./commands/verify.js')).verify(command.path);
    case 'replay':
      return (await import('./commands/replay.js')).replay(command);
    case 'conformance':
      return (await import('./commands/conformance.js')).conformance(command);
    case 'run': {
      const { run } = await import('./commands/run.js');
      return run(command);
    }
  }
}

/** The width of the text on standard output, if it is known. */
function columns(): number | undefined {
  return process.stdout.columns ?? (Number(process.env.COLUMNS) || undefined);
}

async function print(text: string): Promise<void> {
  await (await import('./output.js')).print(text);
}

/** Returns how a relay is started, for people. Programs get the message of the subject only. */
async function usageFor(message: string): Promise<string | undefined> {
  if (message !== 'Wrong number of arguments' || !isatty(2)) return undefined;
  return `Usage: ${(await import('./help.js')).usageOf(COMMANDS.run)}; see mini-serv --help`;
}

main().catch((error: Error) => {
  if (error instanceof CommandError) fail(error);
  else {
    const details = isatty(2) ? `mini-serv: ${error.message}` : undefined;
    fail(new CommandError('Fatal error', isVerbose ? error.stack : details));
  }
});
