import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { addCleanup } from '../support/cleanup.js';
import { Inbox } from '../support/inbox.js';
import { freePort, isListening } from '../support/ports.js';
import { eventually } from '../support/waiting.js';
import { relayed } from '../support/wire.js';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const PAGE = readFileSync(join(ROOT, 'docs/clients.md'), 'utf8');
const [, MODULE = ''] = /^```js\n([\s\S]*?)^```$/m.exec(PAGE) ?? [];

/** Runs the module of the page on another port. */
function run(port: number): ChildProcess {
  const path = mkdtempSync(join(ROOT, 'dist', 'clients-'));
  addCleanup(() => rmSync(path, { recursive: true }));
  writeFileSync(join(path, 'tunnel.mjs'), MODULE.replace('8080', String(port)));
  const child = spawn(process.execPath, ['tunnel.mjs'], { cwd: path, stdio: 'inherit' });
  addCleanup(() => void child.kill());
  return child;
}

function tunnel(port: number): { send: (line: string) => void; inbox: Inbox } {
  const socket = connect(port, '127.0.0.1');
  const inbox = new Inbox();
  socket.on('data', (chunk: Buffer) => inbox.push(chunk));
  addCleanup(() => void socket.destroy());
  socket.write('CONNECT room:80 HTTP/1.1\r\nHost: room\r\n\r\n');
  return { send: (line) => void socket.write(line), inbox };
}

describe('docs/clients.md', () => {
  it('has a module that makes tunnels of an HTTP server clients', async () => {
    const port = await freePort();
    const { pid } = run(port);
    await eventually('the server', () => isListening(port, pid) === true);
    const a = tunnel(port);
    await a.inbox.until('HTTP/1.1 200 OK\r\n\r\n');
    const b = tunnel(port);
    b.send('hello\n');
    await a.inbox.until(relayed(1, 'hello'));
  });
});
