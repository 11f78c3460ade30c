import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect } from 'chai';
import { type Browser, chromium, type Page } from 'playwright-core';
import { Parser } from 'tap-parser';
import {
  compiledServers,
  conformance,
  type Mistake,
  type ReportedCase,
  ROOT,
} from '../../support/conformance.js';
import { folder } from '../../support/modules.js';
import { describeWith } from '../../support/tools.js';

const CASES = [
  'no-argument',
  'lines',
  'every-line',
  'pieces',
  'long-line',
  'port-in-use',
  'nul',
  'quiet',
  'idle',
];
const FORMATS = ['json', 'tap', 'junit', 'markdown', 'html', 'github'] as const;
type Format = (typeof FORMATS)[number];

/** Tests a server with all reports at once; returns them. */
async function allReports(command: readonly string[], ...options: string[]) {
  const dir = await folder({});
  const outputs = FORMATS.flatMap((format) => ['--reporter', format, '--output', join(dir, format)]);
  const env = { GITHUB_STEP_SUMMARY: join(dir, 'summary'), GITHUB_WORKSPACE: '' };
  const { code, stdout, stderr } = await conformance(
    [...outputs, '--timeout', '2s', ...options, ...command],
    env,
  );
  const read = (name: Format | 'summary'): string => readFileSync(join(dir, name), 'utf8');
  const json = JSON.parse(read('json')) as {
    cases: (ReportedCase & { required: boolean })[];
    verdict: string;
  };
  return { code, stdout, stderr, dir, read, json };
}

function parseTap(report: string) {
  const parser = new Parser();
  parser.end(report);
  return parser.results as NonNullable<typeof parser.results>;
}

function xpath(document: string, query: string): number {
  const { stdout, stderr } = spawnSync('xmllint', ['--xpath', query, '-'], {
    input: document,
    encoding: 'utf8',
  });
  if (stderr !== '') throw new Error(stderr);
  return Number(stdout);
}

describeWith(['cc', 'xmllint', 'proc'], 'the reports on real servers', () => {
  let servers: ReturnType<typeof compiledServers>;
  before(() => {
    servers = compiledServers();
  });
  after(() => servers.remove());

  for (const mistake of ['NONE', 'PREFIX_ONCE', 'CRASH_ON_LONG_LINES', 'TO_ONESELF'] as (
    | Mistake
    | 'NONE'
  )[]) {
    it(`agree with each other for ${mistake}`, async () => {
      const command = [await servers.compile(mistake)];
      const { code, stderr, read, json } = await allReports(command, '--only', CASES.join(','));
      expect(stderr, 'more than the progress').to.match(/^(\[ ?\d+\/\d+\] .*\n)*$/);
      const count = (...outcomes: string[]): number =>
        json.cases.filter(({ outcome }) => outcomes.includes(outcome)).length;
      const [all, failed, skipped] = [json.cases.length, count('failed'), count('skipped', 'undecided')];
      expect(all).to.equal(CASES.length);
      expect(code).to.equal(json.verdict === 'conforms' ? 0 : 1);
      expect(parseTap(read('tap'))).to.include({ count: all, fail: failed, skip: skipped, ok: code === 0 });
      const schema = join(ROOT, 'spec/conformance/reporters/junit.xsd');
      const { status, stderr: problem } = spawnSync(
        'xmllint',
        ['--noout', '--nonet', '--schema', schema, '-'],
        { input: read('junit'), encoding: 'utf8' },
      );
      expect(status, problem).to.equal(0);
      expect(xpath(read('junit'), 'count(//testcase)')).to.equal(all);
      expect(xpath(read('junit'), 'count(//failure)')).to.equal(failed);
      expect(xpath(read('junit'), 'count(//skipped)')).to.equal(skipped);
      const sums = `| all | ${count('passed')} | ${failed} | ${count('skipped')} | ${count('undecided')} |`;
      expect(read('markdown')).to.contain(sums);
      expect(read('summary')).to.equal(read('markdown'));
      expect(read('html')).to.contain(
        `<th scope="row">all</th><td>${count('passed')}</td><td>${failed}</td>`,
      );
      expect(read('github').match(/^::(error|warning) /gm) ?? []).to.have.length(failed);
    });
  }

  it('survive a program, a path and a source that try to forge them', async () => {
    const name = '::error file=x::forged ]]> `|` <b>';
    const dir = await folder({ 'bin/README': '' });
    const source = join(dir, `${name.replaceAll('/', '')}.c`);
    const evil = ']]></failure> ::error::forged \x1b[2J `|` <script>alert(1)</script> \u202e';
    writeFileSync(
      source,
      `#include <stdio.h>\n#define A "${evil}"\n#error ${evil}\nint main(void) { return 0; }\n`,
    );
    const { code, read, json } = await allReports([source], '--only', 'compiles,no-define,lines');
    expect(code).to.equal(1);
    expect(json.cases.map(({ outcome }) => outcome)).to.deep.equal(['failed', 'failed', 'skipped']);
    expect(parseTap(read('tap'))).to.include({ count: 3, fail: 2, skip: 1 });
    expect(xpath(read('junit'), 'count(//failure)')).to.equal(2);
    for (const format of [...FORMATS, 'summary'] as const)
      expect(read(format)).to.match(/^[\n\x20-\x7e\u00a1-\u2027\u2030-\u{10ffff}]*$/u);
    const lines = read('github').trimEnd().split('\n');
    for (const line of lines) expect(line).to.match(/^::error file=[^:]*,line=[23](,col=\d+)?,title=[^:]*::/);
  });
});

