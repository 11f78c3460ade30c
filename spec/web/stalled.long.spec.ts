import { expect } from 'chai';
import { join, startWebServer, TestBrowser } from '../support/browser.js';
import { connectAs } from '../support/client.js';
import { describeWith } from '../support/tools.js';

const LINES = 600_000;
const LINE = `${'x'.repeat(99)}\n`;
const BATCH = 10_000;

describeWith('chromium', 'a page that is stopped', () => {
  const browser = new TestBrowser();

  it('is a stalled reader in the page of another reader, and gets everything when it continues', async () => {
    const server = await startWebServer();
    const tcp = await connectAs(server);
    const stopped = await browser.open(server.url);
    const watcher = await browser.open(server.url);
    expect(await join(stopped, 1)).to.equal(1);
    await tcp.until('server: client 1 just arrived\n');
    const debug = await stopped.context().newCDPSession(stopped);
    await debug.send('Debugger.enable');
    const paused = new Promise<void>((resolve) => debug.once('Debugger.paused', () => resolve()));
    await debug.send('Debugger.pause');
    await paused;
    for (let i = 0; i < LINES; i += BATCH) await tcp.send(LINE.repeat(BATCH));
    const row = watcher.locator('#clients tr', { has: watcher.locator('[value="1"]') });
    await row.and(watcher.locator('[data-state="stalled"]')).waitFor();
    expect(await row.locator('td').last().textContent()).to.equal('stalled');
    expect(await row.locator('td').nth(3).textContent()).to.match(/^\d+(\.\d+)? MiB$/);
    const lag = watcher.locator('.chart', { hasText: 'Largest lag' });
    await lag.locator('.now', { hasText: 'MiB' }).waitFor();
    await watcher.click('#sort-lag');
    await watcher.waitForSelector('#clients tr:first-child [value="1"]');
    await debug.send('Debugger.resume');
    const received = `Received: ${LINES.toLocaleString('en')} lines`;
    await stopped.waitForSelector(`#join-counts:text("${received}")`);
    await row.and(watcher.locator('[data-state="active"]')).waitFor();
    await lag.locator('.now', { hasText: /^0 B$/ }).waitFor();
    await lag.locator('.range', { hasText: 'MiB' }).waitFor();
  });
});
