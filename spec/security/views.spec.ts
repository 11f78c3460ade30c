import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { escape as escaping } from '../../lib/index.js';
import { lineMark } from '../../lib/util/line-mark.js';
import { recordsOf, toWire } from '../support/audit.js';
import { connectAs } from '../support/client.js';
import { startServer } from '../support/command.js';
import { DANGEROUS, decodeStrictly, HOSTILE } from '../support/hostile.js';
import { folder } from '../support/modules.js';
import { createTestRelay, join as enter } from '../support/room.js';
import { hasTerminal, onTerminal } from '../support/terminal.js';
import { arrivedNotice, relayedBytes } from '../support/wire.js';

// The rules of escaping are tested with escapeText() and the formats. These specs test what each view shows in the end.
const lines = HOSTILE.map(([, line]) => line);
const BYTES = Buffer.concat(lines.flatMap((line) => [line, Buffer.from('\n')]));
const MARK = lineMark().text;
const STAMP = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z /;

/** Expects one line for each hostile line, with its client's prefix and without control characters. */
function expectHarmless(shown: string[]): void {
  expect(shown.length).to.equal(lines.length);
  for (const [i, line] of shown.entries()) {
    const [what = ''] = HOSTILE[i] ?? [];
    expect(line, what).to.match(/^client 0: /);
    expect(line, what).not.to.match(DANGEROUS);
  }
}

describe('security: control characters in messages', () => {
  it('are unchanged on the wire, after the prefix', async () => {
    const server = await startServer();
    const a = await connectAs(server);
    const b = await connectAs(server, 1, a);
    await a.send(BYTES);
    await b.receives(relayedBytes(0, ...lines));
  });

  it('are visible escapes on the terminal on which the relay runs', async function () {
    if (!hasTerminal()) this.skip();
    const server = await startServer({ command: onTerminal() });
    const a = await connectAs(server);
    await a.send(Buffer.concat([BYTES, Buffer.from('the end\n')]));
    await server.stdout.until('client 0: the end\r\n');
    const shown = decodeStrictly(server.stdout.bytes).split('\r\n');
    const from = shown.indexOf(MARK + arrivedNotice(0).trimEnd()) + 1;
    expectHarmless(shown.slice(from, -2).map((line) => line.replace(MARK, '')));
  });

  it('are visible escapes in the text format, and cannot forge a notice, a gap or a time', async () => {
    const cwd = await folder({});
    const path = join(cwd, 'audit');
    const server = await startServer({ args: ['--audit', path, '--format', 'text'] });
    const a = await connectAs(server);
    await a.send(BYTES);
    a.end();
    await a.ended;
    await server.stop();
    for (const bytes of [server.stdout.bytes, await readFile(path)]) {
      const shown = decodeStrictly(bytes).split('\n').slice(1, -2);
      for (const line of shown) expect(line).to.match(STAMP);
      expectHarmless(shown.map((line) => line.replace(STAMP, '')));
    }
  });

  it('are escaped in the json format, which keeps the bytes of each line', async () => {
    const server = await startServer({ args: ['--format', 'json'] });
    const a = await connectAs(server);
    await a.send(BYTES);
    a.end();
    await a.ended;
    await server.stop();
    const shown = decodeStrictly(server.stdout.bytes).split('\n').slice(0, -1);
    for (const line of shown) expect(line).not.to.match(DANGEROUS);
    const records = recordsOf(server.stdout.bytes).filter(({ event }) => event === 'line');
    expect(records.length).to.equal(lines.length);
    for (const { client } of records) expect(client).to.equal(0);
    expect(toWire(records).equals(relayedBytes(0, ...lines))).to.equal(true);
  });

  it('are visible escapes for other clients with the transform escape', async () => {
    const relay = createTestRelay({ transforms: [escaping()] });
    const [a, b] = [await enter(relay), await enter(relay)];
    a.send(BYTES);
    a.send('the end\n');
    await b.until('client 0: the end\n');
    expectHarmless(decodeStrictly(b.inbox.bytes).split('\n').slice(0, -2));
  });
});
