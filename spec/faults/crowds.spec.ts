import { expect } from 'chai';
import { arrive, type Client } from '../support/client.js';
import { shell, startServer } from '../support/command.js';
import { crowd } from '../support/crowd.js';
import { HAS_PROC, openDescriptors, resident, spilled } from '../support/proc.js';
import { eventually } from '../support/waiting.js';
import { arrived, bulk, left, packet, said } from '../support/wire.js';

const MIB = 1024 * 1024;
// The engine's own counters for coverage are no part of what is measured here.
const env = { NODE_V8_COVERAGE: '' };

/** How often something like this was heard. */
function count({ inbox }: Client, what: string): number {
  return inbox.text.split(what).length - 1;
}

/** Each from the first to the last is told of once, in this order. */
function notices(client: Client, what: 'arrived' | 'left'): number[] {
  return [...client.inbox.text.matchAll(/^server: client (\d+) just (arrived|left)$/gm)]
    .filter(([, , kind]) => kind === what)
    .map(([, id]) => Number(id));
}

const from = (first: number, many: number): number[] => Array.from({ length: many }, (_, i) => first + i);

describe('faults: crowds', () => {
  before(function () {
    if (!HAS_PROC) this.skip();
  });

  it('1,500 connects at once are all taken, numbered in one order, and told of once', async () => {
    const server = await startServer({ env });
    const a = await arrive(server);
    const guests = await crowd(server, 'burst', 1500);
    await a.until(arrived(1500));
    expect(notices(a, 'arrived')).to.deep.equal(from(1, 1500));
    await guests.tell('close');
    await a.until(() => notices(a, 'left').length === 1500);
    expect(notices(a, 'left').sort((one, other) => one - other)).to.deep.equal(from(1, 1500));
    expect(server.stderr.text).to.equal('');
  });

  it('5 × 10,000 that come and go, half by RST, half amid a line, leave nothing behind', async () => {
    // Otherwise the engine, Node 24's above all, takes what it may before it looks what of it is still needed.
    const NODE_OPTIONS = '--max-semi-space-size=4 --max-old-space-size=64';
    const server = await startServer({ env: { ...env, NODE_OPTIONS } });
    const { pid } = server.process;
    const resting: number[] = [];
    let base: number | undefined;
    for (let batch = 0; batch < 5; batch++) {
      const witness = await arrive(server);
      await server.stdout.until(arrived(batch * 10_001));
      // The connection of the last witness may still be being closed.
      base ??= openDescriptors(pid);
      const first = batch * 10_001 + 1;
      const guests = await crowd(server, 'churn', 10_000);
      await guests.kill();
      await witness.until(() => count(witness, ' just left\n') === 10_000);
      expect(notices(witness, 'arrived')).to.deep.equal(from(first, 10_000));
      expect(notices(witness, 'left').sort((one, other) => one - other)).to.deep.equal(from(first, 10_000));
      expect(witness.inbox.text).not.to.contain('not finis');
      await eventually('the descriptors to be given back', () => openDescriptors(pid) === base);
      resting.push(resident(server, 'VmRSS'));
      witness.end();
      await witness.ended;
    }
    const [, second, ...later] = resting;
    for (const memory of later) {
      // What 30,000 would leave behind at 300 bytes each; the engine's own ups and downs are less.
      expect(memory - (second ?? 0), resting.join(' ')).to.be.below(9 * MIB);
    }
    expect(server.stderr.text).to.equal('');
  });

  it('storms of RST amid lines harm nobody who stays', async () => {
    const server = await startServer({ env });
    const a = await arrive(server);
    const b = await arrive(server, 1, a);
    const lines = Array.from({ length: 200 }, (_, i) => `line ${i}`);
    const storm = crowd(server, 'storm', 2000);
    for (const line of lines) {
      await a.send(`${line}\n`);
      await b.until(`client 0: ${line}\n`);
    }
    await storm;
    await b.until(() => notices(b, 'left').length === 2000);
    expect(notices(b, 'arrived')).to.deep.equal(from(2, 2000));
    expect(notices(b, 'left').sort((one, other) => one - other)).to.deep.equal(from(2, 2000));
    const heard = b.inbox.text.split('\n').filter((line) => line.startsWith('client 0: '));
    expect(heard).to.deep.equal(lines.map((line) => `client 0: ${line}`));
    // What a connection that broke had not been read of is lost to it; no line is ever half of one.
    for (const line of b.inbox.text.split('\n').slice(0, -1)) {
      if (!line.startsWith('client 0: ')) {
        expect(line).to.match(/^(server: client \d+ just (arrived|left)|client \d+: a whole line)$/);
      }
    }
    expect(server.stderr.text).to.equal('');
  });

  it('200 clients at a limit of 64 descriptors: the relay stays whole, says so, and takes others in the end', async () => {
    const args = ['--memory', '1M'];
    const server = await startServer({ env, args, command: shell('ulimit -n 64 && exec "$@"') });
    const a = await arrive(server);
    const b = await arrive(server, 1, a);
    const guests = await crowd(server, 'hold', 200);
    await server.stderr.until('connections are refused: the limit of file descriptors is reached');
    // Whole: it hears, it says, and what one who does not read is owed still finds its way to the disk.
    b.pause();
    const much = bulk(16);
    await a.send(packet(much));
    await eventually('segments on disk', () => spilled(server) > 4 * MIB);
    b.resume();
    await b.until((bytes) => bytes.includes(said(0, much.at(-1) as string)));
    const taken = notices(a, 'arrived').length - 1;
    expect(taken).to.be.within(5, 60);
    expect(b.inbox.text.replace(/^server: .*\n/gm, '') === said(0, ...much)).to.equal(true);
    await guests.tell('close');
    await a.until(() => notices(a, 'left').length === taken);
    const c = await arrive(server, taken + 2, a);
    await c.send('at last\n');
    await a.until(said(taken + 2, 'at last'));
    await server.stderr.until(`connections are accepted again; ${200 - taken} were refused so far\n`);
    expect(server.stderr.text.split('\n').length, server.stderr.text).to.equal(3);
  });

  it('1,000 clients with half a line each cost little, hold up nobody, and are heard when they finish it', async () => {
    const server = await startServer({ env });
    const a = await arrive(server);
    const b = await arrive(server, 1, a);
    const guests = await crowd(server, 'hold', 1000);
    await a.until(arrived(1001));
    await guests.tell('send half of ');
    await b.send('meanwhile\n');
    await a.until(said(1, 'meanwhile'));
    expect(a.inbox.text).not.to.contain('half of');
    await guests.tell('send a line\\nand half of another');
    await a.until(() => count(a, ': half of a line\n') === 1000);
    const heard = [...a.inbox.text.matchAll(/^client (\d+): half of a line$/gm)].map(([, id]) => Number(id));
    expect(heard.sort((one, other) => one - other)).to.deep.equal(from(2, 1000));
    expect(resident(server)).to.be.below(300 * MIB);
    await guests.tell('reset');
    await a.until(() => notices(a, 'left').length === 1000);
    expect(a.inbox.text).not.to.contain('half of another');
    expect(a.inbox.text).to.contain(left(1001));
  });

  it('50 clients that write a byte at a time, in turn, are heard in whole lines', async () => {
    const server = await startServer({ env });
    const a = await arrive(server);
    await crowd(server, 'bytewise', 50);
    await a.until(() => count(a, ': the end\n') === 50);
    for (const id of from(1, 50)) {
      const mine = a.inbox.text.split('\n').filter((line) => line.startsWith(`client ${id}: `));
      expect(mine).to.deep.equal([
        `client ${id}: one byte at a time: ünï, and again`,
        `client ${id}: the end`,
      ]);
    }
  });
});
