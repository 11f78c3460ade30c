// Uses the installed command: the parts that are loaded on demand, and a few cases of the conformance kit.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, run, VERSION } from './project.mjs';

/** How long the conformance kit waits for the relay, which answers late on a busy machine. */
export const KIT_TIMEOUT = '30s';
/** spec/conformance runs all cases on the same code. */
const CONFORMANCE_CASES = 'no-argument,listens,arrivals,lines,lazy-hears-all,random';

/** @param project where the package is installed */
export async function checkCommand({ command, folder, add }) {
  expect('mini-serv --version', await run(command, ['--version']), `${VERSION}\n`);
  add('shout.mjs');
  const kit = ['conformance', '--timeout', KIT_TIMEOUT, '--only', CONFORMANCE_CASES, '--random', '5'];
  await Promise.all([run(command, [...kit, command]), checkRelay([command], folder)]);
}

/**
 * A transform module, a program as a transform, an audit, and its verification.
 *
 * @param {string[]} command with arguments before its own
 * @param {string} folder with the transform module
 */
export async function checkRelay([file, ...args], folder) {
  const audit = join(mkdtempSync(join(folder, 'audit-')), 'audit.json');
  const transforms = ['-t', './shout.mjs', '-t', 'exec=cat'];
  const options = [...args, ...transforms, '--audit', audit, '--audit-format', 'json', '0'];
  const child = spawn(file, options, { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] });
  try {
    const [line] = await once(createInterface(child.stderr), 'line');
    const port = /127\.0\.0\.1:(\d+)/.exec(line)?.[1];
    const [first, second] = [await openClient(port), await openClient(port)];
    await readUntil(first, 'client 1 just arrived\n');
    first.write('hi\n');
    expect('a relayed line', await readUntil(second, '\n'), 'client 0: HI\n');
    child.kill('SIGTERM');
    expect('the exit code after SIGTERM', (await once(child, 'exit'))[0], 0);
  } finally {
    child.kill('SIGKILL');
  }
  const records = readFileSync(audit, 'utf8').trimEnd().split('\n');
  const events = records.map((record) => JSON.parse(record).event).join();
  expect('the events of the audit', events, 'arrived,arrived,line,closed');
  await run(file, [...args, 'verify', audit]);
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
