import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { nkeys } from '@nats-io/transport-node';
import { expect } from 'chai';
import { parseCommand } from '../../../bin/arguments.js';
import { openRoom, type RoomOptions } from '../../../lib/index.js';
import { parseRoomUrl } from '../../../lib/room/nats/room-url.js';
import { MiniServError } from '../../../lib/util/errors.js';
import { afterwards } from '../../support/cleanup.js';
import { arrive } from '../../support/client.js';
import { runCommand, type Server, serverCommand, startServer } from '../../support/command.js';
import { answers, describeWithNats, scratch, startNats } from '../../support/nats.js';
import { freePort } from '../../support/ports.js';
import { eventually } from '../../support/waiting.js';

const SECRET = 'f4lse/T@ng';
const CLEAN = { NATS_USER: '', NATS_PASSWORD: '', NATS_TOKEN: '', NATS_CREDS: '', NATS_NKEY: '' };

/** What the list of processes shows of it. */
function shown({ process: { pid } }: Server): string {
  return readFileSync(`/proc/${pid}/cmdline`, 'latin1');
}

async function joins(url: string, args: string[] = [], env: Record<string, string> = {}): Promise<Server> {
  const relay = await startServer({ args: ['--room', url, ...args], env: { ...CLEAN, ...env } });
  const client = await arrive(relay);
  await client.send('in\n');
  await relay.stdout.until('client 0: in\n');
  expect(relay.stderr.text).to.equal('');
  return relay;
}

async function refused(url: string, args: string[] = []): Promise<string> {
  const { code, stdout, stderr } = await runCommand(['--room', url, ...args, '0']);
  expect(code).to.equal(1);
  expect(stdout).to.equal('');
  expect(stderr).not.to.include(SECRET).and.not.to.include(encodeURIComponent(SECRET));
  return stderr;
}

const jwt = (claims: object, by: ReturnType<typeof nkeys.createUser>): string => {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const now = Math.floor(Date.now() / 1000);
  const body = { jti: `${Math.random()}`, iat: now, iss: by.getPublicKey(), ...claims };
  const text = `${part({ typ: 'JWT', alg: 'ed25519-nkey' })}.${part(body)}`;
  return `${text}.${Buffer.from(by.sign(Buffer.from(text))).toString('base64url')}`;
};

