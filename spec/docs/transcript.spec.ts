import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { parseRecord } from '../../lib/transcript/audit-record.js';
import { verifyAudit } from '../../lib/transcript/verify.js';
import { recordsOf } from '../support/audit.js';
import { addCleanup } from '../support/cleanup.js';
import { type Client, connect } from '../support/client.js';
import { textOf } from '../support/files.js';
import { freePort, isListening } from '../support/ports.js';
import { itWith } from '../support/tools.js';
import { eventually, within } from '../support/waiting.js';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const PAGE = readFileSync(join(ROOT, 'docs/transcript.md'), 'utf8');

const blocks = (kind: string): string[] =>
  [...PAGE.matchAll(new RegExp(`^\`\`\`${kind}\n([\\s\\S]*?)^\`\`\`$`, 'gm'))].map(([, text = '']) => text);
const COMMANDS = blocks('sh').flatMap((text) => text.trimEnd().split('\n'));
const [MODULE = ''] = blocks('js');
const [LOGROTATE = ''] = blocks('logrotate');

/** A folder in the package, whose commands `mini-serv` and `ssh` stand for the real ones. */
function makeFolder(): { cwd: string; env: NodeJS.ProcessEnv } {
  const cwd = mkdtempSync(join(ROOT, 'dist', 'docs-'));
  addCleanup(() => rmSync(cwd, { recursive: true }));
  const bin = join(cwd, 'bin');
  mkdirSync(bin);
  const scripts = {
    'mini-serv': `exec "${process.execPath}" "${join(ROOT, 'dist/command/mini-serv.cjs')}" "$@"`,
    ssh: 'shift; exec sh -c "$*"',
  };
  for (const [name, script] of Object.entries(scripts)) {
    writeFileSync(join(bin, name), `#!/bin/sh\n${script}\n`);
    chmodSync(join(bin, name), 0o755);
  }
  return { cwd, env: { ...process.env, PATH: `${bin}:${process.env.PATH}` } };
}

/** Runs a command in a process group of its own until the test ends. */
function start(file: string, args: string[], options: { cwd: string; env: NodeJS.ProcessEnv }): ChildProcess {
  const child = spawn(file, args, { ...options, detached: true, stdio: 'ignore' });
  const closed = once(child, 'close');
  addCleanup(async () => {
    if (child.pid !== undefined && child.exitCode === null && child.signalCode === null)
      process.kill(-child.pid);
    await within(closed, 'the end of a recipe');
  });
  return child;
}

/** Runs a command of the page on a free port, and has a client send `hello`. */
async function runCommand(command: string, folder: ReturnType<typeof makeFolder>): Promise<Client> {
  const port = await freePort();
  start('sh', ['-c', command.replace('4242', String(port))], folder);
  return hello(port);
}

/** The new file exists before the audit moves to it, so the end of the old file is what counts. */
async function waitForRotation(path: string): Promise<void> {
  await eventually('the end of the old file', () => textOf(`${path}.1`).includes('"event":"closed"'));
}

async function hello(port: number): Promise<Client> {
  await eventually('a relay that listens', async () => (await isListening(port)) === true);
  const client = await connect({ port });
  await client.send('hello\n');
  return client;
}

const isComplete = async (path: string): Promise<boolean> =>
  (await verifyAudit(Readable.from([readFileSync(path)]))).isComplete;

