import { once } from 'node:events';
import { connect, Server, type Socket } from 'node:net';
import { expect } from 'chai';
import type { MiniServError } from '../../lib/index.js';
import { Listener } from '../../lib/relay/listener.js';
import { addCleanup } from '../support/cleanup.js';

function made() {
  const accepted: Socket[] = [];
  const warnings: MiniServError[] = [];
  const listener = new Listener({
    onConnection: (socket) => void accepted.push(socket.on('error', () => {})),
    onRefuse: () => {},
    warn: (warning) => void warnings.push(warning),
  });
  addCleanup(async () => {
    for (const socket of accepted) socket.destroy();
    await listener.close();
  });
  return { listener, accepted, warnings };
}

const maxConnections = async (): Promise<number> => 100;

/** Listens on a free port. Returns the port and the server that the listener has created. */
async function listening(listener: Listener): Promise<{ server: Server; port: number }> {
  const { listen } = Server.prototype;
  let server: Server | undefined;
  Server.prototype.listen = function (this: Server, ...how: Parameters<Server['listen']>) {
    server = this;
    return listen.apply(this, how);
  } as typeof listen;
  try {
    const port = await listener.listen(0, maxConnections);
    return { server: server as unknown as Server, port };
  } finally {
    Server.prototype.listen = listen;
  }
}

async function accept(accepted: Socket[], port: number): Promise<Socket> {
  const before = accepted.length;
  const client = connect(port, '127.0.0.1').on('error', () => {});
  addCleanup(() => void client.destroy());
  await once(client, 'connect');
  while (accepted.length === before) await new Promise((resolve) => setImmediate(resolve));
  return accepted[before] as Socket;
}

describe('Listener', () => {
  it('says in an error what is wrong with the port or with its state', async () => {
    const { listener } = made();
    for (const port of [-1, 65_536, 1.5, Number.NaN]) {
      const error = await listener.listen(port, maxConnections).catch((error) => error);
      expect(error).to.include({
        code: 'ERR_OPTION',
        message: `port: expected an integer from 0 to 65535, got ${port}`,
      });
    }
    await listener.listen(0, maxConnections);
    const again = await listener.listen(0, maxConnections).catch((error) => error);
    expect(again).to.include({ code: 'ERR_STATE', message: 'the relay is already listening' });
    await listener.close();
    const late = await listener.listen(0, maxConnections).catch((error) => error);
    expect(late).to.include({ code: 'ERR_STATE', message: 'the relay is closed' });
  });

  it('accepts the highest port', async () => {
    const { listener } = made();
    const outcome = await listener.listen(65_535, maxConnections).catch((error) => error.code);
    expect(outcome).to.be.oneOf([65_535, 'EADDRINUSE']);
  });

  it('listens on 127.0.0.1 only, with the given limit, and returns the port', async () => {
    const { listener } = made();
    const { server, port } = await listening(listener);
    expect(server.address()).to.deep.equal({ address: '127.0.0.1', family: 'IPv4', port });
    expect(server.maxConnections).to.equal(100);
  });

  it('warns about an error of the server and continues to accept', async () => {
    const { listener, accepted, warnings } = made();
    const { server, port } = await listening(listener);
    expect(server.listenerCount('error')).to.equal(1);
    const cause = new Error('EMFILE');
    server.emit('error', cause);
    expect(warnings.map(({ code, message, cause }) => [code, message, cause])).to.deep.equal([
      ['ERR_ACCEPT', 'cannot accept a connection: EMFILE', cause],
    ]);
    await accept(accepted, port);
  });

  it('accepts connections that stay writable after the peer has half-closed', async () => {
    const { listener, accepted } = made();
    const port = await listener.listen(0, maxConnections);
    const socket = await accept(accepted, port);
    expect(socket.allowHalfOpen).to.equal(true);
  });
});
