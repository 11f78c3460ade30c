import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { nkeys } from '@nats-io/transport-node';
import { expect } from 'chai';
import { connect } from './client.js';
import { runCommand, type Server, startServer } from './command.js';
import { temporaryFolder } from './nats.js';

type KeyPair = ReturnType<typeof nkeys.createUser>;

export const SECRET = 'f4lse/T@ng';
export const encodedSecret = encodeURIComponent(SECRET);

/** An environment without credentials, whatever that of the specs has. */
export const NO_CREDENTIALS = {
  NATS_USER: '',
  NATS_PASSWORD: '',
  NATS_TOKEN: '',
  NATS_CREDS: '',
  NATS_NKEY: '',
};

/** Starts a relay and expects it to join the room. */
export async function expectJoins(
  url: string,
  args: string[] = [],
  env: Record<string, string> = {},
): Promise<Server> {
  const relay = await startServer({ args: ['--room', url, ...args], env: { ...NO_CREDENTIALS, ...env } });
  const client = await connect(relay);
  await client.send('hello\n');
  await relay.stdout.until('client 0: hello\n');
  expect(relay.stderr.text).to.equal('');
  return relay;
}

/** Expects the command to exit with an error that contains no secret, and returns the error. */
export async function expectRefused(url: string, args: string[] = []): Promise<string> {
  const { code, stdout, stderr } = await runCommand(['--room', url, ...args, '0']);
  expect(code).to.equal(1);
  expect(stdout).to.equal('');
  expect(stderr).not.to.include(SECRET).and.not.to.include(encodedSecret);
  return stderr;
}

export interface AccountLimits {
  readonly account?: object;
  readonly user?: object;
  readonly expiresInSeconds?: number;
}

/** Makes the configuration of a server with one account, and the credentials file of its user. */
export function createAccount(allowed: AccountLimits = {}): { config: string; creds: string } {
  const user = nkeys.createUser();
  const [operator, account, system] = [
    nkeys.createOperator(),
    nkeys.createAccount(),
    nkeys.createAccount(),
  ] as const;
  const limits = {
    ...{ subs: -1, conn: -1, leaf: -1, imports: -1, exports: -1, data: -1, payload: -1, wildcards: true },
  };
  const storage = { mem_storage: -1, disk_storage: -1, streams: -1, consumer: -1 };
  const operatorClaims = { sub: operator.getPublicKey(), name: 'operator' };
  const operatorJwt = sign({ ...operatorClaims, nats: { type: 'operator', version: 2 } }, operator);
  const accountJwt = (of: KeyPair, name: string, accountLimits: object): string =>
    sign(
      { sub: of.getPublicKey(), name, nats: { type: 'account', version: 2, limits: accountLimits } },
      operator,
    );
  const { expiresInSeconds } = allowed;
  const expiry =
    expiresInSeconds === undefined ? {} : { exp: Math.ceil(Date.now() / 1000) + expiresInSeconds };
  const userClaims = { type: 'user', version: 2, subs: -1, data: -1, payload: -1, ...allowed.user };
  const userJwt = sign({ ...expiry, sub: user.getPublicKey(), name: 'user', nats: userClaims }, account);
  const config = `operator: ${operatorJwt}
system_account: ${system.getPublicKey()}
resolver: MEMORY
resolver_preload {
  ${account.getPublicKey()}: ${accountJwt(account, 'account', { ...limits, ...storage, ...allowed.account })}
  ${system.getPublicKey()}: ${accountJwt(system, 'SYS', limits)}
}
`;
  const creds = join(temporaryFolder(), 'user.creds');
  const seed = Buffer.from(user.getSeed()).toString();
  writeFileSync(
    creds,
    `-----BEGIN NATS USER JWT-----\n${userJwt}\n------END NATS USER JWT------\n\n` +
      `-----BEGIN USER NKEY SEED-----\n${seed}\n------END USER NKEY SEED------\n`,
  );
  return { config, creds };
}

function sign(claims: object, by: KeyPair): string {
  const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const issued = { jti: `${Math.random()}`, iat: Math.floor(Date.now() / 1000), iss: by.getPublicKey() };
  const text = `${encode({ typ: 'JWT', alg: 'ed25519-nkey' })}.${encode({ ...issued, ...claims })}`;
  return `${text}.${Buffer.from(by.sign(Buffer.from(text))).toString('base64url')}`;
}