describe('docs/transcript.md', () => {
  it('contains no snippet that this file does not run', () => {
    expect(COMMANDS).to.deep.equal([
      'mini-serv --audit audit.log 4242',
      'mini-serv --audit audit.json --audit-format json 4242',
      'mini-serv verify audit.json',
      `mini-serv --format json 4242 | grep --line-buffered '"event":"line"' > lines.json`,
      "mini-serv --format json 4242 | ssh audit@elsewhere 'cat >> audit.json'",
      'mini-serv --pid-file mini-serv.pid --audit audit.json --audit-format json 4242',
      'mv audit.json audit.json.1 && kill -HUP "$(cat mini-serv.pid)"',
      'gzip -dc audit.json.1.gz | mini-serv verify -',
    ]);
    expect(blocks('js')).to.have.length(1);
    expect(blocks('logrotate')).to.have.length(1);
  });

  const outputs: [command: string, file: string, expected: RegExp][] = [
    [COMMANDS[0] ?? '', 'audit.log', /^\S{24} client 0: hello$/m],
    [
      COMMANDS[3] ?? '',
      'lines.json',
      /^\{"seq":1,"time":"\S{24}","event":"line","client":0,"text":"hello"\}\n$/,
    ],
    [COMMANDS[4] ?? '', 'audit.json', /^\{"seq":1,.*"text":"hello"\}$/m],
  ];
  for (const [command, file, expected] of outputs) {
    itWith(command.includes('grep') ? 'grep' : [], `shows a command that works: ${command}`, async () => {
      const folder = makeFolder();
      await runCommand(command, folder);
      await eventually('the line', () => expected.test(textOf(join(folder.cwd, file))));
    });
  }

  itWith('gzip', 'shows how to write, rotate, compress and verify an audit', async () => {
    const folder = makeFolder();
    const path = join(folder.cwd, 'audit.json');
    const client = await runCommand(COMMANDS[5] ?? '', folder);
    await eventually('the line', () => textOf(path).includes('hello'));
    expect(spawnSync('sh', ['-c', COMMANDS[6] ?? ''], folder).status).to.equal(0);
    await waitForRotation(path);
    await client.send('again\n');
    await eventually('the next line', () => textOf(path).includes('again'));
    expect(spawnSync('sh', ['-c', COMMANDS[2] ?? ''], folder).stdout.toString()).to.match(
      /^audit\.json: complete: 1 record .* not closed/,
    );
    spawnSync('gzip', ['audit.json.1'], folder);
    const { stdout, status } = spawnSync('sh', ['-c', COMMANDS[7] ?? ''], folder);
    expect(stdout.toString()).to.match(/^standard input: complete: 3 records .*, closed\n$/);
    expect(status).to.equal(0);
  });

  it('shows how to keep an audit in code: audit.mjs', async () => {
    const { cwd, env } = makeFolder();
    const port = await freePort();
    writeFileSync(join(cwd, 'audit.mjs'), MODULE.replace('4242', String(port)));
    const child = start(process.execPath, ['audit.mjs'], { cwd, env });
    await hello(port);
    const path = join(cwd, 'audit.json');
    await eventually('the line', () => textOf(path).includes('hello'));
    child.kill('SIGTERM');
    await within(once(child, 'exit'), 'the end of the program');
    expect(recordsOf(textOf(path)).at(-1)?.event).to.equal('closed');
  });

  it('shows the fields of each record as verification requires them', () => {
    const table = PAGE.slice(PAGE.indexOf('### Records in JSON'), PAGE.indexOf('## Audit files'));
    const rows = [...table.matchAll(/^\| `(\w+)` \|([^|]*)\|/gm)];
    const time = '2026-01-31T12:34:56.789Z';
    const samples: Record<string, unknown> = { client: 0, text: 'x', bytes: 1, from: time, to: time };
    for (const [, event = '', fields = ''] of rows) {
      const names = [...fields.matchAll(/`(\w+)`/g)].map(([, name = '']) => name);
      const values = names.map((name) => [name, samples[name]]);
      const record = { seq: 0, time, event, ...(Object.fromEntries(values) as object) };
      expect(parseRecord(Buffer.from(JSON.stringify(record)), true), event).to.deep.equal(record);
    }
    const events = rows.map(([, event]) => event).join(' ');
    expect(events).to.equal('arrived line left gap truncated resumed closed');
  });

  itWith('logrotate', 'shows a configuration of logrotate that keeps every line', async () => {
    const folder = makeFolder();
    const path = join(folder.cwd, 'audit.json');
    const client = await runCommand(COMMANDS[5] ?? '', folder);
    const config = LOGROTATE.replaceAll('/var/log/mini-serv/audit.json', path)
      .replaceAll('/run/mini-serv.pid', join(folder.cwd, 'mini-serv.pid'))
      .replace(/^ *compress\n/m, '');
    writeFileSync(join(folder.cwd, 'logrotate.conf'), config, { mode: 0o644 });
    chmodSync(folder.cwd, 0o700);
    for (let i = 0; i < 3; i++) {
      await client.send(`line ${i}\n`);
      await eventually('the line', () => textOf(path).includes(`line ${i}`));
      const { status, stderr } = spawnSync('logrotate', ['-f', '-s', 'state', 'logrotate.conf'], folder);
      expect([status, stderr.toString()]).to.deep.equal([0, '']);
      await waitForRotation(path);
    }
    const files = [`${path}.3`, `${path}.2`, `${path}.1`];
    await eventually('the last file to be closed', () => textOf(`${path}.1`).includes('"closed"'));
    const texts = files.flatMap((file) => recordsOf(textOf(file)).map(({ text }) => text ?? ''));
    expect(texts.filter((text) => text !== '')).to.deep.equal(['hello', 'line 0', 'line 1', 'line 2']);
    for (const file of files) expect(await isComplete(file), file).to.equal(true);
  });
});
