// The listening socket by itself.
import { once } from 'node:events';
import { connect, Server, type Socket } from 'node:net';
import { expect } from 'chai';
import type { MiniServError } from '../../lib/index.js';
import { Listener } from '../../lib/relay/listener.js';
import { afterwards } from '../support/cleanup.js';

function made() {
  const accepted: Socket[] = [];
  const warnings: MiniServError[] = [];
  const listener = new Listener({
    onConnection: (socket) => void accepted.push(socket.on('error', () => {})),
    onRefuse: () => {},
    warn: (warning) => void warnings.push(warning),
  });
  afterwards(async () => {
    for (const socket of accepted) socket.destroy();
    await listener.close();
  });
  return { listener, accepted, warnings };
}

const many = async (): Promise<number> => 100;

/** Listens on a free port; gives that, and the server that the listener makes. */
async function listening(listener: Listener): Promise<{ server: Server; port: number }> {
  const { listen } = Server.prototype;
  let server: Server | undefined;
  Server.prototype.listen = function (this: Server, ...how: Parameters<Server['listen']>) {
    server = this;
    return listen.apply(this, how);
  } as typeof listen;
  try {
    const port = await listener.listen(0, many);
    return { server: server as unknown as Server, port };
  } finally {
    Server.prototype.listen = listen;
  }
}

async function accept(accepted: Socket[], port: number): Promise<Socket> {
  const before = accepted.length;
  const client = connect(port, '127.0.0.1').on('error', () => {});
  afterwards(() => void client.destroy());
  await once(client, 'connect');
  while (accepted.length === before) await new Promise((resolve) => setImmediate(resolve));
  return accepted[before] as Socket;
}

describe('listener', () => {
  it('says what is wrong with a port, or with its state', async () => {
    const { listener } = made();
    for (const port of [-1, 65_536, 1.5, Number.NaN]) {
      const error = await listener.listen(port, many).catch((error) => error);
      expect(error).to.include({
        code: 'ERR_OPTION',
        message: `a port is an integer from 0 to 65535, and not ${port}`,
      });
    }
    await listener.listen(0, many);
    const again = await listener.listen(0, many).catch((error) => error);
    expect(again).to.include({ code: 'ERR_STATE', message: 'the relay listens already' });
    await listener.close();
    const late = await listener.listen(0, many).catch((error) => error);
    expect(late).to.include({ code: 'ERR_STATE', message: 'the relay is closed' });
  });

  it('takes the last port there is', async () => {
    const { listener } = made();
    const outcome = await listener.listen(65_535, many).catch((error) => error.code);
    expect(outcome).to.be.oneOf([65_535, 'EADDRINUSE']);
  });

  it('listens on 127.0.0.1 and nowhere else, and says on which port', async () => {
    const { listener } = made();
    const { server, port } = await listening(listener);
    expect(server.address()).to.deep.equal({ address: '127.0.0.1', family: 'IPv4', port });
    expect(server.maxConnections).to.equal(100);
  });

  it('warns of what goes wrong once it listens, and goes on', async () => {
    const { listener, accepted, warnings } = made();
    const { server, port } = await listening(listener);
    expect(server.listenerCount('error')).to.equal(1);
    const cause = new Error('EMFILE');
    server.emit('error', cause);
    expect(warnings.map(({ code, message, cause }) => [code, message, cause])).to.deep.equal([
      ['ERR_ACCEPT', 'a connection could not be accepted: EMFILE', cause],
    ]);
    await accept(accepted, port);
  });

  it('accepts connections that may be half-closed', async () => {
    const { listener, accepted } = made();
    const port = await listener.listen(0, many);
    const socket = await accept(accepted, port);
    expect(socket.allowHalfOpen).to.equal(true);
  });
});
