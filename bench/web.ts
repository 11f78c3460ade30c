// Measures a room without a web page, with one program that reads the feed as fast as it can, and with the page open in
// chromium, in turn. Prints the table of docs/web.md.
//
// Linux only. Without chromium, its row is missing.
//
//   npm run bench:web -- [--pairs 5] [--seconds 3]
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { chromium } from 'playwright-core';
import { WebSocket } from 'ws';
import { freePort } from '../lib/conformance/ports.js';
import { buildNative, builtPath } from './build.js';
import { kill, outputOf, startProcess, stopAllAtExit } from './processes.js';
import { MINI, makeRelays } from './relays.js';
import { median, ratioOf } from './statistics.js';

const { values } = parseArgs({
  options: { pairs: { type: 'string', default: '5' }, seconds: { type: 'string', default: '3' } },
});

const MAX_LOAD_MS = 60_000;
const CHROMIUM = '/usr/bin/chromium';
const CHROMIUM_ARGS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run'];

/** Opens the page of a relay, and returns a function that closes it. */
type Open = (url: string) => Promise<() => Promise<unknown>>;

async function readFeed(url: string): Promise<() => Promise<unknown>> {
  const { host, hash, origin } = new URL(url);
  const socket = new WebSocket(`ws://${host}/feed`, ['mini-serv', hash.slice(1)], { origin });
  await once(socket, 'message');
  return async () => socket.terminate();
}

async function openPage(url: string): Promise<() => Promise<unknown>> {
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: CHROMIUM_ARGS });
  const page = await browser.newPage();
  const opened = page.waitForEvent('websocket');
  await page.goto(url);
  await (await opened).waitForEvent('framereceived');
  return () => browser.close();
}

const WITHOUT = 'no page';
const CASES: Readonly<Record<string, Open | undefined>> = {
  [WITHOUT]: undefined,
  'a program reads the feed': readFeed,
  ...(existsSync(CHROMIUM) && { 'the page in chromium': openPage }),
};

const LOADS: Readonly<Record<string, readonly string[]>> = {
  'fan-out to 1 reader': ['--readers', '1', 'fan-out'],
  'fan-out to 10 readers': ['--readers', '10', 'fan-out'],
  'fan-out to 100 readers': ['--readers', '100', 'fan-out'],
  'chat of 10 clients': ['--clients', '10', 'chat'],
  'chat of 100 clients': ['--clients', '100', 'chat'],
};

/** The report of the load generator. */
interface Report {
  /** Lines that were delivered per second. */
  readonly rate: number;
  /** CPU seconds of the relay per second. */
  readonly relayUser: number;
  readonly relaySystem: number;
  readonly disqualified?: string;
}

async function measure(load: readonly string[], open: Open | undefined): Promise<Report> {
  const port = String(await freePort());
  const options = ['--verbose', ...(open === undefined ? [] : ['--web', '0'])];
  const { command } = makeRelays(builtPath, []).get(MINI) as { command: readonly string[] };
  const guarded = [builtPath('load'), 'guard', ...command, ...options, port];
  const relay = startProcess(guarded, ['ignore', 'ignore', 'pipe']);
  let messages = '';
  relay.stderr?.on('data', (text) => {
    messages += text;
  });
  try {
    while (!messages.includes('transforms: none\n')) await once(relay.stderr as never, 'data');
    const close = await open?.(/http:\S+/.exec(messages)?.[0] ?? '');
    const timing = ['--seconds', values.seconds, '--warmup', '1'];
    const args = ['--port', port, '--style', 'client', '--pid', String(relay.pid), ...timing, ...load];
    const output = await outputOf(startProcess([builtPath('load'), ...args], 'pipe'), MAX_LOAD_MS);
    await close?.();
    if (output === 'timeout' || output.code !== 0) throw new Error(`the load generator failed: ${load}`);
    const report = JSON.parse(output.out) as Report;
    if (report.disqualified !== undefined) throw new Error(report.disqualified);
    return report;
  } finally {
    await kill(relay);
  }
}

stopAllAtExit();
buildNative();
process.stdout.write(
  '| load | page | lines per second | of no page | quartiles | lines per CPU second, of no page |\n' +
    '| --- | --- | --- | --- | --- | --- |\n',
);
for (const [name, load] of Object.entries(LOADS)) {
  const reports = new Map<string, Report[]>(Object.keys(CASES).map((page) => [page, []]));
  for (let pair = 0; pair < Number(values.pairs); pair++) {
    for (const [page, open] of Object.entries(CASES)) reports.get(page)?.push(await measure(load, open));
  }
  const ratesOf = (page: string): number[] => (reports.get(page) ?? []).map(({ rate }) => rate);
  const perCpuOf = (page: string): number[] =>
    (reports.get(page) ?? []).map(({ rate, relayUser, relaySystem }) => rate / (relayUser + relaySystem));
  for (const page of reports.keys()) {
    const { ratio, spread } = ratioOf(ratesOf(page), ratesOf(WITHOUT));
    const cells = [
      name,
      page,
      Math.round(median(ratesOf(page))).toLocaleString('en'),
      ratio.toFixed(2),
      spread.map((value) => value.toFixed(2)).join('–'),
      ratioOf(perCpuOf(page), perCpuOf(WITHOUT)).ratio.toFixed(2),
    ];
    process.stdout.write(`| ${cells.join(' | ')} |\n`);
  }
}
