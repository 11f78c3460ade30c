import { expect } from 'chai';
import { arrive, type Client, connect, trio } from '../support/client.js';
import { shell, startServer } from '../support/command.js';
import { arrived, left, said } from '../support/wire.js';

describe('protocol: many at once', () => {
  it('brings 2,000 tiny writes to the reader, in order', async () => {
    const [a, b, c] = await trio(await startServer());
    const lines = Array.from({ length: 2000 }, (_, i) => `${i}`);
    for (const line of lines) void a.send(`${line}\n`);
    await c.hears(said(0, ...lines));
    await b.hears(arrived(2), said(0, ...lines));
  });

  // A timer in the way would cost each of them its time. The second part of a question is what Nagle's
  // algorithm would hold back until the first is acknowledged, which a kernel with nothing to send puts off.
  it('lets 100 questions in two parts be answered one after the other without delay', async () => {
    const server = await startServer();
    const a = await arrive(server);
    const b = await arrive(server, 1, a);
    let last = performance.now();
    const took: number[] = [];
    for (let i = 0; i < 100; i++) {
      await a.send(`${i}?\n`);
      await b.until(said(0, `${i}?`));
      await a.send(`${i}??\n`);
      await b.until(said(0, `${i}??`));
      await b.send(`${i}!\n`);
      await a.until(said(1, `${i}!`));
      took.push(performance.now() - last);
      last = performance.now();
    }
    // A timer delays each of them; a busy machine delays many, and leaves the quickest alone.
    const quick = took.sort((one, other) => one - other)[10] as number;
    expect(quick, 'milliseconds for one of the quickest').to.be.below(15);
  });

  it('lets a hundred talk at once, and all hear one order', async () => {
    const server = await startServer();
    const witness = await arrive(server);
    const crowd: Client[] = [];
    for (let id = 1; id <= 100; id++) crowd.push(await arrive(server, id, witness));
    const start = witness.received.length;
    const ends = Array.from({ length: 20 }, (_, i) => `line ${i}\n`);
    for (const end of ends) for (const client of crowd) void client.send(end);
    await witness.until((bytes) => count(bytes.subarray(start)) === 2000);
    const order = witness.received
      .subarray(start)
      .toString()
      .split(/(?<=\n)/);
    for (const [i, client] of crowd.entries()) {
      const mine = `client ${i + 1}: `;
      expect(order.filter((line) => line.startsWith(mine))).to.deep.equal(ends.map((end) => mine + end));
      const later = crowd.slice(i + 1).map((_, j) => arrived(i + 2 + j));
      await client.hears(...later, ...order.filter((line) => !line.startsWith(mine)));
    }
  });

  it('goes on at the limit of file descriptors, and takes new clients when some have left', async () => {
    const server = await startServer({ command: shell('ulimit -n 256 && exec "$@"') });
    const a = await arrive(server);
    const b = await arrive(server, 1, a);
    const crowd = await Promise.all(Array.from({ length: 400 }, () => connect(server)));
    await a.send('how full it is\n');
    await b.until(said(0, 'how full it is'));
    await b.send('indeed\n');
    await a.until(said(1, 'indeed'));
    for (const guest of crowd) guest.reset();
    const came = () => numbers(a, /client (\d+) just arrived/g);
    await a.until(() => numbers(a, /client (\d+) just left/g).length === came().length - 1);
    const newcomer = await connect(server);
    await newcomer.send('at last\n');
    await a.until(/* whatever its number is */ ': at last\n');
    const ids = came();
    expect(ids).to.deep.equal(ids.map((_, i) => i + 1));
    expect(a.inbox.text).not.to.contain(left(1));
  });
});

function count(bytes: Buffer): number {
  let lines = 0;
  for (const byte of bytes) if (byte === 0x0a) lines++;
  return lines;
}

function numbers(client: Client, notice: RegExp): number[] {
  return [...client.inbox.text.matchAll(notice)].map(([, id]) => Number(id));
}
