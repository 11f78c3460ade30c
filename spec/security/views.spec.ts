import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { escape as escaping } from '../../lib/index.js';
import { recordsOf, toWire } from '../support/audit.js';
import { arrive } from '../support/client.js';
import { startServer } from '../support/command.js';
import { DANGEROUS, HOSTILE, strict } from '../support/hostile.js';
import { folder } from '../support/modules.js';
import { join as enter, room } from '../support/room.js';
import { hasTerminal, onTerminal } from '../support/terminal.js';
import { arrived, saidBytes } from '../support/wire.js';

// What is escaped, and how: see escape.spec.ts, formats.spec.ts. Here it is what somebody gets to see in the end.
const lines = HOSTILE.map(([, line]) => line);
const SAID = Buffer.concat(lines.flatMap((line) => [line, Buffer.from('\n')]));
const STAMP = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z /;

/** Each hostile line is one line, begins with its client's prefix, and can do nothing to a terminal. */
function harmless(shown: string[]): void {
  expect(shown.length).to.equal(lines.length);
  for (const [i, line] of shown.entries()) {
    const [what = ''] = HOSTILE[i] ?? [];
    expect(line, what).to.match(/^client 0: /);
    expect(line, what).not.to.match(DANGEROUS);
  }
}

describe('security: what a client says to fool who looks', () => {
  it('is on the wire what it was, behind its prefix, for those who want the bytes', async () => {
    const server = await startServer();
    const a = await arrive(server);
    const b = await arrive(server, 1, a);
    await a.send(SAID);
    await b.hears(saidBytes(0, ...lines));
  });

  it('is harmless on the terminal on which the relay runs', async function () {
    if (!hasTerminal()) this.skip();
    const server = await startServer({ command: onTerminal() });
    const a = await arrive(server);
    await a.send(Buffer.concat([SAID, Buffer.from('the end\n')]));
    await server.stdout.until('client 0: the end\r\n');
    const shown = strict(server.stdout.bytes).split('\r\n');
    const from = shown.indexOf(arrived(0).trimEnd()) + 1;
    harmless(shown.slice(from, -2));
  });

  it('is harmless in a text, and cannot pass for a notice, a gap or another time', async () => {
    const cwd = await folder({});
    const path = join(cwd, 'audit');
    const server = await startServer({ args: ['--audit', path, '--format', 'text'] });
    const a = await arrive(server);
    await a.send(SAID);
    a.end();
    await a.ended;
    await server.stop();
    for (const bytes of [server.stdout.bytes, await readFile(path)]) {
      const shown = strict(bytes).split('\n').slice(1, -2);
      for (const line of shown) expect(line).to.match(STAMP);
      harmless(shown.map((line) => line.replace(STAMP, '')));
    }
  });

  it('is one record a line in JSON, comes back byte for byte, and is harmless to look at', async () => {
    const server = await startServer({ args: ['--format', 'json'] });
    const a = await arrive(server);
    await a.send(SAID);
    a.end();
    await a.ended;
    await server.stop();
    const shown = strict(server.stdout.bytes).split('\n').slice(0, -1);
    for (const line of shown) expect(line).not.to.match(DANGEROUS);
    const records = recordsOf(server.stdout.bytes).filter(({ event }) => event === 'line');
    expect(records.length).to.equal(lines.length);
    for (const { client } of records) expect(client).to.equal(0);
    expect(toWire(records).equals(saidBytes(0, ...lines))).to.equal(true);
  });

  it('is harmless to the other clients too with the transform escape', async () => {
    const relay = room({ transforms: [escaping()] });
    const [a, b] = [await enter(relay), await enter(relay)];
    a.send(SAID);
    a.send('the end\n');
    await b.until('client 0: the end\n');
    harmless(strict(b.inbox.bytes).split('\n').slice(0, -2));
  });
});
