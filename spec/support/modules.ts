import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect } from 'chai';
import { loadTransforms, type Message, MiniServError } from '../../lib/index.js';
import { afterwards } from './cleanup.js';
import { arrive, type Client } from './client.js';
import { type Server, serverCommand, startServer } from './command.js';
import { life, pass } from './pass.js';

/** What a module imports through2 by, wherever it stands. */
export const THROUGH2 = JSON.stringify(import.meta.resolve('through2'));
/** What a module gives for `message` that shouts. */
export const SHOUT = "message.kind === 'line' ? { ...message, text: message.text.toUpperCase() } : message";

/** A directory with these files. */
export async function folder(files: Record<string, string>): Promise<string> {
  const cwd = await mkdtemp(join(tmpdir(), 'mini-serv-spec-'));
  afterwards(() => rm(cwd, { recursive: true }));
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(cwd, name)), { recursive: true });
    await writeFile(join(cwd, name), content);
  }
  return cwd;
}

/** What a transform makes of a client that says these lines. */
export async function said(spec: string, cwd: string, lines = ['a', 'b']): Promise<Message[]> {
  const [factory] = await loadTransforms([spec], { cwd });
  if (factory === undefined) throw new Error('nothing was loaded');
  return pass(factory, life(lines));
}

/** The error with which a transform cannot be loaded. */
export async function refusal(spec: string, cwd: string, patience = 10_000): Promise<MiniServError> {
  try {
    await loadTransforms([spec], { cwd, timeout: patience });
  } catch (error) {
    expect(error).to.be.an.instanceOf(MiniServError);
    return error as MiniServError;
  }
  throw new Error(`${spec} was taken`);
}

/** The command under test, started in another directory. */
export const within = (cwd: string): string[] => [
  'sh',
  '-c',
  'cd "$0" && exec "$@"',
  cwd,
  ...serverCommand(),
];

/** Two clients of a command that was started with these options. */
export async function pair(args: string[], cwd?: string): Promise<[Client, Client, Server]> {
  const server = await startServer({ args, ...(cwd === undefined ? {} : { command: within(cwd) }) });
  const a = await arrive(server);
  return [a, await arrive(server, 1, a), server];
}
