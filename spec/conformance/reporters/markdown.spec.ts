import { spawnSync } from 'node:child_process';
import { expect } from 'chai';
import { markdownReport } from '../../../lib/conformance/reporters/markdown.js';
import {
  countOf,
  failureOf,
  HOSTILE_TEXTS,
  hostileResults,
  resultOf,
  summaryOf,
} from '../../support/results.js';
import { describeWith } from '../../support/tools.js';

describe('the Markdown report', () => {
  it('has the verdict, a table of the ranks, the failures by cause, and all cases', () => {
    const [first, other] = [
      failureOf('every-line', { expected: Buffer.from('a\n'), received: Buffer.from('b\n') }),
      failureOf('pieces'),
    ] as const;
    const results = [
      resultOf('lines', 'passed'),
      first,
      other,
      resultOf('nul', 'undecided', { reason: 'busy' }),
      failureOf('quiet'),
    ];
    const summary = summaryOf(results, {}, [
      { first, others: [other], required: true },
      { first: results[4] as typeof first, others: [], required: false },
    ]);
    const text = markdownReport(summary);
    expect(text)
      .to.match(/^## ❌ Would most likely fail: /)
      .and.to.contain('<summary>All cases</summary>');
    expect(text)
      .to.contain('\n| subject | 1 | 1 | 0 | 0 |\n| exam | 0 | 1 | 0 | 0 |\n')
      .and.to.contain('\n| beyond (not required) | 0 | 1 | 0 | 1 |\n| all | 1 | 3 | 0 | 1 |\n')
      .and.to.contain('### <code>every-line</code>: each line of a message has the id in front')
      .and.to.contain(
        '```text\nB did not receive what it should have received.\n\nexpected  a\\n\nreceived  b\\n\n',
      )
      .and.to.contain('1 more for the same reason: <code>pieces</code>')
      .and.to.contain('### <code>quiet</code> (not required): ')
      .and.to.contain('| ❔ undecided | <code>nul</code> | beyond |');
  });

  it('shows a verdict that is open, and one that is good', () => {
    const good = summaryOf([resultOf('lines', 'passed')]);
    expect(markdownReport(good)).to.match(/^## ✅ /);
    expect(markdownReport(summaryOf([resultOf('lines', 'undecided', { reason: 'busy' })]))).to.match(
      /^## ❔ /,
    );
  });
});

describeWith('cmark-gfm', 'the Markdown report, read by cmark-gfm', () => {
  for (const text of HOSTILE_TEXTS) {
    it(`keeps its structure with ${JSON.stringify(text.slice(0, 40))}`, () => {
      const summary = summaryOf(hostileResults(text), { command: [text, 'x'] });
      const { results, causes, counts } = summary;
      const source = markdownReport(summary);
      const { stdout: html } = spawnSync(
        'cmark-gfm',
        ['--unsafe', '--github-pre-lang', '-e', 'table', '-e', 'strikethrough', '-e', 'autolink'],
        { input: source, encoding: 'utf8' },
      );
      const count = (pattern: RegExp): number => html.match(pattern)?.length ?? 0;
      expect(count(/<table>/g)).to.equal(2);
      expect(count(/<tr>/g)).to.equal(2 + counts.length + 1 + results.length);
      expect(count(/<td/g)).to.equal((counts.length + 1) * 5 + results.length * 4);
      expect(count(/<h3>/g)).to.equal(causes.length);
      expect(count(/<pre/g)).to.equal(causes.length);
      expect(count(/❌ failed/g)).to.equal(countOf(results, 'failed'));
      expect(html).to.not.match(/<script|<img|<b>|<del>|<em>|<strong>|<a |<hr|<ul>|<ol|\0/);
      expect(source).to.match(/^[\n\x20-\x7e\u00a1-\u{10ffff}]*$/u);
    });
  }
});
