import { expect } from 'chai';
import type { Page } from 'playwright-core';
import { join, say, showsLast, startWebServer, TestBrowser, type WebServer } from '../support/browser.js';
import { connectAs } from '../support/client.js';
import { describeWith } from '../support/tools.js';
import { eventually } from '../support/waiting.js';

const MIN_CONTRAST = 4.5;
const CLIENTS = 12;

/** Opens the page of a room with clients of all colours, a line of each, and itself as a client. */
async function openRoom(browser: TestBrowser, options = {}): Promise<{ page: Page; server: WebServer }> {
  const server = await startWebServer();
  const page = await browser.open(server.url, options);
  await page.waitForSelector('#connection:text("Connected")');
  for (let i = 0; i < CLIENTS; i++) await (await connectAs(server)).send(`line ${i} ${'wide '.repeat(40)}\n`);
  await join(page, CLIENTS);
  await say(page, 'mine');
  await page.waitForSelector('.row.own.client');
  await page.waitForSelector(`#clients tr:nth-child(${CLIENTS + 1})`);
  return { page, server };
}

/** Returns the texts whose contrast to their background is too low, and the number of texts that were looked at. */
const CONTRASTS = `(() => {
  const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
  const rgb = (colour) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const luminance = (colour) => {
    const [r, g, b] = rgb(colour).map((value) => {
      const part = value / 255;
      return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const backgroundOf = (element) => {
    for (let at = element; at !== null; at = at.parentElement) {
      const colour = getComputedStyle(at).backgroundColor;
      if (rgb(colour)[3] === 255) return colour;
    }
    return 'white';
  };
  const low = [];
  let count = 0;
  for (const element of document.querySelectorAll('body *')) {
    const text = [...element.childNodes].filter((node) => node.nodeType === 3 && node.data.trim() !== '');
    if (text.length === 0 || !element.checkVisibility() || element.matches(':disabled')) continue;
    count++;
    const lights = [getComputedStyle(element).color, backgroundOf(element)].map(luminance).sort((a, b) => b - a);
    const contrast = (lights[0] + 0.05) / (lights[1] + 0.05);
    if (contrast < ${MIN_CONTRAST}) low.push(element.className + ' ' + contrast.toFixed(2));
  }
  return { low: [...new Set(low)], count };
})()`;

