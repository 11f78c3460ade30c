import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

/** The names under which a browser on this machine reaches the server. Any other name may be that of a DNS rebinding attack. */
const NAMES = ['127.0.0.1', 'localhost'];
/** The port that browsers leave out. */
const DEFAULT_PORT = 80;
/** The subprotocol of the page. It is followed by the token, which no web page of another origin knows. */
export const SUBPROTOCOL = 'mini-serv';

/** Decides which requests the server answers. */
export interface Access {
  /** Unpredictable, and new for each start of the relay. */
  readonly token: string;
  /** Whether a request names this server, and comes from its own page or from no page. */
  allows(request: IncomingMessage): boolean;
  /** Whether a request for a WebSocket comes from the page of this server, and has the token. */
  allowsSocket(request: IncomingMessage): boolean;
}

/** @param port the port of the server */
export function createAccess(port: number): Access {
  const hosts = NAMES.flatMap((name) => [`${name}:${port}`, ...(port === DEFAULT_PORT ? [name] : [])]);
  const origins = hosts.map((host) => `http://${host}`);
  const token = randomBytes(32).toString('base64url');
  const tokenHash = hash(token);
  const allows = ({ headersDistinct: { host, origin } }: IncomingMessage): boolean =>
    isOneOf(hosts, host) && (origin === undefined || isOneOf(origins, origin));
  return {
    token,
    allows,
    allowsSocket: (request) =>
      request.headers.origin !== undefined &&
      allows(request) &&
      timingSafeEqual(tokenHash, hash(tokenOf(request))),
  };
}

/** Whether a header is given once, with one of these values. */
function isOneOf(values: readonly string[], header: readonly string[] | undefined): boolean {
  return header?.length === 1 && values.includes(header[0] as string);
}

function tokenOf({ headers }: IncomingMessage): string {
  const [protocol, token = '', ...others] = (headers['sec-websocket-protocol'] ?? '').split(/ *, */);
  return protocol === SUBPROTOCOL && others.length === 0 ? token : '';
}

function hash(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