describeWithNats('an engine that wants to know who one is', () => {
  it('takes a user and a password, from the URL or the environment, and nothing shows them', async () => {
    const nats = await startNats({ config: `authorization { user: relay, password: "${SECRET}" }\n` });
    const host = `127.0.0.1:${nats.port}`;
    const encoded = encodeURIComponent(SECRET);
    const byUrl = await joins(`nats://relay:${encoded}@${host}/a`);
    expect(shown(byUrl)).to.include('***@').and.not.to.include(encoded);
    const byEnv = await joins(`nats://${host}/b`, [], { NATS_USER: 'relay', NATS_PASSWORD: SECRET });
    expect(shown(byEnv)).not.to.include(SECRET);
    expect(await refused(`nats://relay:wrong-${encoded}@${host}/c`)).to.match(
      /refuses this relay: .*authorization/i,
    );
    expect(await refused(`nats://${host}/d`)).to.match(/refuses this relay/i);
    await nats.kill();
    await byUrl.stderr.until('is out of reach');
    expect(byUrl.stderr.text).to.include(`nats://${host}/a`).and.not.to.include(encoded);
  });

  it('takes a token', async () => {
    const nats = await startNats({ config: `authorization { token: "${SECRET}" }\n` });
    const host = `127.0.0.1:${nats.port}`;
    await joins(`nats://${encodeURIComponent(SECRET)}@${host}/a`);
    await joins(`nats://${host}/b`, [], { NATS_TOKEN: SECRET });
    expect(await refused(`nats://wrong@${host}/c`)).to.match(/refuses this relay/i);
  });

  it('takes an nkey from a file', async () => {
    const user = nkeys.createUser();
    const nats = await startNats({ config: `authorization { users: [{ nkey: ${user.getPublicKey()} }] }\n` });
    const seed = join(scratch(), 'user.nk');
    writeFileSync(seed, `# a comment\n${Buffer.from(user.getSeed()).toString()}\n`);
    await joins(nats.room('a'), ['--room-nkey', seed]);
    await joins(nats.room('b'), [], { NATS_NKEY: seed });
    expect(await refused(nats.room('c'), ['--room-nkey', '/nowhere'])).to.match(
      /room-nkey cannot be read: \/nowhere/,
    );
    writeFileSync(seed, `SU${'A'.repeat(56)}`);
    expect(await refused(nats.room('c'), ['--room-nkey', seed])).to.match(/no seed/);
    expect(await refused(nats.room('c'), ['--room-creds', seed])).to.match(
      /room-creds is no credentials file: /,
    );
    writeFileSync(seed, SECRET);
    expect(await refused(nats.room('c'), ['--room-nkey', seed])).to.match(/no seed/);
  });

  it('takes a credentials file', async () => {
    const [operator, account, user] = [nkeys.createOperator(), nkeys.createAccount(), nkeys.createUser()];
    const sub = account.getPublicKey();
    const limits = {
      subs: -1,
      conn: -1,
      leaf: -1,
      imports: -1,
      exports: -1,
      data: -1,
      payload: -1,
      wildcards: true,
    };
    const store = { mem_storage: -1, disk_storage: -1, streams: -1, consumer: -1 };
    const operatorJwt = jwt(
      { sub: operator.getPublicKey(), name: 'operator', nats: { type: 'operator', version: 2 } },
      operator,
    );
    const accountJwt = jwt(
      { sub, name: 'account', nats: { type: 'account', version: 2, limits: { ...limits, ...store } } },
      operator,
    );
    const system = nkeys.createAccount();
    const systemJwt = jwt(
      { sub: system.getPublicKey(), name: 'SYS', nats: { type: 'account', version: 2, limits } },
      operator,
    );
    const userJwt = jwt(
      {
        sub: user.getPublicKey(),
        name: 'user',
        nats: { type: 'user', version: 2, subs: -1, data: -1, payload: -1 },
      },
      account,
    );
    const nats = await startNats({
      config: `operator: ${operatorJwt}
system_account: ${system.getPublicKey()}
resolver: MEMORY
resolver_preload { ${sub}: ${accountJwt}, ${system.getPublicKey()}: ${systemJwt} }
`,
    });
    const creds = join(scratch(), 'user.creds');
    const seed = Buffer.from(user.getSeed()).toString();
    writeFileSync(
      creds,
      `-----BEGIN NATS USER JWT-----\n${userJwt}\n------END NATS USER JWT------\n\n-----BEGIN USER NKEY SEED-----\n${seed}\n------END USER NKEY SEED------\n`,
    );
    await joins(nats.room('a'), ['--room-creds', creds]);
    await joins(nats.room('b'), [], { NATS_CREDS: creds });
    expect(await refused(nats.room('c'))).to.match(/refuses this relay/i);
  });

  it('may refuse a part of what a relay needs: that is said', async () => {
    const nats = await startNats({
      config: `authorization { users: [{ user: relay, password: "${SECRET}", permissions: { publish: ["nothing"] } }] }\n`,
    });
    const url = `nats://relay:${encodeURIComponent(SECRET)}@127.0.0.1:${nats.port}/a`;
    expect(await refused(url)).to.match(/refuses this relay: .*Permissions Violation for Publish/i);
  });

  it('may have no JetStream, which is waited for only a moment', async () => {
    const port = await freePort();
    const child = spawn('nats-server', ['-a', '127.0.0.1', '-p', `${port}`], { stdio: 'ignore' });
    afterwards(async () => {
      const gone = once(child, 'exit');
      child.kill('SIGKILL');
      await gone;
    });
    await eventually('a nats-server', () => answers(port));
    expect(await refused(`nats://127.0.0.1:${port}/a`)).to.match(/refuses this relay: .*jetstream/i);
  });

  it('hides nothing but URLs from the list of processes', async () => {
    const audit = join(scratch(), 'x@y.log');
    const relay = await startServer({ args: ['--audit', audit] });
    expect(shown(relay).split('\0')).to.include(audit);
  });

  it('may want TLS, which has to be what one trusts', async () => {
    const folder = scratch();
    const openssl = spawnSync(
      'openssl',
      'req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost -keyout key.pem -out cert.pem'.split(
        ' ',
      ),
      { cwd: folder },
    );
    expect(openssl.status, 'openssl').to.equal(0);
    const [cert, key] = [join(folder, 'cert.pem'), join(folder, 'key.pem')];
    const nats = await startNats({ config: `tls { cert_file: "${cert}", key_file: "${key}" }\n` });
    await joins(`tls://localhost:${nats.port}/a`, ['--room-ca', cert]);
    await joins(`nats://localhost:${nats.port}/b`, [], { NATS_CA: cert });
    expect(await refused(`tls://localhost:${nats.port}/c`)).to.match(/refuses this relay: .*certificate/i);
    const plain = await startNats();
    expect(await refused(`tls://localhost:${plain.port}/c`)).to.match(/refuses this relay: .*tls/i);
  });
});

