import { expect } from 'chai';
import { join, showsLast, startWebServer, TestBrowser, urlOf } from '../support/browser.js';
import { connect, connectAs } from '../support/client.js';
import { startServer } from '../support/command.js';
import { freePort } from '../support/ports.js';
import { describeWith } from '../support/tools.js';
import { relayed } from '../support/wire.js';

/** The browser reports connections that fail. */
const FAILED = /WebSocket connection to|ERR_CONNECTION_REFUSED/;

describeWith('chromium', 'the connection of a page', () => {
  const browser = new TestBrowser();

  it('needs the token, and the page says so without it', async () => {
    const { url } = await startWebServer();
    const page = await browser.open(url.replace(/#.*/, ''));
    await page.waitForSelector('#connection:text("The address of this page has no token.")');
    expect(await page.isDisabled('#join')).to.equal(true);
    await page.goto(url);
    await page.waitForSelector('#connection:text("Connected")');
  });

  it('is refused with a wrong token, and the page says so and stops', async () => {
    const { url } = await startWebServer();
    const page = await browser.open(`${url}x`, { expected: FAILED });
    await page.waitForSelector('#connection:text("The relay refuses the token")');
    await page.waitForSelector('#retry:visible');
    expect(await page.isDisabled('#join')).to.equal(true);
    // Only the fragment changes, so the browser itself does not load the page again.
    await page.goto(url);
    await page.waitForSelector('#connection:text("Connected")');
  });

  it('is made again after a loss, and membership ends', async () => {
    // The system could give a port that it has selected itself to another process in the meantime.
    const web = String(await freePort());
    const server = await startServer({ args: ['--web', web] });
    const page = await browser.open(await urlOf(server), { expected: FAILED });
    await join(page, 0);
    server.kill('SIGKILL');
    await page.waitForSelector('#join-error:text("The connection was lost: you are no longer in the room.")');
    await page.waitForSelector('#connection:text("The connection to the relay is lost.")');
    await page.waitForSelector('#connection-time:text("Next attempt")');
    await page.waitForSelector('#say', { state: 'hidden' });
    // A new relay on the same port has a new token.
    const next = await startServer({ args: ['--web', web] });
    await page.waitForSelector('#connection:text("Each start of mini-serv has a new one")');
    await page.goto(await urlOf(next));
    await page.waitForSelector('#connection:text("Connected")');
    await connect(next);
    await showsLast(page, 'server: client 0 just arrived');
  });

  it('continues after an interruption, with a note in the transcript', async () => {
    const server = await startWebServer();
    const tcp = await connectAs(server);
    const page = await browser.open(server.url);
    await page.waitForSelector('#connection:text("Connected")');
    await tcp.send('one\n');
    await showsLast(page, 'client 0: one');
    await page.evaluate('window.dispatchEvent(new PageTransitionEvent("pagehide"))');
    await tcp.send('two\n');
    // Otherwise the relay could accept the next connection of the page first, which uses another port.
    await server.stdout.until(relayed(0, 'two'));
    await page.evaluate('window.dispatchEvent(new PageTransitionEvent("pageshow", { persisted: true }))');
    await page.waitForSelector('.row.note:has-text("Connected again at")');
    await tcp.send('three\n');
    await showsLast(page, 'client 0: three');
    expect(await page.locator('.row:has-text("client 0: two")').count()).to.equal(0);
  });

  it('is reported when the relay stops to report', async () => {
    const server = await startWebServer();
    const page = await browser.open(server.url);
    await page.waitForSelector('#connection:text("Connected")');
    server.kill('SIGSTOP');
    await page.waitForSelector('#connection:text("The relay does not report.")');
    await page.waitForSelector('#connection-time:text("Last report")');
    const mark = `getComputedStyle(document.querySelector('.numbers h2'), '::after').content`;
    expect(await page.evaluate(mark)).to.equal('" (last report)"');
    server.kill('SIGCONT');
    await page.waitForSelector('#connection:text("Connected")');
    await page.waitForSelector('#connection-time:text-is("")', { state: 'attached' });
    expect(await page.evaluate(mark)).to.equal('none');
  });

  it('ends with the relay, which the page says', async () => {
    const server = await startWebServer();
    const page = await browser.open(server.url, { expected: FAILED });
    await join(page, 0);
    await server.stop();
    await page.waitForSelector('#join-error:text("You left the room, because the relay has closed it.")');
  });

  it('is refused to a page of another origin that knows the token', async () => {
    const { url } = await startWebServer();
    const { host, hash } = new URL(url);
    const blank = await browser.open('about:blank', { expected: FAILED });
    const outcome = await blank.evaluate(`new Promise((resolve) => {
      const socket = new WebSocket('ws://${host}/feed', ['mini-serv', '${hash.slice(1)}']);
      socket.onopen = () => resolve('open');
      socket.onclose = ({ code }) => resolve(code);
    })`);
    expect(outcome).to.equal(1006);
  });
});
