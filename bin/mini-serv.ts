#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import { redact } from '../lib/util/redact.js';
import { parseCommand } from './arguments.js';
import { CommandError, fail, ignoreOutputErrors } from './console.js';

const isVerbose = process.argv.includes('--verbose');

// Exceeding the limit on the length of files (ulimit -f) counts as a full disk and must not end the process.
process.on('SIGXFSZ', () => {});

// Without a listener, Node opens a port for its debugger. A relay opens no port that it was not asked for.
process.on('SIGUSR1', () => {});

// A failed allocation can throw anywhere, so it is handled here.
process.on('uncaughtException', (error) => {
  ignoreOutputErrors();
  process.stderr.write('Fatal error\n');
  const isInvariant = (error as NodeJS.ErrnoException).code === 'ERR_INVARIANT';
  if (isVerbose) process.stderr.write(`${error.stack}\n`);
  else if (isInvariant) process.stderr.write(`mini-serv: ${error.message}\n`);
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
      all[2] === 'replay' && !word.startsWith('-') && (!isOptionValue || word.includes('://'));
    return before === '--room' || word.startsWith('--room=') || isReplayUrl ? redact(word) : word;
  });
  if (words.some((word, i) => word !== process.argv[i])) process.title = words.join(' ');
}

/**
 * Loads a module that depends on through2. READABLE_STREAM=disable makes through2 use Node's streams instead of its own
 * copy, whose loading is an eighth of the start-up time. Child processes must not inherit the variable.
 */
async function loadWithNodeStreams<T>(load: () => Promise<T>): Promise<T> {
  const inherited = process.env.READABLE_STREAM;
  process.env.READABLE_STREAM ??= 'disable';
  try {
    return await load();
  } finally {
    if (inherited === undefined) delete process.env.READABLE_STREAM;
  }
}

function version(): string {
  // package.json is two folders above the compiled command, in a checkout as in an installed package.
  const manifest = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(manifest) as { version: string }).version;
}

async function main(): Promise<void> {
  hideCredentials();
  const command = parseCommand(process.argv.slice(2), process.env);
  // Transforms may use the standard streams too.
  if (command.kind !== 'run' || command.transforms.length > 0) ignoreOutputErrors();
  switch (command.kind) {
    case 'help':
      process.stdout.write(
        (await import('./help.js')).helpText(
          command.command,
          process.stdout.columns ?? Number(process.env.COLUMNS),
        ),
      );
      return;
    case 'version':
      process.stdout.write(`${version()}\n`);
      return;
    case 'completion':
      process.stdout.write((await import('./completion/script.js')).completionScript(command.shell));
      return;
    case 'usage':
      throw new CommandError(command.message, undefined, command.exitCode);
    case 'fatal':
      throw new CommandError('Fatal error', command.verbose ? command.message : undefined);
    case 'verify':
      return (await import('./commands/verify.js')).verify(command.path);
    case 'replay':
      return (await import('./commands/replay.js')).replay(command);
    case 'conformance':
      return (await import('./commands/conformance.js')).conformance(command);
    case 'run': {
      const { run } = await loadWithNodeStreams(() => import('./commands/run.js'));
      return run(command);
    }
  }
}

main().catch((error: Error) => {
  if (error instanceof CommandError) fail(error);
  else fail(new CommandError('Fatal error', isVerbose ? error.stack : undefined));
});