describe('a room that cannot be', () => {
  it('is refused with what is wrong of its URL, and without what is secret in it', () => {
    for (const [url, why] of [
      ['lobby', /given as nats:\/\/host:4222\/room/],
      ['http://host/lobby', /given as nats/],
      ['nats://host', /given as nats/],
      ['nats://host/', /a room's name/],
      ['nats://host/a.b', /a room's name/],
      ['nats:///lobby', /no host/],
      ['nats://host:port/lobby', /no host/],
      ['nats://host:99999/lobby', /a port is .* '99999' is none/],
      ['nats://host,other:0/lobby', /a port is .* '0' is none/],
      [`nats://me:two words ${SECRET} and more@host/lob by`, /room/],
      [`me:two ${SECRET} more@host/lobby`, /room/],
      [`nats://me:${SECRET}@host/lobby`, /room/],
      [`me:${SECRET}@host/lobby`, /room/],
      ['nats://me:100%@host/lobby', /%25/],
    ] as const) {
      const refuse = (): unknown => parseRoomUrl(url);
      expect(refuse).to.throw(MiniServError, why).with.property('code', 'ERR_OPTION');
      expect(refuse).to.throw().with.property('message').not.includes(SECRET).and.not.includes('two');
    }
  });

  it('may have several servers, and whatever characters in its credentials', () => {
    expect(parseRoomUrl('tls://a%40b:c%3A%2F@one,two:99,[::1]:5/lobby_1-2')).to.deep.equal({
      room: 'lobby_1-2',
      servers: ['one:4222', 'two:99', '[::1]:5'],
      tls: true,
      user: 'a@b',
      pass: 'c:/',
      shown: 'tls://one,two:99,[::1]:5/lobby_1-2',
    });
  });

  it('has its options refused where they are none, and where there is no room', () => {
    for (const [args, why] of [
      [['--room-retention', '1h'], /--room-retention: expected --room <url>/],
      [
        ['--room', 'nats://h/r', '--room-retention', 'long'],
        /--room-retention: expected a time such as 1h or a size/,
      ],
      [
        ['--room', 'nats://h/r', '--room-retention', '0'],
        /--room-retention: expected at least 16MB, got "0"/,
      ],
      [['--room', 'nats://h/r', '--room-retention', '15.9M'], /--room-retention: expected at least 16MB/],
      [
        ['--room', 'nats://h/r', '--room-retention', '9s'],
        /--room-retention: expected at least 10s, got "9s"/,
      ],
      [['--room', 'nats://h/r', '--room-retention', '200000d'], /--room-retention: expected at most/],
      [['--room', 'nats://h/r', '--room-timeout', '5'], /--room-timeout: expected a time/],
      [['--room', 'nats://h/r', '--room-replicas', '9'], /--room-replicas: expected/],
      [['--since', '10:00'], /--since: is an option of mini-serv replay only/],
      [['replay', '--since', 'noon'], /--since: expected a time such as 10:00/],
      [['replay', '--audit', 'file'], /--audit: is not an option of mini-serv replay/],
      [['replay'], /Wrong number of arguments/],
    ] as const) {
      const command = parseCommand([
        ...args,
        ...(args[0] === 'replay' && args.length === 1 ? [] : ['nats://h/r']),
      ]);
      expect(command.kind).to.equal('usage');
      expect((command as { message: string }).message).to.match(why);
    }
  });

  it('has its options refused in code, by their names', async () => {
    for (const [name, value] of [
      ['heartbeatMs', 0],
      ['heartbeatMs', '1s'],
      ['timeout', Number.NaN],
      ['timeout', -1],
      ['replicas', 9],
      ['replicas', 1.5],
      ['retention', '1h'],
      ['retention', null],
      ['retention', {}],
      ['retention', { ms: 9999 }],
      ['retention', { bytes: 16 * 2 ** 20 - 1 }],
      ['retention', { ms: 60_000, bytes: 2 ** 30 }],
      ['signal', 5],
      ['creds', 5],
      ['warn', 'no'],
    ] as const) {
      const refusal = await openRoom('nats://127.0.0.1:1/r', { [name]: value } as RoomOptions).catch(
        (error: unknown) => error,
      );
      expect(refusal, `${name} ${String(value)}`).to.be.instanceOf(MiniServError);
      expect(refusal).to.include({ code: 'ERR_OPTION' });
      expect((refusal as Error).message).to.match(new RegExp(`^${name}: expected `));
    }
    for (const url of [undefined, null, 5, {}]) {
      const refusal = await openRoom(url as unknown as string).catch((error: unknown) => error);
      expect(refusal).to.include({ code: 'ERR_OPTION' });
      expect((refusal as Error).message).to.match(/^url must be /);
    }
  });

  it('says which packages are missing, where they are not installed', async () => {
    const [, script = ''] = serverCommand();
    const root = join(script, '../../..');
    const folder = scratch();
    const made = spawnSync('sh', [
      '-c',
      'cp -r "$0/package.json" "$1/" && mkdir -p "$1/node_modules" "$1/dist" && cp -r "$0/dist/lib" "$0/dist/bin" "$1/dist/" && ln -s "$0/node_modules/split2" "$0/node_modules/through2" "$1/node_modules/"',
      root,
      folder,
    ]);
    expect(made.status).to.equal(0);
    const command = [process.execPath, join(folder, 'dist/bin/mini-serv.js')];
    const { code, stderr } = await runCommand(['--room', 'nats://127.0.0.1/lobby', '0'], command);
    expect(code).to.equal(1);
    expect(stderr).to.equal(
      'mini-serv: a room over NATS needs two packages: npm install @nats-io/transport-node @nats-io/jetstream\n',
    );
    // And without a room nothing of it is wanted.
    const { port } = await startServer({ command });
    expect(port).to.be.above(0);
  });
});
