import { arrive, trio } from '../support/client.js';
import { startServer } from '../support/command.js';
import { outsider } from '../support/outsider.js';
import { arrived, bulk, left, packet, said } from '../support/wire.js';

// More than the kernel's buffers between two processes hold, so that the relay itself has to keep it.
const much = bulk(20);

describe('protocol: slow readers', () => {
  it('holds nobody up for a client whose process stands still, and keeps all for it', async () => {
    const server = await startServer();
    const a = await arrive(server);
    const b = await arrive(server, 1, a);
    const still = outsider(server);
    await b.until(arrived(2));
    still.halt();
    await a.send(packet(much));
    await b.hears(arrived(2), said(0, ...much));
    await b.send('still here?\n');
    await a.hears(arrived(1), arrived(2), said(1, 'still here?'));
    still.wake();
    await still.until(said(1, 'still here?'));
    still.send('I am\n');
    await b.hears(arrived(2), said(0, ...much), said(2, 'I am'));
    await still.hears(said(0, ...much), said(1, 'still here?'));
  });

  it('keeps all for a client that does not read, and takes its lines meanwhile', async () => {
    const server = await startServer();
    const [a, b, c] = await trio(server);
    b.pause();
    await a.send(packet(much));
    await c.hears(said(0, ...much));
    await b.send('speaking, not listening\n');
    await c.hears(said(0, ...much), said(1, 'speaking, not listening'));
    b.resume();
    await b.hears(arrived(2), said(0, ...much));
  });

  it('loses nothing when two clients both write before they read', async () => {
    const [a, b, c] = await trio(await startServer());
    a.pause();
    b.pause();
    const lines = bulk(8);
    await Promise.all([a.send(packet(lines)), b.send(packet(lines))]);
    const each = said(0, ...lines).length;
    await c.until((bytes) => bytes.length === 2 * each);
    a.resume();
    b.resume();
    await a.hears(arrived(1), arrived(2), said(1, ...lines));
    await b.hears(arrived(2), said(0, ...lines));
  });

  it('announces a client once that breaks off with much unread, and goes on', async () => {
    const [a, b, c] = await trio(await startServer());
    b.pause();
    await a.send(packet(much));
    await c.hears(said(0, ...much));
    b.reset();
    await c.until(left(1));
    await a.send('done\n');
    await c.hears(said(0, ...much), left(1), said(0, 'done'));
  });
});
