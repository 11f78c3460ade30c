import { once } from 'node:events';
import { connect as dial } from 'node:net';
import { networkInterfaces } from 'node:os';
import { expect } from 'chai';
import { arrive, trio } from '../support/client.js';
import { startServer } from '../support/command.js';
import { within } from '../support/patience.js';
import { arrived, said } from '../support/wire.js';

describe('protocol: listening', () => {
  const elsewhere = Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .filter(({ address, scopeid }) => address !== '127.0.0.1' && !scopeid)
    .map(({ address }) => address);
  // Where the whole of 127/8 is this machine; elsewhere a connection to it would hang.
  if (process.platform === 'linux') elsewhere.push('127.0.0.2');

  for (const host of new Set([...elsewhere, '::1'])) {
    it(`refuses connections to ${host}`, async () => {
      const server = await startServer();
      const a = await arrive(server);
      expect(await attempt(server.port, host)).to.match(/^(ECONNREFUSED|EADDRNOTAVAIL|E.*UNREACH)$/);
      const b = await arrive(server, 1, a);
      await b.send('nobody else\n');
      await a.hears(arrived(1), said(1, 'nobody else'));
    });
  }

  it('takes the same port again right after it was killed with connections open', async () => {
    const first = await startServer();
    const [a, b] = await trio(first);
    // Words that the server will not have read when it dies, and words that the client has not read.
    b.pause();
    await a.send('unheard\n'.repeat(1000));
    first.kill('SIGKILL');
    await first.exited;
    const second = await startServer({ port: first.port });
    const c = await arrive(second);
    await arrive(second, 1, c);
    await c.hears(arrived(1));
  });

  it('takes the same port again right after it ended its connections itself', async () => {
    const first = await startServer();
    const [, b] = await trio(first);
    b.end();
    await b.ended;
    first.kill('SIGTERM');
    await first.exited;
    const second = await startServer({ port: first.port });
    const c = await arrive(second);
    await arrive(second, 1, c);
    await c.hears(arrived(1));
  });
});

/** The code of the error that a connection meets; none is a failure of another kind. */
async function attempt(port: number, host: string): Promise<string | undefined> {
  const socket = dial({ port, host });
  try {
    await within(once(socket, 'connect'), `an answer from ${host}`);
    return 'connected';
  } catch (error) {
    return (error as NodeJS.ErrnoException).code;
  } finally {
    socket.destroy();
  }
}
