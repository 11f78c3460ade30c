import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { verifyAudit } from '../../lib/transcript/verify.js';
import { recordsOf, toWire } from '../support/audit.js';
import { connectAs } from '../support/client.js';
import { type Server, startServer } from '../support/command.js';
import { folder } from '../support/modules.js';
import { spilled, ticks } from '../support/proc.js';
import { startStalledReaders } from '../support/stalled-readers.js';
import { describeWith } from '../support/tools.js';
import { eventually, within } from '../support/waiting.js';
import { leftNotice } from '../support/wire.js';

const MIB = 1024 * 1024;
const LINE = `${'x'.repeat(999)}\n`;
const CHUNK_LINES = 64;
const CHUNK = LINE.repeat(CHUNK_LINES);
const CHUNKS = 200;
const CLOCK = new URL('../../../spec/support/clock.mjs', import.meta.url).href;
const TIMESTAMP = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
const SECONDS_PER_DAY = 86_400;

/** Waits until the server has used no CPU time for half a second. */
function untilIdle(server: Server): Promise<void> {
  let [before, idleIntervals] = [ticks(server), 0];
  return eventually('the relay to be idle', async () => {
    await new Promise((resolve) => setTimeout(resolve, 100));
    const now = ticks(server);
    idleIntervals = now - before <= 1 ? idleIntervals + 1 : 0;
    before = now;
    return idleIntervals === 5;
  });
}

describeWith('proc', 'faults: a wall clock that jumps', () => {
  it('changes only timestamps: lines, backlog, audit and idle behaviour are as always', async () => {
    const path = join(await folder({}), 'audit');
    const server = await startServer({
      env: { NODE_V8_COVERAGE: '', NODE_OPTIONS: `--import ${CLOCK}` },
      args: [
        ...['--memory', '4M', '--format', 'json', '--audit', path],
        ...['-t', 'timestamp=format:unix', '-t', 'rate=lines:1000000'],
      ],
    });
    const readers = await startStalledReaders(server, 1);
    const sender = await connectAs(server);
    const receiver = await connectAs(server, 2, sender);
    for (let chunk = 0; chunk < CHUNKS; chunk++) {
      if (!sender.socket.write(CHUNK)) await within(once(sender.socket, 'drain'), 'the sender to continue');
    }
    await sender.send('end\n');
    await receiver.until((bytes) => bytes.subarray(-5).toString() === ' end\n');
    await eventually('the backlog on disk', () => spilled(server) > 4 * MIB);
    await untilIdle(server);
    const received = Buffer.from(receiver.received);
    const lines = receiver.inbox.text.split('\n').slice(0, -1);
    expect(lines.length).to.equal(CHUNKS * CHUNK_LINES + 1);
    for (const line of lines) expect(line.slice(0, 40)).to.match(/^client 1: \d+\.\d{3} (x+|end)$/);
    const days = new Set(lines.map((line) => Math.round(Number(line.split(' ')[2]) / SECONDS_PER_DAY)));
    expect(days.size, 'days in the timestamps').to.be.above(1);
    await readers.kill();
    await sender.until(leftNotice(0));
    // A relay that gets little processor time looks idle while it still writes its transcript, which a signal would cut.
    await server.stdout.until('"event":"left","client":0');
    await untilIdle(server);
    await server.stop();
    const records = recordsOf(server.stdout.bytes);
    for (const { time } of records) expect(time).to.match(TIMESTAMP);
    const transcript = toWire(records.filter(({ event }) => event === 'line'));
    expect(transcript.equals(received), 'the transcript equals what was received').to.equal(true);
    const verdicts: string[] = [];
    const { isComplete } = await verifyAudit(createReadStream(path), (line) => verdicts.push(line));
    expect(isComplete, verdicts.join('\n')).to.equal(true);
    expect(verdicts.join('\n')).to.match(/clock/);
    expect(server.stderr.text).to.equal('');
  });
});
