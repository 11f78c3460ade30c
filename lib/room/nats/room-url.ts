import { MiniServError } from '../../util/errors.js';
import { redact } from '../../util/redact.js';

/** Where a room is. */
export interface RoomUrl {
  /** The room's name. */
  readonly room: string;
  /** host:port, one or more. */
  readonly servers: readonly string[];
  /** Whether nothing but TLS will do. */
  readonly tls: boolean;
  readonly user?: string;
  readonly pass?: string;
  readonly token?: string;
  /** The URL without what is secret, to be shown. */
  readonly shown: string;
}

const FORM = 'nats://host:4222/room';

/**
 * `nats://[user:password@ or token@]host[:port][,host[:port]…]/room`, or `tls://…`.
 *
 * @throws {MiniServError} ERR_OPTION, without what is secret
 */
export function parseRoomUrl(text: string): RoomUrl {
  if (typeof text !== 'string') throw refusal(`url must be a string such as ${FORM}, not ${String(text)}`);
  const [, scheme, authority = '', room = ''] = /^(nats|tls):\/\/([^/?#]*)\/([^/?#]*)$/.exec(text) ?? [];
  if (scheme === undefined) throw refusal(`a room is given as ${FORM}, and not as '${redact(text)}'`);
  if (!/^[\w-]{1,64}$/.test(room)) {
    throw refusal(
      `a room's name has up to 64 letters, digits, - and _, and '${redact(room)}' is none: ${FORM}`,
    );
  }
  // What stands before the last @: a password may have one itself.
  const at = authority.lastIndexOf('@');
  const hosts = authority.slice(at + 1).split(',');
  const servers = hosts.map((host) => withPort(host));
  const secrets = at === -1 ? {} : credentials(authority.slice(0, at));
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
    throw refusal(`'${redact(host)}' is no host: ${FORM}`);
  }
  const port = /:(\d+)$/.exec(host)?.[1];
  if (port !== undefined && (Number(port) < 1 || Number(port) > 65_535)) {
    throw refusal(`a port is a number from 1 to 65535, and '${port}' is none: ${FORM}`);
  }
  return port === undefined ? `${host}:4222` : host;
}

function credentials(text: string): { user?: string; pass?: string; token?: string } {
  const colon = text.indexOf(':');
  try {
    if (colon === -1) return { token: decodeURIComponent(text) };
    return {
      user: decodeURIComponent(text.slice(0, colon)),
      pass: decodeURIComponent(text.slice(colon + 1)),
    };
  } catch {
    throw refusal(`the credentials in the room's URL are not encoded as they have to be: % is %25`);
  }
}

function refusal(message: string): MiniServError {
  return new MiniServError('ERR_OPTION', message);
}
