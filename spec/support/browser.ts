import { expect } from 'chai';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { addCleanup } from './cleanup.js';
import { type Server, type StartOptions, startServer } from './command.js';
import { eventuallyEqual, WAIT_LIMIT_MS } from './waiting.js';

const EXECUTABLE = '/usr/bin/chromium';
const ARGUMENTS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

export interface PageOptions extends BrowserContextOptions {
  /** Messages of the browser's console that the test expects. All others, and all errors, fail the test. */
  readonly expected?: RegExp;
}

/** Opens pages in a chromium that runs during all tests of a `describe`, because its start takes seconds. */
export class TestBrowser {
  #browser: Browser | undefined;

  constructor() {
    before('start chromium', async () => {
      this.#browser = await chromium.launch({
        executablePath: EXECUTABLE,
        args: ARGUMENTS,
        timeout: WAIT_LIMIT_MS,
      });
    });
    after('end chromium', () => this.#browser?.close());
  }

  /** Opens an address in a profile of its own. */
  async open(url: string, { expected, ...options }: PageOptions = {}): Promise<Page> {
    const context = await (this.#browser as Browser).newContext({
      viewport: { width: 1280, height: 800 },
      ...options,
    });
    const page = await context.newPage();
    page.setDefaultTimeout(WAIT_LIMIT_MS);
    const problems: string[] = [];
    page.on('console', (message) => {
      const isProblem = message.type() === 'error' || message.type() === 'warning';
      if (isProblem && expected?.test(message.text()) !== true) problems.push(message.text());
    });
    page.on('pageerror', (error) => problems.push(String(error)));
    addCleanup(async () => {
      await context.close();
      expect(problems, 'errors and warnings in the console of the browser').to.deep.equal([]);
    });
    await page.goto(url);
    return page;
  }
}

export interface WebServer extends Server {
  /** The address of the page, with its token. */
  readonly url: string;
}

/** Starts a relay with its page. */
export async function startWebServer(args: string[] = [], options: StartOptions = {}): Promise<WebServer> {
  const server = await startServer({ ...options, args: ['--web', '0', ...args] });
  return Object.assign(server, { url: await urlOf(server) });
}

/** Returns the address of the page that a relay has printed. */
export async function urlOf(server: Server): Promise<string> {
  let url: string | undefined;
  await server.stderr.until((bytes) => {
    url = /http:\/\/127\.0\.0\.1:\d+\/#[\w-]+(?=\s)/.exec(bytes.toString())?.[0];
    return url !== undefined;
  });
  return url as string;
}

/**
 * Makes a page a client, and returns its id.
 *
 * @param present how many clients have connected before. A page connects to a port of its own, and a relay accepts connections
 *   of different ports in any order, so the page waits until it shows them.
 */
export async function join(page: Page, present: number): Promise<number> {
  if (present > 0) await page.waitForSelector(`#clients tr:nth-child(${present})`);
  await page.click('#join:text("Join")');
  await page.waitForSelector('#say:not([hidden])');
  return Number(/client (\d+)/.exec((await page.textContent('#join-status')) ?? '')?.[1]);
}

/** Sends a text from the page as its reader does. */
export async function say(page: Page, text: string): Promise<void> {
  await page.fill('#line', text);
  await page.press('#line', 'Enter');
}

/** The texts of the rows of the room that are shown. */
export function rowsOf(page: Page): Promise<string[]> {
  return page.locator('#rows > .row:visible').allTextContents();
}

/** Waits until the last rows of the room are these. */
export async function showsLast(page: Page, ...expected: string[]): Promise<void> {
  await eventuallyEqual('the rows', async () => (await rowsOf(page)).slice(-expected.length), expected);
}