describeWith('chromium', 'the page for all readers', () => {
  const browser = new TestBrowser();

  for (const colorScheme of ['light', 'dark'] as const) {
    it(`has enough contrast for each text, in the ${colorScheme} theme`, async () => {
      const { page } = await openRoom(browser, { colorScheme });
      const { low, count } = await page.evaluate<{ low: string[]; count: number }>(CONTRASTS);
      expect(count).to.be.greaterThan(100);
      expect(low).to.deep.equal([]);
    });
  }

  for (const width of [360, 700, 1280, 2560]) {
    it(`does not scroll to the side in a window of ${width} pixels`, async () => {
      const { page } = await openRoom(browser, { viewport: { width, height: 700 } });
      await page.click('summary');
      const outside = await page.evaluate(`[...document.querySelectorAll('body *')].filter((element) => {
        const { left, right } = element.getBoundingClientRect();
        const isScrolled = element.closest('.scroll, .visually-hidden, .skip, .plot') !== null;
        return !isScrolled && (left < 0 || right > innerWidth);
      }).map((element) => element.outerHTML.slice(0, 80))`);
      expect(outside).to.deep.equal([]);
      expect(await page.evaluate('document.documentElement.scrollWidth')).to.equal(width);
    });
  }

  it('can be used with the keyboard alone, and shows where the focus is', async () => {
    const server = await startWebServer();
    const tcp = await connectAs(server);
    const page = await browser.open(server.url);
    await page.waitForSelector('#join:not([disabled])');
    await page.waitForSelector('.client-button');
    const order: string[] = [];
    for (let i = 0; i < 11; i++) {
      await page.keyboard.press('Tab');
      order.push(
        await page.evaluate<string>(
          'document.activeElement.id || document.activeElement.textContent.slice(0, 40)',
        ),
      );
      const outline = await page.evaluate('getComputedStyle(document.activeElement).outlineStyle');
      expect(outline, order.at(-1)).to.equal('solid');
    }
    const expected = ['skip', 'filter-text', 'filter-clients', 'Clear', 'pause', 'transcript', 'join'];
    const rest = ['The last five minutes as a table', 'sort-id', 'sort-lag', '0'];
    expect(order).to.deep.equal([...expected, ...rest]);
    await page.focus('#skip');
    await page.keyboard.press('Enter');
    expect(await page.evaluate('document.activeElement.id')).to.equal('transcript');
    expect(page.url(), 'the token stays in the address').to.equal(server.url);
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await page.waitForSelector('#say:visible');
    await eventually('the focus', async () => (await page.evaluate('document.activeElement.id')) === 'line');
    await page.keyboard.type('typed');
    await page.keyboard.press('Enter');
    await tcp.until('client 1: typed\n');
    await showsLast(page, 'client 1 (you): typed');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Space');
    await tcp.until('server: client 1 just left\n');
  });

  it('has landmarks, headings, and a name for each control', async () => {
    const { page } = await openRoom(browser);
    const tree = await page.locator('body').ariaSnapshot();
    for (const part of [
      '- banner:',
      '- main:',
      '- heading "mini-serv 127.0.0.1',
      '- region "Room":',
      '- search "Filter the room":',
      '- searchbox "Text"',
      '- textbox "Clients"',
      '- log "Transcript":',
      '- region "Join":',
      '- textbox "Your line"',
      '- region "How much":',
      '- region "Who":',
      '- columnheader "Client"',
      'rowheader "client 0: show only its lines"',
      'button "client 0: show only its lines"',
      '- table "Who":',
    ]) {
      expect(tree).to.include(part);
    }
    const unnamed =
      await page.evaluate(`[...document.querySelectorAll('button, input, textarea')].filter((control) =>
      control.checkVisibility() && !control.ariaLabel && !control.textContent.trim() && !control.labels?.length).length`);
    expect(unnamed).to.equal(0);
  });

  it('announces new lines in batches, politely', async () => {
    const server = await startWebServer();
    const page = await browser.open(server.url);
    await page.waitForSelector('#connection:text("Connected")');
    await page.evaluate(`{
      globalThis.announced = [];
      const region = document.querySelector('[aria-live="polite"]');
      new MutationObserver(() => announced.push(region.textContent)).observe(region, { childList: true });
    }`);
    const tcp = await connectAs(server);
    for (let i = 0; i < 30; i++) await tcp.send(`${i}\n`);
    const isAnnounced = (pattern: RegExp) =>
      page.evaluate<boolean>(`announced.some((text) => ${pattern}.test(text))`);
    await eventually('a batch', () => isAnnounced(/^\d+ new lines$/));
    // The lines and the notice can be announced in two batches, and the second must not contain the next line as well.
    const announcedLines = () =>
      page.evaluate<number>(`announced.filter((text) => text !== '').reduce((sum, text) =>
        sum + Number(/^(\\d+) new lines$/.exec(text)?.[1] ?? text.split('\\n').length), 0)`);
    await eventually('all lines', async () => (await announcedLines()) === 31);
    expect(await page.evaluate<string[]>('announced.filter((text) => text !== "")')).to.have.length.at.most(
      2,
    );
    await tcp.send('only one\n');
    await eventually('the line', () => isAnnounced(/client 0: only one$/));
    expect(await page.getAttribute('#transcript', 'aria-live')).to.equal('off');
  });

  it('changes no live region only because numbers change', async () => {
    const server = await startWebServer();
    const page = await browser.open(server.url);
    const tcp = await connectAs(server);
    expect(await join(page, 1)).to.equal(1);
    await page.evaluate(`{
      globalThis.changed = [];
      const regions = document.querySelectorAll('output, [role="alert"], [role="status"]');
      const observer = new MutationObserver(([{ target }]) => changed.push(target.textContent));
      for (const region of regions) observer.observe(region, { childList: true, characterData: true, subtree: true });
    }`);
    for (let i = 1; i <= 3; i++) {
      await tcp.send('tick\n');
      await page.waitForSelector(`#join-counts:text-is("Received: ${i} ${i === 1 ? 'line' : 'lines'}")`);
    }
    expect(await page.evaluate('changed')).to.deep.equal([]);
  });

  it('works with forced colours, and without motion', async () => {
    const { page } = await openRoom(browser, { forcedColors: 'active', reducedMotion: 'reduce' });
    expect(await page.evaluate('document.getAnimations().length')).to.equal(0);
    await page.emulateMedia({ forcedColors: 'none', colorScheme: 'dark' });
    await page.waitForSelector('.chart canvas');
  });

  it('has the numbers of the charts as text, and as a table', async () => {
    const { page } = await openRoom(browser);
    const captions = await page.locator('figcaption').allTextContents();
    expect(captions.map((text) => text.split(' ')[0])).to.deep.equal([
      'Lines',
      'Bytes',
      'Clients',
      'Largest',
      'Backlog',
      'Waiting',
    ]);
    await page.waitForSelector('figcaption:has-text("Clients 13 In 5 min:")');
    await page.click('summary');
    await page.waitForSelector('#numbers-body tr');
    const row = await page.locator('#numbers-body tr').first().elementHandle();
    for (const lines of [2, 3]) {
      await say(page, 'more');
      await page.waitForSelector(`#clients tr:last-child td:nth-child(3):text-is("${lines}")`);
    }
    expect(await row?.isVisible(), 'rows that stay for some seconds').to.equal(true);
    expect(await page.locator('#numbers-head th').count()).to.equal(8);
    expect(await page.locator('#numbers-body tr').first().locator('td').count()).to.equal(7);
    expect(await page.getAttribute('.plot >> nth=0', 'aria-hidden')).to.equal('true');
  });
});
