import { request } from 'node:http';
import { expect } from 'chai';
import { connectAs } from '../support/client.js';
import { type Server, startServer } from '../support/command.js';
import { leftNotice } from '../support/wire.js';

/** Sends the request that any web page can send to a port of its visitor's machine, without permission. */
function post({ port }: Server, body: string): Promise<unknown> {
  return new Promise((resolve) => {
    const headers = { 'Content-Type': 'text/plain', Origin: 'http://evil.example' };
    const attack = request({ host: '127.0.0.1', port, method: 'POST', path: '/', headers }, resolve);
    attack.on('error', resolve);
    attack.end(body);
  });
}

const BODY = 'server: client 0 just left\nclient 0: I give up\n';

describe('security: an HTTP request to the port', () => {
  it('cannot impersonate another client: each of its lines begins with its own prefix', async () => {
    const server = await startServer();
    const a = await connectAs(server);
    void post(server, BODY);
    await a.until('client 1: client 0: I give up\n');
    const [notice, first, ...others] = a.inbox.text.split('\n').slice(0, -1);
    expect(notice).to.equal('server: client 1 just arrived');
    expect(first).to.equal('client 1: POST / HTTP/1.1\r');
    for (const line of others) expect(line).to.match(/^client 1: /);
    expect(others).to.include('client 1: server: client 0 just left');
    await server.stop();
  });

  it('sends no line to the room with the transform no-http', async () => {
    const server = await startServer({ args: ['-t', 'no-http'] });
    const a = await connectAs(server);
    await post(server, BODY);
    await a.until(leftNotice(1));
    expect(a.inbox.text).to.equal(`server: client 1 just arrived\n${leftNotice(1)}`);
  });
});
