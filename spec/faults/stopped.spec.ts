import { once } from 'node:events';
import { expect } from 'chai';
import { arrive, type Client } from '../support/client.js';
import { startServer } from '../support/command.js';
import { HAS_PROC, openDescriptors, resident, spilled } from '../support/proc.js';
import { expectation, stoppedReaders } from '../support/stopped.js';
import { eventually, within } from '../support/waiting.js';
import { arrived, left, said } from '../support/wire.js';

// What stopped readers cost, and that they get all of it: see backlog.spec.ts.
const MIB = 1024 * 1024;
const LINE = `${'x'.repeat(99)}\n`;
const CHUNK = LINE.repeat(640);
const env = { NODE_V8_COVERAGE: '' };

/** Says so many bytes as fast as they are taken. */
async function flood({ socket }: Client, bytes: number): Promise<void> {
  for (let done = 0; done < bytes; done += CHUNK.length) {
    if (!socket.write(CHUNK)) await within(once(socket, 'drain'), 'the sender to go on');
  }
}

/** The hash of what is heard of that, from the line `begin` on. */
function hashOf(id: number, bytes: number, ...last: string[]): string {
  const hash = expectation();
  const prefixed = said(id, ...Array.from({ length: 640 }, () => LINE.trimEnd()));
  for (let done = 0; done < bytes; done += CHUNK.length) hash.update(prefixed);
  return hash.update(said(id, ...last)).digest('hex');
}

describe('faults: processes that are stopped and killed', () => {
  before(function () {
    if (!HAS_PROC) this.skip();
  });

  it('three that are killed with 100 MB owed to each leave nothing behind, and the room goes on', async () => {
    const server = await startServer({ env, args: ['--memory', '16M'] });
    const a = await arrive(server);
    // A connection may be there before the relay has taken it.
    await server.stdout.until(arrived(0));
    const descriptors = openDescriptors(server.process.pid);
    const readers = await stoppedReaders(server, 3);
    await flood(a, 100 * MIB);
    await eventually('the backlog on disk', () => spilled(server) > 50 * MIB);
    await readers.kill();
    for (const id of [1, 2, 3]) await a.until(left(id));
    await eventually('the disk to be given back', () => spilled(server) === 0);
    await eventually(
      'the descriptors to be given back',
      () => openDescriptors(server.process.pid) === descriptors,
    );
    const b = await arrive(server, 4, a);
    await a.send('still here\n');
    await b.until(said(0, 'still here'));
    expect(resident(server)).to.be.below(200 * MIB);
    expect(server.stderr.text).to.equal('');
  });

  it('a reader that stands still for long, and then again, hears all of it, byte for byte', async () => {
    const server = await startServer({ env, args: ['--memory', '8M'] });
    const readers = await stoppedReaders(server, 2);
    const a = await arrive(server);
    await a.send('begin\n');
    await flood(a, 500 * CHUNK.length);
    await eventually('the backlog on disk', () => spilled(server) > 16 * MIB);
    // Longer than a reader may make no progress before it counts as stopped; it decides nothing.
    await new Promise((resolve) => setTimeout(resolve, 2500));
    readers.cont();
    await eventually('them to catch up', () => spilled(server) === 0);
    readers.halt();
    await flood(a, 500 * CHUNK.length);
    await a.send('end\n');
    const { hashes } = await readers.resume();
    const whole = hashOf(2, 1000 * CHUNK.length, 'end');
    expect(hashes).to.deep.equal([whole, whole]);
  });

  it('a relay that stands still itself loses nothing of what is sent meanwhile', async () => {
    const server = await startServer({ env });
    const a = await arrive(server);
    const b = await arrive(server, 1, a);
    server.kill('SIGSTOP');
    const lines = Array.from({ length: 20_000 }, (_, i) => `line ${i}`);
    const sent = a.send(lines.map((line) => `${line}\n`).join(''));
    const c = arrive(server);
    await c;
    server.kill('SIGCONT');
    await sent;
    await a.until('client 2 just arrived');
    await a.send('end\n');
    await b.until(said(0, 'end'));
    expect(b.inbox.text.replace(/^server: .*\n/gm, '')).to.equal(said(0, ...lines, 'end'));
  });
});