/** Scripts for the page, as text: the specs are compiled without the types of a browser. */
const MEASURE = `({
  overflow: document.documentElement.scrollWidth - innerWidth,
  background: getComputedStyle(document.body).backgroundColor,
  widest: Math.max(...[...document.querySelectorAll('main pre, main p, main h3')].map((e) => e.getBoundingClientRect().right)),
})`;
const FIND_LOW_CONTRAST = `(() => {
  const parse = (colour) => colour.match(/[0-9.]+/g).map(Number);
  const luminance = (colour) => {
    const [r, g, b] = colour.slice(0, 3).map((c) => (c / 255 <= 0.03928 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const background = (e) => {
    const colour = parse(getComputedStyle(e).backgroundColor);
    return colour[3] === 0 && e.parentElement ? background(e.parentElement) : colour;
  };
  const hasText = (e) => [...e.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim() !== '');
  return [...document.querySelectorAll('body *')].filter(hasText).flatMap((e) => {
    const style = getComputedStyle(e);
    const colour = parse(e.closest('svg') && e.tagName !== 'title' && e.tagName !== 'desc' ? style.fill : style.color);
    const [a, b] = [luminance(colour), luminance(background(e))].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05);
    return ratio < 4.5 ? [e.tagName + ' ' + e.textContent.slice(0, 20) + ' ' + ratio.toFixed(2)] : [];
  });
})()`;

describeWith(['cc', 'chromium', 'proc'], 'the HTML report in a browser', () => {
  let servers: ReturnType<typeof compiledServers>;
  let browser: Browser;
  let dir: string;
  let file: string;
  before(async () => {
    servers = compiledServers();
    dir = mkdtempSync(join(tmpdir(), 'mini-serv-report-'));
    file = join(dir, 'report.html');
    const command = [await servers.compile('PREFIX_ONCE')];
    await conformance(['--reporter', 'html', '--output', file, '--only', CASES.join(','), ...command]);
    browser = await chromium.launch({
      executablePath: '/usr/bin/chromium',
      args: [
        '--no-sandbox',
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
      ],
    });
  });
  after(async () => {
    await browser.close();
    servers.remove();
    rmSync(dir, { recursive: true });
  });

  async function open(
    width: number,
    colorScheme: 'light' | 'dark',
  ): Promise<{ page: Page; problems: string[] }> {
    const context = await browser.newContext({
      viewport: { width, height: 900 },
      colorScheme,
      javaScriptEnabled: true,
    });
    const page = await context.newPage();
    const problems: string[] = [];
    page.on('console', (message) => problems.push(message.text()));
    page.on('request', (request) => {
      if (!request.url().startsWith('file:')) problems.push(request.url());
    });
    await page.goto(pathToFileURL(file).href);
    return { page, problems };
  }

  for (const [width, scheme] of [
    [1200, 'light'],
    [390, 'dark'],
  ] as const) {
    it(`fits ${width} pixels, and loads nothing, in ${scheme} mode`, async () => {
      const { page, problems } = await open(width, scheme);
      const seen = await page.evaluate<{ overflow: number; background: string; widest: number }>(MEASURE);
      expect(problems).to.deep.equal([]);
      expect(seen.overflow).to.equal(0);
      expect(seen.widest).to.be.at.most(width);
      const [red = 0] = /\d+/.exec(seen.background)?.map(Number) ?? [];
      expect(red < 128, seen.background).to.equal(scheme === 'dark');
      await page.context().close();
    });
  }

  it('can be read without eyes: headings in order, landmarks, table headers, a named diagram', async () => {
    const { page } = await open(1200, 'light');
    const levels = await page.$$eval('h1, h2, h3, h4', (all) => all.map((h) => Number(h.tagName[1])));
    expect(levels[0]).to.equal(1);
    levels.reduce((before, level) => {
      expect(level).to.be.at.most(before + 1);
      return level;
    });
    for (const role of ['banner', 'navigation', 'main', 'contentinfo'] as const) {
      expect(await page.getByRole(role).count(), role).to.equal(1);
    }
    expect(await page.getByRole('rowheader', { name: 'every-line' }).count()).to.equal(1);
    expect(await page.getByRole('columnheader', { name: 'failed' }).count()).to.equal(1);
    expect(await page.getByRole('img', { name: 'Sequence diagram of every-line' }).count()).to.equal(1);
    expect(await page.getByRole('article', { name: /^every-line/ }).count()).to.equal(1);
    await page.context().close();
  });

  it('has text with enough contrast in both modes', async () => {
    for (const scheme of ['light', 'dark'] as const) {
      const { page } = await open(1200, scheme);
      const low = await page.evaluate<string[]>(FIND_LOW_CONTRAST);
      expect(low, scheme).to.deep.equal([]);
      await page.context().close();
    }
  });

  it('prints in light colours, with all of it on paper', async () => {
    const { page } = await open(1200, 'dark');
    await page.emulateMedia({ media: 'print', colorScheme: 'dark' });
    const { background } = await page.evaluate<{ background: string }>(MEASURE);
    expect(background).to.equal('rgb(255, 255, 255)');
    const pdf = await page.pdf({ format: 'A4' });
    expect(pdf.subarray(0, 5).toString()).to.equal('%PDF-');
    await page.context().close();
  });
});
