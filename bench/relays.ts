import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** How a relay names the sender of a line: `client N: `, `<userN> ` (ncat), or not at all. Brokers: their protocol. */
export type Style = 'client' | 'chat' | 'none' | 'redis' | 'nats' | 'mqtt';

export interface Relay {
  readonly name: string;
  readonly style: Style;
  /** The command line; the port is appended. */
  readonly command: readonly string[];
  /** Several processes, which use files in the current folder. Readers have a second port, which is appended too. */
  readonly isGroup?: boolean;
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
export const REDIS = 'redis-server, pub/sub';
export const NATS = 'nats-server, core';
export const MOSQUITTO = 'mosquitto, QoS 0';
export const SOCAT = 'socat, a log and tail -f';
/** The brokers with their commands, and the option that prints the version. */
export const BROKERS: Readonly<Record<string, readonly [command: string, option: string]>> = {
  [REDIS]: ['redis-server', '--version'],
  [NATS]: ['nats-server', '--version'],
  [MOSQUITTO]: ['mosquitto', '-h'],
  [SOCAT]: ['socat', '-V'],
};
/** A bus of lines made from socat: publishers append to a file, and each reader has a `tail`. */
const SOCAT_SCRIPT = `touch log
from=bind=127.0.0.1,fork,reuseaddr,nodelay,backlog=1024
socat -b 65536 -U TCP-LISTEN:$2,$from EXEC:"tail -n 0 -f log" &
exec socat -b 65536 -u TCP-LISTEN:$1,$from OPEN:log,append`;

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
    // The smallest configuration that listens on 127.0.0.1 only, and writes nothing to disk.
    broker(REDIS, 'redis', ['--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--port']),
    broker(NATS, 'nats', ['-a', '127.0.0.1', '-p']),
    // Without a configuration file, mosquitto accepts anonymous clients on 127.0.0.1.
    broker(MOSQUITTO, 'mqtt', ['-p']),
    { ...broker(SOCAT, 'none', []), command: ['sh', '-c', SOCAT_SCRIPT, 'socat'], isGroup: true },
  ];
  return new Map(relays.map((relay) => [relay.name, relay]));
}

function ncat(name: string, style: Style, mode: string): Relay {
  const relay = { name, style, command: ['ncat', '--listen', mode, '--max-conns', '2000', '127.0.0.1'] };
  return versionOf('ncat') === undefined ? { ...relay, missing: 'ncat is not installed' } : relay;
}

function broker(name: string, style: Style, args: readonly string[]): Relay {
  const [command, option] = BROKERS[name] as [string, string];
  const relay = { name, style, command: [command, ...args] };
  return versionOf(command, option) === undefined
    ? { ...relay, missing: `${command} is not installed` }
    : relay;
}

/** The line with the version in what `command --version` prints; undefined if the command is not installed. */
export function versionOf(command: string, option = '--version'): string | undefined {
  const { error, stdout, stderr } = spawnSync(command, [option], { encoding: 'utf8' });
  if (error !== undefined) return undefined;
  // Some commands print the version to standard error.
  return /^.*\d\.\d.*$/m.exec(`${stdout}${stderr}`)?.[0].trim() ?? 'unknown';
}
