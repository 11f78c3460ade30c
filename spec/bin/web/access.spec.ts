import { expect } from 'chai';
import { createAccess } from '../../../bin/web/access.js';
import { exchange, openTestWeb, requestText, upgradeText, type WebPort } from '../../support/web.js';

const statusOf = (response: string): string => response.slice('HTTP/1.1 '.length, 'HTTP/1.1 200'.length);

describe('web port: access', () => {
  let web: WebPort;
  const get = async (headers: Record<string, string | undefined>) =>
    statusOf(await exchange(web, requestText(web, 'GET /', headers)));

  beforeEach(async () => {
    web = await openTestWeb();
  });

  it('answers only requests that name this server by its exact address', async () => {
    const { port } = web;
    expect(await get({})).to.equal('200');
    expect(await get({ Host: `localhost:${port}` })).to.equal('200');
    for (const host of [
      '127.0.0.1',
      'localhost',
      `127.0.0.1:${port + 1}`,
      `127.0.0.1:0${port}`,
      `LOCALHOST:${port}`,
      `localhost.:${port}`,
      `127.1:${port}`,
      `2130706433:${port}`,
      `[::1]:${port}`,
      `rebound.example:${port}`,
      `127.0.0.1:${port}.rebound.example`,
      `127.0.0.1:${port}@rebound.example`,
      `x@127.0.0.1:${port}`,
      `127.0.0.1:${port}, rebound.example`,
      '',
    ]) {
      expect(await get({ Host: host }), `Host: ${host}`).to.equal('403');
    }
    expect(await get({ Host: `127.0.0.1:${port}\r\nHost: rebound.example` }), 'two hosts').to.equal('403');
    expect(statusOf(await exchange(web, 'GET / HTTP/1.0\r\n\r\n')), 'HTTP/1.0').to.equal('403');
    expect(await get({ Host: undefined }), 'no host').to.equal('403');
    expect(await get({ Host: undefined, 'X-Forwarded-Host': `127.0.0.1:${port}` })).to.equal('403');
    for (const expected of ['100-continue', 'something else']) {
      const response = await exchange(
        web,
        requestText(web, 'GET /', { Host: 'rebound.example', Expect: expected }),
      );
      expect(statusOf(response), `Expect: ${expected}`).to.equal('403');
    }
  });

  it('refuses requests of pages of other origins', async () => {
    const { port } = web;
    expect(await get({ Origin: `http://127.0.0.1:${port}` })).to.equal('200');
    expect(await get({ Origin: `http://localhost:${port}` })).to.equal('200');
    for (const origin of [
      'null',
      '',
      `https://127.0.0.1:${port}`,
      `http://127.0.0.1:${port + 1}`,
      `http://127.0.0.1:${port}/`,
      `http://127.0.0.1:${port}.evil.example`,
      `http://evil.example:${port}`,
      'http://127.0.0.1',
      `127.0.0.1:${port}`,
      `http://127.0.0.1:${port} http://evil.example`,
      'file://',
    ]) {
      expect(await get({ Origin: origin }), `Origin: ${origin}`).to.equal('403');
    }
  });

  for (const path of ['/feed', '/join']) {
    it(`opens the WebSocket ${path} only for the page of this server, with its token`, async () => {
      const { port, token } = web;
      const other = `${token.startsWith('A') ? 'B' : 'A'}${token.slice(1)}`;
      for (const [what, headers] of Object.entries({
        'no origin': { Origin: undefined },
        'another origin': { Origin: 'http://evil.example' },
        'the origin null': { Origin: 'null' },
        'an origin of the old protocol': {
          Origin: undefined,
          'Sec-WebSocket-Version': '8',
          'Sec-WebSocket-Origin': `http://127.0.0.1:${port}`,
        },
        'another host': { Host: `rebound.example:${port}` },
        'no token': { 'Sec-WebSocket-Protocol': 'mini-serv' },
        'no protocol': { 'Sec-WebSocket-Protocol': undefined },
        'another token': { 'Sec-WebSocket-Protocol': `mini-serv, ${other}` },
        'an empty token': { 'Sec-WebSocket-Protocol': 'mini-serv, ' },
        'the start of the token': { 'Sec-WebSocket-Protocol': `mini-serv, ${token.slice(0, -1)}` },
        'two tokens': { 'Sec-WebSocket-Protocol': `mini-serv, ${other}, ${token}` },
        'the token first': { 'Sec-WebSocket-Protocol': `${token}, mini-serv` },
        'a token in the URL': { 'Sec-WebSocket-Protocol': 'mini-serv', Cookie: `token=${token}` },
      })) {
        const response = await exchange(web, upgradeText(web, `${path}?token=${token}`, headers));
        expect(response, what).to.match(/^HTTP\/1\.1 403 Forbidden\r\n/);
        expect(response, what).to.include("\r\nContent-Security-Policy: default-src 'none'");
        expect(response, what).to.match(/\r\n\r\nForbidden\n$/);
      }
    });
  }

  it('refuses a WebSocket also if frames follow the request at once', async () => {
    const request = upgradeText(web, '/join', { Origin: 'http://evil.example' });
    const bytes = Buffer.concat([Buffer.from(request), Buffer.alloc(100_000, 0x82)]);
    expect(await exchange(web, bytes)).to.match(/^HTTP\/1\.1 403 [\s\S]*Forbidden\n$/);
  });
});

describe('createAccess()', () => {
  it('has another token of 256 bits each time', () => {
    const tokens = new Set(Array.from({ length: 100 }, () => createAccess(1).token));
    expect(tokens.size).to.equal(100);
    for (const token of tokens) expect(Buffer.from(token, 'base64url').length).to.equal(32);
  });

  it('accepts the names without the port on port 80, where browsers leave it out', () => {
    const request = (host: string, origin: string) =>
      ({ headersDistinct: { host: [host], origin: [origin] } }) as never;
    for (const name of ['127.0.0.1', 'localhost', '127.0.0.1:80', 'localhost:80']) {
      expect(createAccess(80).allows(request(name, `http://${name}`)), name).to.equal(true);
    }
    expect(createAccess(8080).allows(request('localhost', 'http://localhost'))).to.equal(false);
  });
});
