import { expect } from 'chai';
import { arrive, trio } from '../support/client.js';
import { startServer } from '../support/command.js';
import { outsider } from '../support/outsider.js';
import { arrived, bulk, left, packet, said } from '../support/wire.js';

describe('protocol: leaves', () => {
  it('announces a client that ended its connection, once, after its last line', async () => {
    const [a, b, c] = await trio(await startServer());
    await b.send('last\n');
    b.end();
    await c.until(left(1));
    await a.send('done\n');
    await c.hears(said(1, 'last'), left(1), said(0, 'done'));
    await c.send('done\n');
    await a.hears(arrived(1), arrived(2), said(1, 'last'), left(1), said(2, 'done'));
  });

  it('announces it after all of 10,000 lines that came just before', async () => {
    const [a, b, c] = await trio(await startServer());
    const lines = Array.from({ length: 10_000 }, (_, i) => `line ${i}`);
    b.socket.end(packet(lines));
    await c.until(left(1));
    await a.send('done\n');
    await c.hears(said(1, ...lines), left(1), said(0, 'done'));
  });

  it('announces a client whose connection was reset, once', async () => {
    const [a, b, c] = await trio(await startServer());
    await b.send('last\nunfinished');
    await c.until(said(1, 'last'));
    b.reset();
    await c.until(left(1));
    await a.send('done\n');
    await c.hears(said(1, 'last'), left(1), said(0, 'done'));
    await c.send('done\n');
    await a.hears(arrived(1), arrived(2), said(1, 'last'), left(1), said(2, 'done'));
  });

  it('announces a client whose process was killed, once', async () => {
    const server = await startServer();
    const a = await arrive(server);
    const b = await arrive(server, 1, a);
    const killed = outsider(server);
    await b.until(arrived(2));
    killed.send('last\nunfinished');
    await b.until(said(2, 'last'));
    killed.kill();
    await b.until(left(2));
    await a.send('done\n');
    await b.hears(arrived(2), said(2, 'last'), left(2), said(0, 'done'));
  });

  it('announces a client whose process was killed with words to it unread, once', async () => {
    const server = await startServer();
    const a = await arrive(server);
    const b = await arrive(server, 1, a);
    const killed = outsider(server);
    await b.until(arrived(2));
    killed.halt();
    const much = bulk(8);
    await a.send(packet(much));
    await b.until((bytes) => bytes.length > 8_000_000);
    killed.kill();
    await b.until(left(2));
    await a.send('done\n');
    await b.hears(arrived(2), said(0, ...much), left(2), said(0, 'done'));
  });

  it('announces a client once that ended its connection, then broke it off with words unread', async () => {
    const [a, b, c] = await trio(await startServer());
    b.pause();
    const much = bulk(8);
    await a.send(packet(much));
    await c.until((bytes) => bytes.length > 8_000_000);
    b.end();
    await c.until(left(1));
    // What lies unread in the kernel makes an RST of it.
    b.socket.destroy();
    await b.closed;
    await a.send('done\n');
    await c.hears(said(0, ...much), left(1), said(0, 'done'));
  });

  it('announces each of a crowd that leaves at once, once', async () => {
    const server = await startServer();
    const witness = await arrive(server);
    const crowd = await Promise.all(Array.from({ length: 60 }, () => arrive(server)));
    await witness.until(arrived(60));
    for (const [i, guest] of crowd.entries()) i % 2 ? guest.reset() : guest.end();
    const announced = () => witness.inbox.text.split('\n').filter((line) => line.endsWith(' left'));
    await witness.until(() => announced().length >= 60);
    await arrive(server, 61, witness);
    const each = crowd.map((_, i) => left(i + 1).trimEnd());
    expect(announced()).to.have.members(each);
  });
});
