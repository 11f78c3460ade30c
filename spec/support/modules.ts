import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect } from 'chai';
import { type LoadOptions, loadTransforms, type Message, MiniServError } from '../../lib/index.js';
import { addCleanup } from './cleanup.js';
import { type Client, connectAs } from './client.js';
import { type Server, serverCommand, startServer } from './command.js';
import { life, pass } from './pass.js';

/** Module specifier of through2 as source text, for modules outside of this package. */
export const THROUGH2 = JSON.stringify(import.meta.resolve('through2'));
/** Source text of an expression that returns `message` in upper case. */
export const SHOUT = "message.kind === 'line' ? { ...message, text: message.text.toUpperCase() } : message";

/** Creates a temporary directory with these files. It is removed after the test. */
export async function folder(files: Record<string, string>): Promise<string> {
  const cwd = await mkdtemp(join(tmpdir(), 'mini-serv-spec-'));
  // Again if it is not empty then: a process that the test has ended may still have created a file.
  addCleanup(() => rm(cwd, { recursive: true, maxRetries: 10 }));
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(cwd, name)), { recursive: true });
    await writeFile(join(cwd, name), content);
  }
  return cwd;
}

/** Loads a transform, and returns what it emits for a client that sends these lines. */
export async function emitted(spec: string, cwd: string, lines = ['a', 'b']): Promise<Message[]> {
  const [transform] = await loadTransforms([spec], { cwd });
  if (transform === undefined) throw new Error('no transform was loaded');
  return pass(transform, life(lines));
}

/** The error of a transform that cannot be loaded. */
export async function loadError(spec: string, options: LoadOptions): Promise<MiniServError> {
  try {
    await loadTransforms([spec], options);
  } catch (error) {
    expect(error).to.be.an.instanceOf(MiniServError);
    return error as MiniServError;
  }
  throw new Error(`${spec} was loaded`);
}

/** The command under test, started in another directory. */
export const within = (cwd: string): string[] => [
  'sh',
  '-c',
  'cd "$0" && exec "$@"',
  cwd,
  ...serverCommand(),
];

/** Starts the command with these options, and connects two clients. */
export async function pair(args: string[], cwd?: string): Promise<[Client, Client, Server]> {
  const server = await startServer({ args, ...(cwd === undefined ? {} : { command: within(cwd) }) });
  const a = await connectAs(server);
  return [a, await connectAs(server, 1, a), server];
}
