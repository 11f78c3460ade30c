import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { nkeys } from '@nats-io/transport-node';
import { expect } from 'chai';
import {
  createAccount,
  encodedSecret,
  expectJoins,
  expectRefused,
  SECRET,
} from '../../support/credentials.js';
import { startNats, temporaryFolder } from '../../support/nats.js';
import { describeWith, itWith } from '../../support/tools.js';

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
    const { config, creds } = createAccount();
    const nats = await startNats({ config });
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
    expect(await expectRefused(nats.room())).to.match(/the engine refuses .*jetstream is not enabled/);
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
