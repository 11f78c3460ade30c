import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { verifyAudit } from '../../lib/transcript/verify.js';
import { recordsOf, toWire } from '../support/audit.js';
import { arrive } from '../support/client.js';
import { type Server, startServer } from '../support/command.js';
import { folder } from '../support/modules.js';
import { HAS_PROC, spilled, ticks } from '../support/proc.js';
import { stoppedReaders } from '../support/stopped.js';
import { eventually, within } from '../support/waiting.js';
import { left } from '../support/wire.js';

const MIB = 1024 * 1024;
const LINE = `${'x'.repeat(999)}\n`;
const CHUNK = LINE.repeat(64);
const CLOCK = new URL('../../../spec/support/clock.mjs', import.meta.url).href;
const STAMP = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

/** It has come to rest: it spends no time where nothing happens. */
function atRest(server: Server): Promise<void> {
  let [before, looks] = [ticks(server), 0];
  return eventually('the relay to be at rest', async () => {
    await new Promise((resolve) => setTimeout(resolve, 100));
    const now = ticks(server);
    looks = now - before <= 1 ? looks + 1 : 0;
    before = now;
    return looks === 5;
  });
}

describe('faults: a clock that jumps', () => {
  before(function () {
    if (!HAS_PROC) this.skip();
  });

  it('changes nothing but the times in the transcripts: all is there, in order, paced, and then at rest', async () => {
    const path = join(await folder({}), 'audit');
    const args = [
      '--memory',
      '4M',
      '--format',
      'json',
      '--audit',
      path,
      '-t',
      'timestamp=format:unix',
      '-t',
      'rate=lines:1e6',
    ];
    const server = await startServer({
      env: { NODE_V8_COVERAGE: '', NODE_OPTIONS: `--import ${CLOCK}` },
      args,
    });
    const readers = await stoppedReaders(server, 1);
    const a = await arrive(server);
    const b = await arrive(server, 2, a);
    for (let chunk = 0; chunk < 200; chunk++) {
      if (!a.socket.write(CHUNK)) await within(once(a.socket, 'drain'), 'the sender to go on');
    }
    await a.send('end\n');
    await b.until((bytes) => bytes.subarray(-5).toString() === ' end\n');
    await eventually('the backlog on disk', () => spilled(server) > 4 * MIB);
    await atRest(server);
    const heard = Buffer.from(b.received);
    const lines = b.inbox.text.split('\n').slice(0, -1);
    expect(lines.length).to.equal(200 * 64 + 1);
    for (const line of lines) expect(line.slice(0, 40)).to.match(/^client 1: \d+\.\d{3} (x+|end)$/);
    const stamps = new Set(lines.map((line) => Math.round(Number(line.split(' ')[2]) / 86_400)));
    expect(stamps.size, 'days on which it was said').to.be.above(1);
    await readers.kill();
    await a.until(left(0));
    await atRest(server);
    await server.stop();
    const records = recordsOf(server.stdout.bytes);
    for (const { time } of records) expect(time).to.match(STAMP);
    const said = records.filter(({ event }) => event === 'line');
    expect(toWire(said).equals(heard), 'the transcript is what was heard').to.equal(true);
    const told: string[] = [];
    const { whole } = await verifyAudit(createReadStream(path), (line) => told.push(line));
    expect(whole, told.join('\n')).to.equal(true);
    expect(told.join('\n')).to.match(/clock/);
    expect(server.stderr.text).to.equal('');
  });
});
