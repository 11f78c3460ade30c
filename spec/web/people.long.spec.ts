import { expect } from 'chai';
import { showsLast, startWebServer, TestBrowser } from '../support/browser.js';
import { connect, connectAs } from '../support/client.js';
import { useNats } from '../support/nats.js';
import { enter, startRelay } from '../support/relays.js';
import { describeWith } from '../support/tools.js';

const CLIENTS = 120;

describeWith('chromium', 'the clients in the page', () => {
  const browser = new TestBrowser();

  it('are listed with their lines and bytes until they leave', async () => {
    const server = await startWebServer();
    const page = await browser.open(server.url);
    await page.waitForSelector('#clients-note:text("No client is connected.")');
    const first = await connectAs(server);
    const second = await connectAs(server, 1, first);
    await second.send('one\ntwo\n');
    await page.waitForSelector('#clients tr:nth-child(2) td:nth-child(3):text-is("2")');
    const cells = await page.locator('#clients tr:nth-child(2)').locator('th, td').allTextContents();
    expect(cells[0]).to.equal('1');
    expect(cells[1]).to.match(/^\d\d:\d\d:\d\d$/);
    expect(cells.slice(4)).to.deep.equal(['0 B', 'reads']);
    second.end();
    await page.waitForSelector('#clients tr:nth-child(2)', { state: 'detached' });
    await showsLast(page, 'server: client 1 just left');
  });

  it("are listed up to a number, and all at the reader's request", async () => {
    const server = await startWebServer();
    const page = await browser.open(server.url);
    await Promise.all(Array.from({ length: CLIENTS }, () => connect(server)));
    await page.waitForSelector(`#clients-note:text("100 of ${CLIENTS} clients.")`);
    expect(await page.locator('#clients tr').count()).to.equal(100);
    await page.click('#clients-all');
    expect(await page.locator('#clients tr').count()).to.equal(CLIENTS);
    expect(await page.evaluate('document.activeElement.value')).to.equal('100');
  });
});

describeWith(['chromium', 'nats-server'], 'the page of a shared room', () => {
  const browser = new TestBrowser();
  const nats = useNats();

  it('lists the clients of other relays, and says whether the engine is connected', async () => {
    const url = nats().room();
    const server = await startWebServer(['--room', url]);
    const other = await startRelay(url);
    const page = await browser.open(server.url);
    await page.waitForSelector('#engine:text("NATS: connected")');
    const here = await enter(server);
    const there = await enter(other);
    await page.waitForSelector(
      `#whole-room:text("The whole room has 2 clients. On other relays: ${there.id}.")`,
    );
    expect(await page.locator('#clients tr').count()).to.equal(1);
    expect(await page.textContent('#clients .client-button')).to.equal(String(here.id));
    await there.send('from the other relay\n');
    await showsLast(page, `client ${there.id}: from the other relay`);
    await nats().kill();
    await page.waitForSelector('#engine:text("NATS: not reachable.")');
    await nats().start();
    await page.waitForSelector('#engine:text("NATS: connected")');
  });
});
