import { arrive, trio } from '../support/client.js';
import { startServer } from '../support/command.js';
import { arrived, left, packet, said } from '../support/wire.js';

describe('protocol: lines', () => {
  it('takes an empty line for a line', async () => {
    const [a, , c] = await trio(await startServer());
    await a.send('\n');
    await a.send('\n\nend\n');
    await c.hears('client 0: \nclient 0: \nclient 0: \nclient 0: end\n');
  });

  it('keeps blanks at either end, and text that looks like a prefix', async () => {
    const [a, , c] = await trio(await startServer());
    const lines = ['  both  ', '\ttab\t', ' ', 'client 1: hi', 'server: client 1 just left', 'end'];
    await a.send(packet(lines));
    await c.hears(said(0, ...lines));
  });

  it('puts the prefix before each of many lines that come in one packet', async () => {
    const [a, b, c] = await trio(await startServer());
    await b.send('one\ntwo\nthree\n');
    await c.hears('client 1: one\nclient 1: two\nclient 1: three\n');
    await a.hears(arrived(1), arrived(2), 'client 1: one\nclient 1: two\nclient 1: three\n');
  });

  it('takes 10,000 lines in one packet', async () => {
    const [a, , c] = await trio(await startServer());
    const lines = Array.from({ length: 10_000 }, (_, i) => `${i}`);
    await a.send(packet(lines));
    await c.hears(said(0, ...lines));
  });

  it('takes one line in 10,000 packets', async () => {
    const [a, b, c] = await trio(await startServer());
    const line = '0123456789'.repeat(1000);
    for (const letter of line) await a.send(letter);
    await b.send('not yet\n');
    await c.hears(said(1, 'not yet'));
    await a.send('\n');
    await c.hears(said(1, 'not yet'), said(0, line));
  });

  it('lets text wait for its newline, apart from that of others', async () => {
    const server = await startServer();
    const [a, b, c] = await trio(server);
    const d = await arrive(server, 3, c);
    const pace = ['x'];
    await c.send('x\n');
    await d.hears(said(2, ...pace));
    // Every step is followed by a line of a third client's, so that the pieces come one by one.
    for (const [who, piece] of [
      [a, 'he'],
      [b, 'good'],
      [a, 'll'],
      [b, 'b'],
      [a, 'o'],
      [b, 'ye'],
    ] as const) {
      await who.send(piece);
      pace.push(piece);
      await c.send(`${piece}\n`);
      await d.hears(said(2, ...pace));
    }
    await b.send('\nagain');
    await d.hears(said(2, ...pace), said(1, 'goodbye'));
    await a.send('\nand\n');
    await d.hears(said(2, ...pace), said(1, 'goodbye'), said(0, 'hello', 'and'));
    await b.send('\n');
    await d.hears(said(2, ...pace), said(1, 'goodbye'), said(0, 'hello', 'and'), said(1, 'again'));
  });

  it('drops what was unfinished when its client leaves, and leaks it into nothing', async () => {
    const server = await startServer();
    const [a, b, c] = await trio(server);
    await b.send('finished\nunfinished');
    b.end();
    await c.until(left(1));
    const d = await arrive(server, 3, c);
    await d.send('mine\n');
    await c.hears(said(1, 'finished'), left(1), arrived(3), said(3, 'mine'));
    await d.send('also unfinished');
    d.reset();
    await c.until(left(3));
    const e = await arrive(server, 4, c);
    await e.send('\n');
    await a.send('done\n');
    await e.hears(said(0, 'done'));
    await a.until(said(4, ''));
    await c.until(said(4, ''));
    await a.hears(
      ...[arrived(1), arrived(2), said(1, 'finished'), left(1)],
      ...[arrived(3), said(3, 'mine'), left(3), arrived(4), said(4, '')],
    );
  });
});
