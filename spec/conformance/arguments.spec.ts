import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { expect } from 'chai';
import { afterwards } from '../support/cleanup.js';
import { arrive } from '../support/client.js';
import { runCommand, startServer } from '../support/command.js';
import { freePort, refusal } from '../support/ports.js';

const refused = (stderr: string) => ({ code: 1, signal: null, stdout: '', stderr });

describe('protocol: arguments', () => {
  for (const args of [[], ['4242', '4243'], ['4242', ''], ['a', 'b', 'c']]) {
    it(`is told of a wrong number of arguments: ${JSON.stringify(args)}`, async () => {
      expect(await runCommand(args)).to.deep.equal(refused('Wrong number of arguments\n'));
    });
  }

  const ports = ['abc', '', '70000', '65536', '-1', '42x', '4.5', '0x50', '99999999999', '1e3', ' '];
  for (const port of ports) {
    it(`fails for what is no port: ${JSON.stringify(port)}`, async () => {
      expect(await runCommand([port])).to.deep.equal(refused('Fatal error\n'));
    });
  }

  it('fails for a port in use', async () => {
    const holder = createServer().listen(0, '127.0.0.1');
    await once(holder, 'listening');
    afterwards(() => void holder.close());
    const { port } = holder.address() as AddressInfo;
    expect(await runCommand([`${port}`])).to.deep.equal(refused('Fatal error\n'));
  });

  it('fails for the port of another, which goes on', async () => {
    const first = await startServer();
    const a = await arrive(first);
    expect(await runCommand([`${first.port}`])).to.deep.equal(refused('Fatal error\n'));
    await arrive(first, 1, a);
  });

  it('fails for a port that may not be bound', async function () {
    if ((await refusal(1)) !== 'EACCES') this.skip();
    expect(await runCommand(['1'])).to.deep.equal(refused('Fatal error\n'));
  });

  it('says nothing on standard error when there is nothing wrong', async () => {
    const server = await startServer({ port: await freePort() });
    const a = await arrive(server);
    const b = await arrive(server, 1, a);
    await a.send('hello\n');
    await b.until('client 0: hello\n');
    b.reset();
    await a.until('server: client 1 just left\n');
    await server.stop();
    expect(server.stderr.text).to.equal('');
  });
});
