import { arrive, trio } from '../support/client.js';
import { startServer } from '../support/command.js';
import { arrived, left, said } from '../support/wire.js';

describe('protocol: arrivals', () => {
  it('tells everyone there of a newcomer, and not the newcomer', async () => {
    const [a, b, c] = await trio(await startServer());
    await a.send('done\n');
    await c.hears(said(0, 'done'));
    await b.hears(arrived(2), said(0, 'done'));
    await b.send('done\n');
    await c.hears(said(0, 'done'), said(1, 'done'));
    await a.hears(arrived(1), arrived(2), said(1, 'done'));
  });

  it('lets a newcomer hear nothing from before', async () => {
    const server = await startServer();
    const [a, b, c] = await trio(server);
    await a.send('before\n');
    c.end();
    await b.until(left(2));
    const d = await arrive(server, 3, b);
    await a.send('after\n');
    await d.hears(said(0, 'after'));
    await b.hears(arrived(2), said(0, 'before'), left(2), arrived(3), said(0, 'after'));
  });

  it('lets nobody hear themselves', async () => {
    const server = await startServer();
    const a = await arrive(server);
    const b = await arrive(server, 1, a);
    await a.send('one\ntwo\n');
    await b.hears(said(0, 'one', 'two'));
    await b.send('three\n');
    await a.hears(arrived(1), said(1, 'three'));
    await a.send('four\n');
    await b.hears(said(0, 'one', 'two', 'four'));
    await b.send('five\n');
    await a.hears(arrived(1), said(1, 'three', 'five'));
  });

  it('gives a number to one client only, though it has left', async () => {
    const server = await startServer();
    const a = await arrive(server);
    const heard: string[] = [];
    for (const id of [1, 2, 3]) {
      const guest = await arrive(server, id, a);
      guest.end();
      heard.push(arrived(id), left(id));
      await a.hears(...heard);
    }
  });

  it('goes on counting when the room was empty in between', async () => {
    const server = await startServer();
    for (const id of [0, 1, 2]) {
      const alone = await arrive(server);
      await alone.send(`I was ${id}\n`);
      alone.end();
      // The end of its connection says that it has left.
      await alone.ended;
      await alone.hears('');
    }
    const a = await arrive(server);
    const b = await arrive(server, 4, a);
    await b.send('hello\n');
    await a.hears(arrived(4), said(4, 'hello'));
    await a.send('hello\n');
    await b.hears(said(3, 'hello'));
  });

  it('numbers a crowd that comes at once in the order in which it is announced', async () => {
    const server = await startServer();
    const witness = await arrive(server);
    const crowd = await Promise.all(Array.from({ length: 300 }, () => arrive(server)));
    await witness.hears(...crowd.map((_, i) => arrived(i + 1)));
  });
});
