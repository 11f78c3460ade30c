import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { createMetrics } from '../../bin/metrics/metrics.js';
import { addCleanup } from '../support/cleanup.js';
import { startProgram } from '../support/program.js';
import { createTestRelay } from '../support/room.js';
import { itWith } from '../support/tools.js';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');
const PAGE = read('docs/metrics.md');

interface Panel {
  readonly targets: readonly { readonly expr: string }[];
}

const { panels } = JSON.parse(read('examples/grafana/dashboard.json')) as { panels: readonly Panel[] };
const QUERIES = panels.flatMap(({ targets }) => targets.map(({ expr }) => expr));

/** Returns what a relay reports, in the text format. */
function scrape(): string {
  const metrics = createMetrics(createTestRelay());
  addCleanup(() => metrics.close());
  return metrics.scrape().body;
}

/** Returns the rows of a table of metrics: name, type and meaning. */
function tableOf(body: string): string {
  const families = [...body.matchAll(/^# HELP (\S+) (.*)\n# TYPE \S+ (\S+)$/gm)];
  return families.map(([, name, help, type]) => `| \`${name}\` | ${type} | ${help} |\n`).join('');
}

/** Runs a module of the page, with a program behind it, in a folder from which `mini-serv` can be imported. */
function run(name: string, program = ''): ReturnType<typeof startProgram> {
  const start = PAGE.indexOf(`\`\`\`js\n// ${name}`);
  const module = PAGE.slice(start + 6, PAGE.indexOf('```', start + 6)).replace('4242', '0');
  const path = mkdtempSync(join(ROOT, 'dist', 'metrics-'));
  addCleanup(() => rmSync(path, { recursive: true }));
  writeFileSync(join(path, name), module + program);
  return startProgram(process.execPath, [name], { cwd: path });
}

describe('docs/metrics.md', () => {
  it('lists all metrics, with their types and meanings', () => {
    const [, table] = /<!-- metrics -->\n([\s\S]*?)<!-- end of metrics -->/.exec(PAGE) ?? [];
    expect(table).to.equal(`| metric | type | meaning |\n| --- | --- | --- |\n${tableOf(scrape())}`);
  });

  it('has a module that prints statistics', async () => {
    await run('watch.mjs').output.until('{ linesIn: 0, linesOut: 0, diskBytes: 0, stalled: [] }\n');
  });

  it('has a module that subscribes to the channels', async () => {
    const program = `
      import { duplexPair } from 'node:stream';
      import { createRelay } from 'mini-serv';
      const relay = createRelay({ maxLineBytes: 10 });
      const [near, far] = duplexPair();
      relay.handle(far);
      near.write('hello\\nmuch longer than ten bytes\\n');`;
    const { output } = run('trace.mjs', program);
    await output.until('client 0 joined\nclient 0: hello\n');
    await output.until('ERR_LINE_TOO_LONG client 0 is disconnected');
    await output.until('client 0 left\n');
  });
});

describe('examples/grafana/dashboard.json', () => {
  it('uses only names that a relay reports', () => {
    const reported = new Set(scrape().match(/^[a-z]\w*/gm));
    const used = new Set(QUERIES.flatMap((query) => query.match(/\b(mini_serv|process)_\w+/g) ?? []));
    expect([...used].filter((name) => !reported.has(name))).to.deep.equal([]);
  });

  itWith('promtool', 'has queries that Prometheus understands', async () => {
    const dir = mkdtempSync(join(ROOT, 'dist', 'rules-'));
    addCleanup(() => rmSync(dir, { recursive: true }));
    const rules = QUERIES.map((query, i) => ({
      record: `query_${i}`,
      expr: query.replaceAll('$__rate_interval', '1m'),
    }));
    writeFileSync(join(dir, 'rules.yml'), JSON.stringify({ groups: [{ name: 'dashboard', rules }] }));
    const { output } = startProgram('promtool', ['check', 'rules', join(dir, 'rules.yml')]);
    await output.until(`SUCCESS: ${rules.length} rules found`);
  });
});
