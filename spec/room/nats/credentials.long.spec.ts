import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { nkeys } from '@nats-io/transport-node';
import { expect } from 'chai';
import { encodedSecret, expectJoins, expectRefused, SECRET } from '../../support/credentials.js';
import { startNats, temporaryFolder } from '../../support/nats.js';
import { describeWith, itWith } from '../../support/tools.js';

type KeyPair = ReturnType<typeof nkeys.createUser>;

describeWith('nats-server', 'credentials of a relay', () => {
  it('can be a user and a password from the environment', async () => {
    const nats = await startNats({ config: `authorization { user: relay, password: "${SECRET}" }\n` });
    await expectJoins(nats.room('a'), [], { NATS_USER: 'relay', NATS_PASSWORD: SECRET });
    expect(await expectRefused(nats.room('b'))).to.match(/refuses this relay/i);
  });

  it('can be a token', async () => {
    const nats = await startNats({ config: `authorization { token: "${SECRET}" }\n` });
    const host = `127.0.0.1:${nats.port}`;
    await expectJoins(`nats://${encodedSecret}@${host}/a`);
    await expectJoins(`nats://${host}/b`, [], { NATS_TOKEN: SECRET });
    expect(await expectRefused(`nats://wrong@${host}/c`)).to.match(/refuses this relay/i);
  });

  it('can be the file of an nkey', async () => {
    const user = nkeys.createUser();
    const nats = await startNats({ config: `authorization { users: [{ nkey: ${user.getPublicKey()} }] }\n` });
    const seed = join(temporaryFolder(), 'user.nk');
    writeFileSync(seed, `# a comment\n${Buffer.from(user.getSeed()).toString()}\n`);
    await expectJoins(nats.room('a'), ['--room-nkey', seed]);
    await expectJoins(nats.room('b'), [], { NATS_NKEY: seed });
    const refused = (option: string, path: string) => expectRefused(nats.room('c'), [option, path]);
    expect(await refused('--room-nkey', '/nowhere')).to.include(
      'room-nkey: cannot read the file (ENOENT): /nowhere',
    );
    for (const content of [`SU${'A'.repeat(56)}`, SECRET]) {
      writeFileSync(seed, content);
      expect(await refused('--room-nkey', seed)).to.include('expected a file with the seed of an nkey');
      expect(await refused('--room-creds', seed)).to.include('room-creds: expected a credentials file');
    }
  });

  it('can be a credentials file', async () => {
    const user = nkeys.createUser();
    const { config, userJwt } = createAccount(user);
    const nats = await startNats({ config });
    const creds = join(temporaryFolder(), 'user.creds');
    const seed = Buffer.from(user.getSeed()).toString();
    writeFileSync(
      creds,
      `-----BEGIN NATS USER JWT-----\n${userJwt}\n------END NATS USER JWT------\n\n` +
        `-----BEGIN USER NKEY SEED-----\n${seed}\n------END USER NKEY SEED------\n`,
    );
    await expectJoins(nats.room('a'), ['--room-creds', creds]);
    await expectJoins(nats.room('b'), [], { NATS_CREDS: creds });
    expect(await expectRefused(nats.room('c'))).to.match(/refuses this relay/i);
  });

  it('are refused if they lack a permission', async () => {
    const permissions = '{ publish: ["nothing"] }';
    const nats = await startNats({
      config: `authorization { users: [{ user: relay, password: "${SECRET}", permissions: ${permissions} }] }\n`,
    });
    const url = `nats://relay:${encodedSecret}@127.0.0.1:${nats.port}/a`;
    expect(await expectRefused(url)).to.match(/refuses this relay: .*Permissions Violation for Publish/i);
  });

  it('are refused by a server without JetStream, after a short wait for other servers', async () => {
    const nats = await startNats({ jetstream: false });
    expect(await expectRefused(nats.room())).to.match(/refuses this relay: .*jetstream/i);
  });

  itWith('openssl', 'are sent over TLS only to a server with a trusted certificate', async () => {
    const folder = temporaryFolder();
    const request =
      'req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost -keyout key.pem -out cert.pem';
    const openssl = spawnSync('openssl', request.split(' '), { cwd: folder });
    expect(openssl.status, String(openssl.stderr)).to.equal(0);
    const [cert, key] = [join(folder, 'cert.pem'), join(folder, 'key.pem')];
    const nats = await startNats({ config: `tls { cert_file: "${cert}", key_file: "${key}" }\n` });
    const at = `localhost:${nats.port}`;
    await expectJoins(`tls://${at}/a`, ['--room-ca', cert]);
    await expectJoins(`nats://${at}/b`, [], { NATS_CA: cert });
    expect(await expectRefused(`tls://${at}/c`)).to.match(/refuses this relay: .*certificate/i);
    const plain = await startNats();
    const tls = `tls://localhost:${plain.port}/c`;
    expect(await expectRefused(tls)).to.match(/refuses this relay: .*tls/i);
  });
});

/** Makes the configuration of a server with one account, and the credentials of its user. */
function createAccount(user: KeyPair): { config: string; userJwt: string } {
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
  const accountJwt = (of: KeyPair, name: string, allowed: object): string =>
    sign({ sub: of.getPublicKey(), name, nats: { type: 'account', version: 2, limits: allowed } }, operator);
  const userClaims = { type: 'user', version: 2, subs: -1, data: -1, payload: -1 };
  const userJwt = sign({ sub: user.getPublicKey(), name: 'user', nats: userClaims }, account);
  const config = `operator: ${operatorJwt}
system_account: ${system.getPublicKey()}
resolver: MEMORY
resolver_preload {
  ${account.getPublicKey()}: ${accountJwt(account, 'account', { ...limits, ...storage })}
  ${system.getPublicKey()}: ${accountJwt(system, 'SYS', limits)}
}
`;
  return { config, userJwt };
}

function sign(claims: object, by: KeyPair): string {
  const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const issued = { jti: `${Math.random()}`, iat: Math.floor(Date.now() / 1000), iss: by.getPublicKey() };
  const text = `${encode({ typ: 'JWT', alg: 'ed25519-nkey' })}.${encode({ ...issued, ...claims })}`;
  return `${text}.${Buffer.from(by.sign(Buffer.from(text))).toString('base64url')}`;
}
