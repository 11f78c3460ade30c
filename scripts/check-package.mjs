// Packs the package once, and checks the tarball: publint, Are The Types Wrong, and an installation in an empty folder.
import { execFile, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const root = fileURLToPath(new URL('..', import.meta.url));
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const folder = mkdtempSync(join(tmpdir(), 'mini-serv-package-'));
const tarball = join(folder, `mini-serv-${version}.tgz`);
const server = join(folder, 'node_modules/.bin/mini-serv');

/** A few cases of the conformance kit, which spec/conformance runs in full on the same code. */
const CONFORMANCE_CASES = 'no-argument,listens,arrivals,lines,lazy-hears-all';

const SHOUT = `export default (message) =>
  message.kind === 'line' ? { ...message, text: message.text.toUpperCase() + process.env.READABLE_STREAM } : message;
`;

const CONSUMER = `import { createRelay, filter, type Message, type Relay } from 'mini-serv';

const relay: Relay = createRelay({
  transforms: [
    filter({ drop: /secret/ }),
    async function* (messages) {
      for await (const message of messages) yield message;
    },
    (message: Message) => (message.kind === 'line' ? { ...message, text: message.text.trim() } : message),
  ],
});
relay.on('line', (client: number, text: string) => text.repeat(client));
relay.on('warning', ({ code }) => code === 'ERR_TRANSFORM');
const port: number = await relay.listen(0);
await relay.close();
console.log(port > 0);
`;

/** Runs a command and returns what it printed; throws with its output if it fails. */
async function run(file, args, cwd = folder) {
  const env = { ...process.env, PATH: `${join(root, 'node_modules/.bin')}${delimiter}${process.env.PATH}` };
  try {
    return (await promisify(execFile)(file, args, { cwd, env })).stdout;
  } catch (error) {
    throw new Error(`${file} ${args.join(' ')}: exit ${error.code}\n${error.stdout}${error.stderr}`);
  }
}

function expect(what, actual, expected) {
  if (actual === expected) return;
  throw new Error(`${what}: expected ${JSON.stringify(expected)}, got ${JSON.stringify(actual)}`);
}

/** Installs the tarball, and uses it as a command and as a library. */
async function useInstalled() {
  writeFileSync(join(folder, 'package.json'), '{ "private": true, "type": "module" }');
  await run('npm', ['install', '--silent', '--no-audit', '--no-fund', '--prefer-offline', tarball]);
  expect('mini-serv --version', await run(server, ['--version']), `${version}\n`);
  await Promise.all([
    run(server, ['conformance', '--only', CONFORMANCE_CASES, server]),
    relayAndAudit(),
    compileConsumer(),
  ]);
}

/** The parts of the command that are loaded on demand: a transform module, an audit, and its verification. */
async function relayAndAudit() {
  writeFileSync(join(folder, 'shout.mjs'), SHOUT);
  const options = ['-t', './shout.mjs', '-t', 'log', '--audit', 'audit.json', '--audit-format', 'json'];
  // The command sets this variable for its own packages, but not for transforms.
  const { READABLE_STREAM: _, ...env } = process.env;
  const child = spawn(server, [...options, '0'], { cwd: folder, env, stdio: ['ignore', 'ignore', 'pipe'] });
  try {
    const [line] = await once(createInterface(child.stderr), 'line');
    const port = /127\.0\.0\.1:(\d+)/.exec(line)?.[1];
    const [first, second] = [await openClient(port), await openClient(port)];
    await readUntil(first, 'client 1 just arrived\n');
    first.write('hi\n');
    expect('a relayed line', await readUntil(second, '\n'), 'client 0: HIundefined\n');
    child.kill('SIGTERM');
    expect('the exit code after SIGTERM', (await once(child, 'exit'))[0], 0);
  } finally {
    child.kill('SIGKILL');
  }
  const records = readFileSync(join(folder, 'audit.json'), 'utf8').trimEnd().split('\n');
  const events = records.map((record) => JSON.parse(record).event).join();
  expect('the events of the audit', events, 'arrived,arrived,line,closed');
  await run(server, ['verify', 'audit.json']);
}

async function openClient(port) {
  const socket = connect({ port, host: '127.0.0.1' });
  await once(socket, 'connect');
  return socket.on('error', () => {});
}

async function readUntil(socket, text) {
  let received = '';
  for await (const chunk of socket.iterator({ destroyOnReturn: false })) {
    received += chunk;
    if (received.includes(text)) break;
  }
  return received;
}

/** A strict TypeScript program that imports the package; it has Node's types from the repository. */
async function compileConsumer() {
  writeFileSync(join(folder, 'consumer.ts'), CONSUMER);
  symlinkSync(join(root, 'node_modules/@types'), join(folder, 'node_modules/@types'));
  const strict = ['--strict', '--target', 'es2023', '--module', 'nodenext', '--types', 'node'];
  await run('tsc', [...strict, 'consumer.ts']);
  expect('the output of a TypeScript consumer', await run('node', ['consumer.js']), 'true\n');
}

try {
  // Without scripts: `prepare` would build again.
  execFileSync('npm', ['pack', '--silent', '--ignore-scripts', '--pack-destination', folder], {
    cwd: root,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  await Promise.all([
    run('publint', ['run', tarball, '--strict']),
    run('attw', [tarball, '--profile', 'esm-only', '--no-definitely-typed', '--format', 'ascii']),
    useInstalled(),
  ]);
  process.stdout.write(`mini-serv ${version} installs, runs and has types\n`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
