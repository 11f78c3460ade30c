// What `npm pack` holds, installed into an empty folder, has to run there: as a command, and as a typed library.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const folder = mkdtempSync(join(tmpdir(), 'mini-serv-package-'));

/** Runs a command in the folder; gives what it printed, or ends this one with what it said. */
function run(file, args, cwd = folder) {
  return execFileSync(file, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
}

function expect(what, actual, expected) {
  if (actual !== expected)
    throw new Error(`${what}: ${JSON.stringify(actual)}, not ${JSON.stringify(expected)}`);
}

async function client(port) {
  const socket = connect({ port, host: '127.0.0.1' });
  await once(socket, 'connect');
  return socket.on('error', () => {});
}

/** Everything up to this. */
async function heard(socket, text) {
  let all = '';
  for await (const chunk of socket.iterator({ destroyOnReturn: false })) {
    all += chunk;
    if (all.includes(text)) break;
  }
  return all;
}

/** Somebody's transform, and an audit of what came through it: what is loaded only when it is asked for. */
async function useCommand() {
  writeFileSync(
    join(folder, 'shout.mjs'),
    `export default () => (message) =>
  message.kind === 'line' ? { ...message, text: message.text.toUpperCase() + process.env.READABLE_STREAM } : message;
`,
  );
  const options = ['-t', './shout.mjs', '-t', 'log', '--audit', 'audit.json', '--audit-format', 'json'];
  const command = join(folder, 'node_modules/.bin/mini-serv');
  const env = { ...process.env };
  delete env.READABLE_STREAM;
  const server = spawn(command, [...options, '0'], {
    cwd: folder,
    env,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  try {
    const [first] = await once(createInterface(server.stderr), 'line');
    const port = /127\.0\.0\.1:(\d+)/.exec(first)?.[1];
    const a = await client(port);
    const b = await client(port);
    await heard(a, 'client 1 just arrived\n');
    a.write('hi\n');
    expect('a line', await heard(b, '\n'), 'client 0: HIundefined\n');
    server.kill('SIGTERM');
    const [code] = await once(server, 'exit');
    expect('the exit code', code, 0);
  } finally {
    server.kill('SIGKILL');
  }
  const records = readFileSync(join(folder, 'audit.json'), 'utf8').trimEnd().split('\n');
  expect(
    'the audit',
    records.map((record) => JSON.parse(record).event).join(),
    'arrived,arrived,line,closed',
  );
  run('npx', ['mini-serv', 'verify', 'audit.json']);
}

try {
  run('npm', ['pack', '--silent', '--ignore-scripts', '--pack-destination', folder], root);
  writeFileSync(join(folder, 'package.json'), '{ "private": true, "type": "module" }');
  run('npm', ['install', '--silent', '--no-audit', '--no-fund', `./mini-serv-${version}.tgz`]);
  expect('mini-serv --version', run('npx', ['mini-serv', '--version']), `${version}\n`);
  // The kit, too, judging the command that it came with, which the specs know only in its modules; it fails by its exit
  // code.
  run('npx', ['mini-serv', 'conformance', 'node_modules/.bin/mini-serv']);
  await useCommand();

  writeFileSync(
    join(folder, 'consumer.ts'),
    `import { createRelay, filter, type Message, type Relay } from 'mini-serv';

const relay: Relay = createRelay({
  transforms: [
    filter({ drop: /secret/ }),
    async function* (messages) {
      for await (const message of messages) yield message;
    },
    () => (message: Message) => (message.kind === 'line' ? { ...message, text: message.text.trim() } : message),
  ],
});
relay.on('line', (client: number, text: string) => text.repeat(client));
relay.on('warning', ({ code }) => code === 'ERR_TRANSFORM');
const port: number = await relay.listen(0);
await relay.close();
console.log(port > 0);
`,
  );
  // The consumer's own compiler and Node's types, as any consumer in TypeScript has them.
  symlinkSync(join(root, 'node_modules/@types'), join(folder, 'node_modules/@types'));
  const tsc = join(root, 'node_modules/typescript/bin/tsc');
  const strict = ['--strict', '--target', 'es2023', '--module', 'nodenext', '--types', 'node'];
  process.stdout.write(run(process.execPath, [tsc, ...strict, 'consumer.ts']));
  expect('a consumer in TypeScript', run(process.execPath, ['consumer.js']), 'true\n');
  console.log(`mini-serv ${version} installs, runs, and is typed`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
