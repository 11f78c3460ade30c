import { arrive, connect, trio } from '../support/client.js';
import { startServer } from '../support/command.js';
import { arrived, bulk, left, packet, said } from '../support/wire.js';

describe('protocol: half-close', () => {
  it('is a leave: announced, and the connection then ends', async () => {
    const [a, b, c] = await trio(await startServer());
    await a.send('to all\n');
    await b.until(said(0, 'to all'));
    b.end();
    await b.ended;
    await c.until(left(1));
    await a.send('after\n');
    await c.hears(said(0, 'to all'), left(1), said(0, 'after'));
    await b.hears(arrived(2), said(0, 'to all'));
  });

  it('is announced at once, though much is owed; all of it is delivered, and nothing later', async () => {
    const [a, b, c] = await trio(await startServer());
    b.pause();
    const owed = bulk(20);
    await Promise.all([a.send(packet(owed)), c.until((bytes) => bytes.length > 20_000_000)]);
    b.end();
    await c.until(left(1));
    await a.send('after\n');
    await c.hears(said(0, ...owed), left(1), said(0, 'after'));
    b.resume();
    await b.ended;
    await b.hears(arrived(2), said(0, ...owed));
  });

  it('lets a client say one thing and go', async () => {
    const server = await startServer();
    const a = await arrive(server);
    const brief = await connect(server);
    brief.socket.end('hello\n');
    await brief.ended;
    await brief.hears('');
    await a.hears(arrived(1), said(1, 'hello'), left(1));
  });

  it('lets a client come and go without a word', async () => {
    const server = await startServer();
    const a = await arrive(server);
    const mute = await connect(server);
    mute.end();
    await mute.ended;
    await arrive(server, 2, a);
    await a.hears(arrived(1), left(1), arrived(2));
  });
});
