import { expect } from 'chai';
import type { Page } from 'playwright-core';
import { join, rowsOf, say, showsLast, startWebServer, TestBrowser } from '../support/browser.js';
import { connect, connectAs } from '../support/client.js';
import { describeWith } from '../support/tools.js';
import { eventually } from '../support/waiting.js';

/** Waits until this many rows are visible. */
async function shows(page: Page, count: number): Promise<void> {
  await eventually(`${count} visible rows`, async () => (await rowsOf(page)).length === count);
}

describeWith('chromium', 'the room in a browser', () => {
  const browser = new TestBrowser();

  it('lets two pages and a TCP client read each other', async () => {
    const server = await startWebServer();
    const tcp = await connectAs(server);
    const first = await browser.open(server.url);
    const second = await browser.open(server.url);
    expect(await join(first, 1)).to.equal(1);
    expect(await join(second, 2)).to.equal(2);
    await say(first, 'from the first page');
    await showsLast(second, 'client 1: from the first page');
    await say(second, 'from the second page: é€😀');
    await showsLast(first, 'client 1 (you): from the first page', 'client 2: from the second page: é€😀');
    await tcp.until('client 2: from the second page: é€😀\n');
    await tcp.send('from nc\n');
    await showsLast(first, 'client 0: from nc');
    await showsLast(second, 'client 2 (you): from the second page: é€😀', 'client 0: from nc');
    await tcp.receives(
      'server: client 1 just arrived\nserver: client 2 just arrived\n',
      'client 1: from the first page\nclient 2: from the second page: é€😀\n',
    );
    await first.waitForSelector('#join-counts:text("Received: 3 lines")');
    await first.close();
    await tcp.until('server: client 1 just left\n');
    await second.click('#join:text("Leave")');
    await tcp.until('server: client 2 just left\n');
    await second.waitForSelector('#join-status:text("You have left the room.")');
    await tcp.send('still here\n');
    await showsLast(second, 'client 0: still here');
    expect(await join(second, 1)).to.equal(3);
  });

  it('shows markup, control characters and overrides of direction as text', async () => {
    const server = await startWebServer();
    const page = await browser.open(server.url);
    await page.waitForSelector('#connection:text("Connected")');
    const tcp = await connect(server);
    const lines = [
      '<img src=x onerror=alert(1)>',
      '<script>alert(1)</script>&amp;',
      'a\x1b[2J\r\x07\u202eb\u200b\0',
      `server: client 0 just left${' '.repeat(300)}server: client 1 just left`,
    ];
    const binary = Buffer.concat([Buffer.from(`${lines.join('\n')}\n`), Buffer.from([0xff, 0xc3, 0x0a])]);
    await tcp.send(binary);
    await showsLast(
      page,
      'server: client 0 just arrived',
      'client 0: <img src=x onerror=alert(1)>',
      'client 0: <script>alert(1)</script>&amp;',
      'client 0: a\\x1b[2J\\r\\x07\\u202eb\\u200b\\x00',
      `client 0: ${lines[3]}`,
      'client 0: \\xff\\xc3',
    );
    expect(await page.locator('#rows img, #rows script').count()).to.equal(0);
    expect(await page.locator('#rows .row.server').count()).to.equal(1);
  });

  it('sends each line of a text, and an empty line inside it, but no empty input', async () => {
    const server = await startWebServer();
    const tcp = await connectAs(server);
    const page = await browser.open(server.url);
    await join(page, 1);
    await page.press('#line', 'Enter');
    await page.focus('#line');
    await page.keyboard.insertText('one\r\n\r\nthree\n');
    await page.waitForSelector('#send:text("Send 3 lines")');
    await page.click('#send');
    await page.type('#line', 'four');
    await page.press('#line', 'Shift+Enter');
    await page.type('#line', 'five');
    await page.press('#line', 'Enter');
    const text = ['one', '', 'three', 'four', 'five'].map((line) => `client 1: ${line}\n`).join('');
    await tcp.receives('server: client 1 just arrived\n', text);
    const count = 20_000;
    await page.evaluate(`{
      const clipboardData = new DataTransfer();
      clipboardData.setData('text/plain', '${'x'.repeat(50)}\\n'.repeat(${count}));
      document.querySelector('#line').dispatchEvent(new ClipboardEvent('paste', { clipboardData }));
    }`);
    await page.waitForSelector('#send:text("Send 20,000 lines")');
    await page.press('#line', 'Enter');
    await tcp.until(`${`client 1: ${'x'.repeat(50)}\n`.repeat(count)}`);
  });

  it('refuses a line that the relay would refuse, and keeps its text', async () => {
    const server = await startWebServer(['--max-line', '10']);
    const tcp = await connectAs(server);
    const page = await browser.open(server.url);
    await join(page, 1);
    await say(page, 'short\nthis is too long');
    await page.waitForSelector(
      '#join-error:text("Nothing was sent: line 2 has 16 B, more than the relay accepts (10 B).")',
    );
    expect(await page.inputValue('#line')).to.equal('short\nthis is too long');
    await say(page, '0123456789');
    await tcp.receives('server: client 1 just arrived\nclient 1: 0123456789\n');
  });

  it('cuts a long line, and stays usable', async () => {
    const server = await startWebServer();
    const page = await browser.open(server.url);
    await page.waitForSelector('#connection:text("Connected")');
    const tcp = await connect(server);
    await tcp.send(`${'x'.repeat(32 * 1024 * 1024)}\nafter\n`);
    await showsLast(page, 'client 0: after');
    const rows = await page.locator('#rows .row.client').allTextContents();
    const shown = `client 0: ${'x'.repeat(4086)}`;
    // The feed may have skipped the line, if the browser was too slow for it.
    const isSkipped = (await page.locator('#rows .gap').count()) > 0;
    if (!isSkipped) expect(rows[0]).to.equal(`${shown} … cut: 32 MiB in all, 4,096 bytes shown`);
  });

  it('shows a long word in the row of its sender, and copies both as one line', async () => {
    const server = await startWebServer();
    const page = await browser.open(server.url);
    await page.waitForSelector('#connection:text("Connected")');
    const tcp = await connect(server);
    const word = 'x'.repeat(300);
    await tcp.send(`${word}\n`);
    await showsLast(page, `client 0: ${word}`);
    const [nameTop, textTop] = await page.evaluate<number[]>(`[...rows.lastElementChild.children]
      .map((element) => Math.round(element.getClientRects()[0].top / 10))`);
    expect(textTop).to.equal(nameTop);
    await page.evaluate('getSelection().selectAllChildren(rows)');
    const copied = await page.evaluate('getSelection().toString().trimEnd()');
    expect(copied).to.equal(`server: client 0 just arrived\nclient 0: ${word}`);
  });

  it('filters by text and by client, and shows lines again that are still in the page', async () => {
    const server = await startWebServer();
    const page = await browser.open(server.url);
    await page.waitForSelector('#connection:text("Connected")');
    const first = await connectAs(server);
    const second = await connectAs(server, 1, first);
    await first.send('apple\nbanana\n');
    await first.until('arrived');
    await showsLast(page, 'client 0: apple', 'client 0: banana');
    await page.fill('#filter-text', 'APPLE');
    await shows(page, 1);
    await second.send('apple pie\ncherry\n');
    await shows(page, 2);
    expect(await rowsOf(page)).to.deep.equal(['client 0: apple', 'client 1: apple pie']);
    await page.fill('#filter-clients', '1');
    await shows(page, 1);
    await page.fill('#filter-clients', 'x');
    await page.waitForSelector('#filter-error:text("Enter ids such as")');
    await page.click('button:text("Clear")');
    await page.waitForSelector('#rows > .row.gap:visible');
    expect(await rowsOf(page)).to.deep.equal([
      'server: client 0 just arrived',
      'server: client 1 just arrived',
      'client 0: apple',
      'client 0: banana',
      'client 1: apple pie',
      '1 line did not match the filter',
    ]);
    await page.click('.client-button[value="1"]');
    await shows(page, 2);
    expect(await page.inputValue('#filter-clients')).to.equal('1');
  });
});
