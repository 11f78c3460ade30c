import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** How a relay names the sender of a line: `client N: `, `<userN> ` (ncat), or not at all. */
export type Style = 'client' | 'chat' | 'none';

export interface Relay {
  readonly name: string;
  readonly style: Style;
  /** The command line; the port is appended. */
  readonly command: readonly string[];
  /** Why the relay cannot be measured on this machine. */
  readonly missing?: string;
}

export const MINI = 'mini-serv';
export const LIMIT = 'epoll limit (C)';
export const EXAM = 'exam style (C)';
export const PLAIN = 'plain Node';
export const BATCHED = 'batched Node';
export const HUB = 'hub.pipe (Node)';
export const BROKER = 'ncat --broker';
export const CHAT = 'ncat --chat';
/** The relay of `--also`. */
export const ALSO = 'also';

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/**
 * Lists the relays that can take part, by name.
 *
 * @param built returns the path of a program that was compiled from C
 * @param command measured as mini-serv instead of the one that was built here; empty: the one that was built here
 */
export function makeRelays(built: (name: string) => string, command: readonly string[]): Map<string, Relay> {
  const mini = command.length > 0 ? command : [process.execPath, here('../command/mini-serv.cjs')];
  const node = (name: string): string[] => [process.execPath, here(`./peers/${name}.js`)];
  const relays: Relay[] = [
    { name: MINI, style: 'client', command: mini },
    { name: LIMIT, style: 'client', command: [built('limit')] },
    { name: EXAM, style: 'client', command: [built('exam')] },
    { name: PLAIN, style: 'client', command: node('plain-write') },
    { name: BATCHED, style: 'client', command: node('batched-write') },
    { name: HUB, style: 'client', command: node('hub-pipe') },
    ncat(BROKER, 'none', '--broker'),
    ncat(CHAT, 'chat', '--chat'),
  ];
  return new Map(relays.map((relay) => [relay.name, relay]));
}

function ncat(name: string, style: Style, mode: string): Relay {
  const relay = { name, style, command: ['ncat', '--listen', mode, '--max-conns', '2000', '127.0.0.1'] };
  return versionOf('ncat') === undefined ? { ...relay, missing: 'ncat is not installed' } : relay;
}

/** The first line of `command --version`; undefined if the command is not installed. */
export function versionOf(command: string): string | undefined {
  const { error, stdout, stderr } = spawnSync(command, ['--version'], { encoding: 'utf8' });
  if (error !== undefined) return undefined;
  // Some commands print the version to standard error.
  return `${stdout}${stderr}`.trim().split('\n')[0] || 'unknown';
}
