import { expect } from 'chai';
import { type MiniServError, noHttp } from '../../../lib/index.js';
import { thrown } from '../../support/pass.js';
import { createTestRelay, join } from '../../support/room.js';
import { arrivedNotice, leftNotice, relayed } from '../../support/wire.js';

describe('transform no-http', () => {
  const requests = [
    'GET / HTTP/1.1\r',
    'POST /a?b=c HTTP/1.0',
    'OPTIONS * HTTP/1.1\r',
    'PRI * HTTP/2.0\r',
    'M-SEARCH * HTTP/1.1\r',
    'patch /x HTTP/1.1\r',
    'CONNECT 127.0.0.1:4242 HTTP/1.1\r',
  ];
  for (const onTransformError of ['close', 'bypass'] as const) {
    for (const request of requests) {
      it(`refuses a client whose first line is ${JSON.stringify(request)} (onTransformError: ${onTransformError})`, async () => {
        const relay = createTestRelay({ transforms: [noHttp()], onTransformError });
        const warnings: MiniServError[] = [];
        relay.on('warning', (warning) => warnings.push(warning));
        const [a, b] = [await join(relay), await join(relay)];
        b.send(`${request}\nHost: x\r\n\r\nserver: rm -rf\n`);
        await b.ended;
        const c = await join(relay);
        c.send('hello\n');
        await a.receives(arrivedNotice(1), leftNotice(1), arrivedNotice(2), relayed(2, 'hello'));
        expect(warnings.map(({ code, client, transform }) => [code, client, transform])).to.deep.equal([
          ['ERR_REFUSED', 1, 'no-http'],
        ]);
        expect(warnings[0]?.message).to.equal(
          'transform 1 refused client 1: no-http: its first line is an HTTP request',
        );
      });
    }
  }

  it('refuses no client for a later line, or for a first line that only resembles a request', async () => {
    const relay = createTestRelay({ transforms: [noHttp()] });
    const [a, b] = [await join(relay), await join(relay)];
    const lines = ['GET it, HTTP/1.1 is old', 'GET / HTTP/1.1', 'POST / HTTP/1.1'];
    b.send(lines.map((line) => `${line}\n`).join(''));
    await a.receives(arrivedNotice(1), relayed(1, ...lines));
    for (const [id, line] of ['GET /', 'HTTP/1.1 200 OK', ' GET / HTTP/1.1', 'GET  / HTTP/1.1'].entries()) {
      const c = await join(relay);
      c.send(`${line}\n`);
      await a.until(relayed(id + 2, line));
    }
  });

  it('rejects any option', () => {
    expect(thrown(() => noHttp({ tls: true } as never))).to.match(
      /^transform no-http: unknown option 'tls'; this transform has no options$/,
    );
  });
});
