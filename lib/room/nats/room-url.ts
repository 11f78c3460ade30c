import { MiniServError } from '../../util/errors.js';
import { redact } from '../../util/redact.js';

/** Where a room is, as its URL says. */
export interface RoomUrl {
  /** The name of the room. */
  readonly room: string;
  /** One or more servers, as host:port. */
  readonly servers: readonly string[];
  /** Whether TLS is required. */
  readonly tls: boolean;
  readonly user?: string;
  readonly pass?: string;
  readonly token?: string;
  /** The URL without its secrets, for messages. */
  readonly shown: string;
}

const EXAMPLE = 'nats://host:4222/room';
const DEFAULT_PORT = 4222;

/**
 * Parses `nats://[user:password@ or token@]host[:port][,host[:port]…]/room`, or `tls://…`.
 *
 * @throws {MiniServError} ERR_OPTION; the message contains no secrets
 */
export function parseRoomUrl(text: string): RoomUrl {
  if (typeof text !== 'string') throw urlError(`a string such as ${EXAMPLE}`, String(text));
  const [, scheme, authority = '', room = ''] = /^(nats|tls):\/\/([^/?#]*)\/([^/?#]*)$/.exec(text) ?? [];
  if (scheme === undefined) throw urlError(EXAMPLE, redact(text));
  if (!/^[\w-]{1,64}$/.test(room)) {
    throw urlError('a room name of 1 to 64 letters, digits, - and _', redact(room));
  }
  // Passwords can contain an @, host names cannot.
  const at = authority.lastIndexOf('@');
  const hosts = authority.slice(at + 1).split(',');
  const servers = hosts.map((host) => withPort(host));
  const secrets = at === -1 ? {} : parseSecrets(authority.slice(0, at));
  return {
    room,
    servers,
    tls: scheme === 'tls',
    ...secrets,
    shown: `${scheme}://${hosts.join(',')}/${room}`,
  };
}

function withPort(host: string): string {
  if (!/^(\[[0-9a-fA-F:.]+\]|[^\s:@[\]]+)(:\d{1,5})?$/.test(host)) {
    throw urlError(`a host as in ${EXAMPLE}`, redact(host));
  }
  const port = /:(\d+)$/.exec(host)?.[1];
  if (port === undefined) return `${host}:${DEFAULT_PORT}`;
  if (Number(port) < 1 || Number(port) > 65_535) throw urlError('a port from 1 to 65535', port);
  return host;
}

function parseSecrets(text: string): { user?: string; pass?: string; token?: string } {
  const colon = text.indexOf(':');
  try {
    if (colon === -1) return { token: decodeURIComponent(text) };
    return {
      user: decodeURIComponent(text.slice(0, colon)),
      pass: decodeURIComponent(text.slice(colon + 1)),
    };
  } catch {
    throw new MiniServError('ERR_OPTION', 'url: expected percent-encoded credentials, such as %25 for %');
  }
}

function urlError(expected: string, got: string): MiniServError {
  return new MiniServError('ERR_OPTION', `url: expected ${expected}, got "${got}"`);
}
