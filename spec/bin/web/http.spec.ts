import { expect } from 'chai';
import { exchange, openRaw, openTestWeb, requestText, upgradeText, type WebPort } from '../../support/web.js';

describe('web port: HTTP', () => {
  let web: WebPort;
  const send = (line: string, headers?: Record<string, string | undefined>) =>
    exchange(web, requestText(web, line, headers));

  beforeEach(async () => {
    web = await openTestWeb();
  });

  it('serves the page and its files, with headers that forbid everything else', async () => {
    const [head = '', body = ''] = (await send('GET /?x#y')).split('\r\n\r\n');
    const { port } = web;
    const [status, ...headers] = head.split('\r\n').filter((line) => !/^(Date|Content-Length): /.test(line));
    expect(status).to.equal('HTTP/1.1 200 OK');
    expect(headers).to.have.members([
      `Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self' ws://127.0.0.1:${port} ws://localhost:${port}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'`,
      'Cross-Origin-Opener-Policy: same-origin',
      'Cross-Origin-Embedder-Policy: require-corp',
      'Cross-Origin-Resource-Policy: same-origin',
      'Referrer-Policy: no-referrer',
      'X-Content-Type-Options: nosniff',
      'X-Frame-Options: DENY',
      'Cache-Control: no-store',
      'Content-Type: text/html; charset=utf-8',
      'Connection: close',
    ]);
    expect(body).to.match(/^<!doctype html>[\s\S]*<\/html>\s*$/);
    const files = [...body.matchAll(/(?:src|href)="(\/[^"]+)"/g)].map(([, path = '']) => path);
    expect(files).to.include('/page.js');
    for (const path of files) expect(await send(`GET ${path}`), path).to.match(/^HTTP\/1\.1 200 /);
    expect(await send('GET /page.js')).to.include('\r\nContent-Type: text/javascript; charset=utf-8\r\n');
  });

  it('has no inline script or style in the page, which its own policy would refuse', async () => {
    const page = await send('GET /');
    expect(page).not.to.match(/<style|\sstyle=|\son\w+=|javascript:|<script(?![^>]*\ssrc=)/i);
  });

  it('answers HEAD with the headers of GET', async () => {
    const withoutDate = (text: string): string => text.replace(/Date: .*\r\n/, '');
    const get = withoutDate(await send('GET /page.js'));
    expect(withoutDate(await send('HEAD /page.js'))).to.equal(get.slice(0, get.indexOf('\r\n\r\n') + 4));
  });

  it('refuses all other methods', async () => {
    for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS', 'TRACE', 'PATCH', 'PROPFIND']) {
      const response = await send(`${method} /`);
      expect(response, method).to.match(/^HTTP\/1\.1 405 Method Not Allowed\r\n/);
      expect(response, method).to.include('\r\nAllow: GET, HEAD\r\n');
      expect(response, method).not.to.match(/Access-Control/i);
    }
    expect(await send('CONNECT 127.0.0.1:22'), 'CONNECT').to.match(/^HTTP\/1\.1 405 /);
    const posted = 'POST /join HTTP/1.1\r\nHost: evil.example\r\nContent-Length: 3\r\n\r\nx=y';
    expect(await exchange(web, posted)).to.match(/^HTTP\/1\.1 403 /);
  });

  it('knows no other path, however it is written', async () => {
    for (const path of [
      '/index.html',
      '/nothing',
      '//',
      '/../package.json',
      '/..%2fpackage.json',
      '/%2e%2e/package.json',
      '/..\\package.json',
      '/page.js/',
      '/./page.js',
      '/page.js%00',
      '/PAGE.JS',
      '/page.js;x',
      '/feed',
      '/join',
      '/__proto__',
      '/constructor',
      `http://127.0.0.1:${web.port}/`,
      'http://evil.example/page.js',
      '*',
    ]) {
      expect(await send(`GET ${path}`), path).to.match(/^HTTP\/1\.1 404 Not Found\r\n/);
    }
  });

  it('serves metrics without a token, in the format that is asked for', async () => {
    const text = await send('GET /metrics');
    expect(text).to.include('\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\n');
    expect(text).to.match(/\nmini_serv_clients 0\n[\s\S]*# EOF\n$/);
    const open = await send('GET /metrics?x', { Accept: 'application/openmetrics-text;version=1.0.0,*/*' });
    expect(open).to.include(
      '\r\nContent-Type: application/openmetrics-text; version=1.0.0; charset=utf-8\r\n',
    );
    expect(await send('HEAD /metrics')).to.match(/\r\n\r\n$/);
    expect(await send('GET /metrics', { Host: 'rebound.example' })).to.match(/^HTTP\/1\.1 403 /);
    expect(await send('POST /metrics')).to.match(/^HTTP\/1\.1 405 /);
  });

  it('answers a request to leave HTTP for anything but a WebSocket as it answers others', async () => {
    const upgrade = { Connection: 'Upgrade, HTTP2-Settings', Upgrade: 'h2c', 'HTTP2-Settings': 'AAMAAABk' };
    expect(await send('GET /', upgrade)).to.match(/^HTTP\/1\.1 200 [\s\S]*<\/html>\s*$/);
    expect(await send('GET /nothing', upgrade)).to.match(/^HTTP\/1\.1 404 /);
    expect(await send('POST /', upgrade)).to.match(/^HTTP\/1\.1 405 /);
    expect(await send('GET /__proto__', { Connection: 'Upgrade', Upgrade: 'websocket' })).to.match(
      /^HTTP\/1\.1 404 /,
    );
  });

  it('sends its headers also when it refuses an expectation or the handshake of a WebSocket', async () => {
    const handshake = (headers: Record<string, string | undefined>) =>
      exchange(web, upgradeText(web, '/join', headers));
    for (const [response, status] of [
      [await send('GET /', { Expect: '100-continue' }), 200],
      [await send('POST /', { Expect: '100-continue', 'Content-Length': '5' }), 405],
      [await send('GET /', { Expect: 'something else' }), 417],
      [await handshake({ 'Sec-WebSocket-Version': '12' }), 426],
      [await handshake({ 'Sec-WebSocket-Key': undefined }), 426],
      [await handshake({ 'Sec-WebSocket-Key': 'short' }), 426],
      [await handshake({ Upgrade: 'h2c' }), 426],
    ] as const) {
      expect(response).to.match(new RegExp(`^HTTP/1\\.1 ${status} `));
      expect(response).to.include("\r\nContent-Security-Policy: default-src 'none'");
      if (status === 426) expect(response).to.include('\r\nSec-WebSocket-Version: 13\r\n');
    }
    const posted = upgradeText(web, '/join').replace('GET', 'POST');
    expect(await exchange(web, posted)).to.match(/^HTTP\/1\.1 405 [\s\S]*\r\nAllow: GET, HEAD\r\n/);
  });

  it('refuses headers of more than 8 KiB, and bytes that are not HTTP', async () => {
    expect(await send('GET /', { Cookie: 'x'.repeat(9000) })).to.match(/^HTTP\/1\.1 431 /);
    expect(await exchange(web, `GET /${'x'.repeat(9000)} HTTP/1.1\r\n`)).to.match(/^HTTP\/1\.1 431 /);
    const many = Array.from({ length: 2000 }, (_, i) => [`X-${i}`, 'a']);
    expect(await send('GET /', Object.fromEntries(many))).to.match(/^HTTP\/1\.1 431 /);
    for (const bytes of ['\x16\x03\x01\x02\x00\x01', 'client 1: hello\n', '\0'.repeat(100)]) {
      expect(await exchange(web, `${bytes}\r\n\r\n`)).to.match(/^(HTTP\/1\.1 400 |$)/);
    }
  });

  it('closes connections above its limit, and accepts others when there is space', async () => {
    const small = await openTestWeb({}, { maxConnections: 2 });
    const held = [openRaw(small), openRaw(small)];
    await Promise.all(held.map(({ socket }) => new Promise((resolve) => socket.once('connect', resolve))));
    expect(await exchange(small, requestText(small, 'GET /'))).to.equal('');
    for (const { socket } of held) socket.destroy();
    let response = '';
    while (response === '') response = await exchange(small, requestText(small, 'GET /'));
    expect(response).to.match(/^HTTP\/1\.1 200 /);
  });
});
