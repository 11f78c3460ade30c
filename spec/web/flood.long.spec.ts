import { expect } from 'chai';
import type { Page } from 'playwright-core';
import { rowsOf, showsLast, startWebServer, TestBrowser } from '../support/browser.js';
import { type Client, connect } from '../support/client.js';
import { describeWith } from '../support/tools.js';
import { eventually } from '../support/waiting.js';

const LINES = 150_000;
/** The rate is a goal: a busy machine takes longer. */
const LINES_PER_SECOND = 50_000;
const TICK_MS = 20;

/** Sends numbered lines, `from` to `to`, at the rate. */
async function sendNumbered(client: Client, from: number, to: number): Promise<void> {
  const step = (LINES_PER_SECOND * TICK_MS) / 1000;
  for (let start = from; start < to; start += step) {
    const count = Math.min(step, to - start);
    const lines = Array.from({ length: count }, (_, i) => `${start + i} ${'x'.repeat(60)}\n`);
    await client.send(lines.join(''));
    await new Promise((resolve) => setTimeout(resolve, TICK_MS));
  }
}

/** Expects that each gap tells exactly how many lines are missing in the page at its place. */
async function expectExactGaps(page: Page): Promise<void> {
  let previous: number | undefined;
  let missing = 0;
  for (const row of await rowsOf(page)) {
    const gap = /^([\d,]+) lines? left out/.exec(row);
    if (gap !== null) missing += Number(gap[1]?.replaceAll(',', ''));
    const line = /^client 0: (\d+) x/.exec(row);
    if (line === null) continue;
    const number = Number(line[1]);
    if (previous !== undefined) expect(number).to.equal(previous + missing + 1);
    previous = number;
    missing = 0;
  }
}

describeWith('chromium', 'a page of a busy room', () => {
  const browser = new TestBrowser();

  it('shows the newest lines, says exactly how many it left out, and has a limited number of rows', async () => {
    const server = await startWebServer();
    const page = await browser.open(server.url);
    await page.waitForSelector('#connection:text("Connected")');
    const client = await connect(server);
    const sent = sendNumbered(client, 0, LINES);
    let maxRows = 0;
    let isSent = false;
    await Promise.all([
      sent.then(() => {
        isSent = true;
      }),
      eventually('the end of the lines', async () => {
        maxRows = Math.max(maxRows, await page.locator('#rows > .row').count());
        return isSent;
      }),
    ]);
    await client.send('the end\n');
    await showsLast(page, 'client 0: the end');
    await expectExactGaps(page);
    expect(maxRows).to.be.within(100, 2001);
    // The lines, one notice, and the last line.
    await page.waitForSelector(`#room-status:text("${(LINES + 2).toLocaleString('en')} lines")`);
    await page.waitForSelector('#room-status:text("left out")');
  });

  it('keeps its place while the reader looks at older lines, and returns to the newest', async () => {
    const server = await startWebServer();
    const page = await browser.open(server.url);
    await page.waitForSelector('#connection:text("Connected")');
    const client = await connect(server);
    await sendNumbered(client, 0, 500);
    await page.waitForSelector('.row:has-text("client 0: 499 x")');
    await page.focus('#transcript');
    await page.keyboard.press('Home');
    await page.waitForSelector('#newest:visible');
    const place = () => page.locator('.row:has-text("client 0: 5 x")').boundingBox();
    // The browser animates the scrolling.
    await eventually('the first row', async () => (await page.evaluate('transcript.scrollTop')) === 0);
    const before = await place();
    await sendNumbered(client, 500, 100_000);
    await page.waitForSelector('#newest:text("new lines")');
    expect(await place()).to.deep.equal(before);
    expect(await page.locator('#rows > .row').count()).to.be.at.most(4100);
    await page.click('#newest');
    await showsLast(page, `client 0: 99999 ${'x'.repeat(60)}`);
    await expectExactGaps(page);
    await page.waitForSelector('#newest', { state: 'hidden' });
    expect(await page.locator('#rows > .row').count()).to.be.at.most(2001);
  });

  it('counts lines while it is paused, and shows the newest of them when it resumes', async () => {
    const server = await startWebServer();
    const page = await browser.open(server.url);
    await page.waitForSelector('#connection:text("Connected")');
    const client = await connect(server);
    await client.send('before\n');
    await showsLast(page, 'client 0: before');
    await page.click('#pause');
    await sendNumbered(client, 0, 7000);
    await page.waitForSelector('#newest:text("Paused · 7,000 new lines")');
    await showsLast(page, 'client 0: before');
    await page.click('#pause');
    await showsLast(page, `client 0: 6999 ${'x'.repeat(60)}`);
    await page.waitForSelector('#room-status:text("7,002 lines, 5,000 left out")');
    await expectExactGaps(page);
  });

  it('shows all lines that match the filter if they are few', async () => {
    const server = await startWebServer();
    const page = await browser.open(server.url);
    await page.waitForSelector('#connection:text("Connected")');
    await page.fill('#filter-text', '77 x');
    const client = await connect(server);
    await page.waitForSelector('#room-status:text("1 line")');
    await sendNumbered(client, 0, 20_000);
    await showsLast(page, `client 0: 19977 ${'x'.repeat(60)}`);
    const rows = await rowsOf(page);
    const numbers = rows.map((row) => Number(/^client 0: (\d+)/.exec(row)?.[1]));
    expect(numbers).to.deep.equal(Array.from({ length: 200 }, (_, i) => i * 100 + 77));
  });
});
