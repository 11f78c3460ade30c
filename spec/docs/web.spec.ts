import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { startServer } from '../support/command.js';
import { exchange, openFeed, requestText, upgradeText, webPortOfCommand } from '../support/web.js';

const PAGE = readFileSync(new URL('../../../docs/web.md', import.meta.url), 'utf8');
const [, COMMAND = ''] = /^```sh\n(.*)\n```$/m.exec(PAGE) ?? [];
const [, OUTPUT = ''] = /^```text\n(.*)\n```$/m.exec(PAGE) ?? [];

describe('docs/web.md', () => {
  it('shows a command that prints the address of the page', async () => {
    const [name, option, ...ports] = COMMAND.split(' ');
    expect([name, option, ports.length]).to.deep.equal(['mini-serv', '--web', 2]);
    const server = await startServer({ args: [option as string, '0'] });
    const web = await webPortOfCommand(server);
    const printed = server.stderr.text.replace(String(web.port), ports[0] as string);
    expect(printed.slice(0, OUTPUT.indexOf('#') + 1)).to.equal(OUTPUT.slice(0, OUTPUT.indexOf('#') + 1));
    await openFeed(web);
  });

  it('lists the status codes of refused requests', async () => {
    const server = await startServer({ args: ['--web', '0'] });
    const web = await webPortOfCommand(server);
    const rows = [...PAGE.matchAll(/^\| (.*) \| .* \| (\d{3}) \|$/gm)];
    const refused: Readonly<Record<string, string>> = {
      '`Host`': requestText(web, 'GET /', { Host: 'rebound.example' }),
      '`Origin`': requestText(web, 'GET /', { Origin: 'http://evil.example' }),
      WebSockets: requestText(web, 'GET /feed', { Connection: 'Upgrade', Upgrade: 'websocket' }),
      'the method': requestText(web, 'POST /'),
      'the path': requestText(web, 'GET /../package.json'),
      'the handshake': upgradeText(web, '/join', { 'Sec-WebSocket-Version': '12' }),
    };
    expect(rows).to.have.length(Object.keys(refused).length);
    for (const [, check = '', status] of rows) {
      const [, request = ''] = Object.entries(refused).find(([start]) => check.startsWith(start)) ?? [];
      expect(await exchange(web, request), check).to.match(new RegExp(`^HTTP/1\\.1 ${status} `));
    }
  });
});
