import { readFile } from 'node:fs/promises';
import type { Authenticator, NodeConnectionOptions } from '@nats-io/transport-node';
import { MiniServError } from '../../util/errors.js';
import type { Credentials } from '../options.js';
import type { Packages } from './packages.js';
import type { RoomUrl } from './room-url.js';

/**
 * Returns the connection options that authenticate this relay. `credentials` take precedence over those in the URL.
 *
 * @throws {MiniServError} ERR_OPTION if a file cannot be read or used; the message contains no secrets
 */
export async function authentication(
  { transport }: Packages,
  url: RoomUrl,
  credentials: Credentials,
): Promise<NodeConnectionOptions> {
  const { user = url.user, pass = url.pass, token = url.token, nkey, creds, ca, cert, key } = credentials;
  // The NATS client reads these files at each connection, and takes a missing one for an unreachable server.
  for (const [option, path] of Object.entries({ ca, cert, key })) {
    if (path !== undefined) await readOption(option, path);
  }
  const tls = { ...(ca && { caFile: ca }), ...(cert && { certFile: cert }), ...(key && { keyFile: key }) };
  const options: NodeConnectionOptions = {};
  if (url.tls || Object.keys(tls).length > 0) options.tls = tls;
  if (user !== undefined) Object.assign(options, { user, pass: pass ?? '' });
  if (token !== undefined) options.token = token;
  if (nkey !== undefined) {
    const seed = findSeed(await readOption('nkey', nkey));
    const usable = seed && working(transport.nkeyAuthenticator(seed));
    if (!usable) throw fileError('nkey', nkey, 'expected a file with the seed of an nkey');
    options.authenticator = usable;
  }
  if (creds !== undefined) {
    const usable = working(transport.credsAuthenticator(await readOption('creds', creds)));
    if (!usable) throw fileError('creds', creds, 'expected a credentials file as nsc writes it');
    options.authenticator = usable;
  }
  return options;
}

async function readOption(option: string, path: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (cause) {
    throw fileError(option, path, `cannot read the file (${(cause as NodeJS.ErrnoException).code})`);
  }
}

/** Makes an error without a cause: the cause can quote a secret. */
function fileError(option: string, path: string, problem: string): MiniServError {
  return new MiniServError('ERR_OPTION', `room-${option}: ${problem}: ${path}`);
}

/** Returns the authenticator if it can sign. Otherwise every connection would fail as if the server were unreachable. */
function working(authenticator: Authenticator): Authenticator | undefined {
  try {
    authenticator('a nonce');
    return authenticator;
  } catch {
    return undefined;
  }
}

/** Finds the seed in the file of an nkey, which can also contain comments and empty lines. */
function findSeed(file: Uint8Array): Uint8Array | undefined {
  const seed = /^\s*(S[A-Z0-9]{57})\s*$/m.exec(Buffer.from(file).toString('latin1'))?.[1];
  return seed === undefined ? undefined : Buffer.from(seed);
}
