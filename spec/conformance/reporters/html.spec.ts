import { spawnSync } from 'node:child_process';
import { expect } from 'chai';
import { htmlPage } from '../../../lib/conformance/reporters/html/page.js';
import { failureOf, HOSTILE_TEXTS, hostileResults, resultOf, summaryOf } from '../../support/results.js';
import { describeWith } from '../../support/tools.js';

const VOID = ['meta'];

/** Returns the names of all elements, after checking that each is closed in its place. */
function elementsOf(html: string): string[] {
  const open: string[] = [];
  return [...html.matchAll(/<(\/?)([a-z][a-z0-9]*)\b[^<>]*?(\/?)>/g)].flatMap(
    ([tag, slash, name = '', end]) => {
      if (slash === '/') {
        expect(open.pop(), `before ${tag}`).to.equal(name);
        return [];
      }
      if (end !== '/' && !VOID.includes(name)) open.push(name);
      return [name];
    },
  );
}

const textOf = (html: string): string => html.replace(/<[^>]*>/g, '');
const DIFFERENCE = {
  expected: Buffer.from('client 0: one\nclient 0: two\n'),
  received: Buffer.from('client 0: one\ntwo\n'),
};

describe('the HTML report', () => {
  it('is one file without scripts, links to elsewhere, or anything to load', () => {
    const html = htmlPage(summaryOf(hostileResults('x')));
    expect(html).to.match(/^<!DOCTYPE html>\n<html lang="en">/);
    expect(html).to.contain("default-src 'none'; style-src 'unsafe-inline'");
    expect(html).to.not.match(/<script|<link|<iframe|<img|\ssrc=|url\(|@import|\son\w+=|https?:/);
    for (const [, id] of html.matchAll(/href="#([^"]*)"/g)) expect(html).to.contain(`id="${id}"`);
  });

  it('has the verdict as its heading and title, and a landmark for each part', () => {
    const summary = summaryOf([resultOf('lines', 'passed')], { command: ['./a', '<b>'] });
    const html = htmlPage(summary);
    expect(html)
      .to.contain(`<title>${summary.sentence}</title>`)
      .and.to.contain(`</span> ${summary.sentence}</h1>`);
    expect(html).to.contain('<code>./a &lt;b&gt;</code>').and.to.contain('<header class="passed">');
    expect(elementsOf(html)).to.include.members([
      'header',
      'nav',
      'main',
      'footer',
      'h1',
      'h2',
      'table',
      'caption',
    ]);
    const undecided = htmlPage(summaryOf([resultOf('lines', 'undecided', { reason: 'busy' })]));
    expect(undecided)
      .to.contain('<header class="undecided">')
      .and.to.contain('<span class="note">busy</span>');
  });

  it('counts the results of each rank, and lists all cases with a link to each explanation', () => {
    const [first, other] = [failureOf('every-line'), failureOf('pieces')] as const;
    const results = [
      resultOf('lines', 'passed'),
      first,
      other,
      resultOf('idle', 'skipped', { reason: 'no /proc' }),
    ];
    const html = htmlPage(summaryOf(results, {}, [{ first, others: [other], required: true }]));
    expect(html).to.contain('<tr><th scope="row">subject</th><td>1</td><td>1</td><td>0</td><td>0</td>');
    expect(html).to.contain('<th scope="row">all</th><td>1</td><td>2</td><td>1</td><td>0</td>');
    expect(html.match(/<a href="#case-every-line"><code>(every-line|pieces)<\/code><\/a>/g)).to.have.length(
      3,
    );
    expect(html)
      .to.contain('One more case fails for the same reason')
      .and.to.contain('<li><code>pieces</code></li>');
    expect(html).to.contain('<span class="note">no /proc</span>');
    expect(
      html.match(/<section[^>]*aria-labelledby="cases"|role="region" aria-labelledby="cases"/g),
    ).to.have.length(1);
  });

  it('separates the failures that are not required', () => {
    const [failure, finding] = [failureOf('every-line'), failureOf('nul')] as const;
    const causes = [
      { first: failure, others: [], required: true },
      { first: finding, others: [], required: false },
    ];
    const html = htmlPage(summaryOf([failure, finding], {}, causes));
    expect(html.indexOf('id="findings"')).to.be.greaterThan(html.indexOf('id="case-every-line"'));
    expect(html.indexOf('id="case-nul"')).to.be.greaterThan(html.indexOf('id="findings"'));
  });

  it('shows both texts with the first wrong byte marked, the usual cause, and the paragraph of the subject', () => {
    const html = htmlPage(summaryOf([failureOf('every-line', DIFFERENCE)]));
    expect(html).to.contain(
      'The first difference is at byte 15: expected <code>c</code> (0x63), received <code>t</code> (0x74).',
    );
    const [expected, received] = html.match(/<pre[\s\S]*?<\/pre>/g) as [string, string];
    expect(textOf(expected)).to.equal('client 0: one\\n\nclient 0: two\\n\n');
    expect(textOf(received)).to.equal('client 0: one\\n\ntwo\\n\n');
    expect(received).to.contain('<span class="control">\\n</span>\n</span><mark>t</mark>wo');
    expect(textOf(html)).to.contain('What it usually is\nOne recv can return several lines.');
    expect(textOf(html)).to.contain('a single message can contains multiple \\n');
  });

  for (const [expected, received, end, sentence, marks] of [
    [
      'a b',
      'a',
      'nothing more within 5 ms',
      'One byte is correct, then: nothing more within 5 ms.',
      ['␣', '‹nothing more within 5 ms›'],
    ],
    [
      'ab',
      '',
      'nothing more within 5 ms',
      'Nothing was received within 5 ms.',
      ['a', '‹nothing more within 5 ms›'],
    ],
    [
      'ab',
      '',
      'the server closed the connection',
      'Nothing was received: the server closed the connection.',
      ['a', '‹the server closed the connection›'],
    ],
    ['abc\n', 'abc', undefined, '3 bytes are correct, then: nothing more.', ['\\n', '‹nothing more›']],
    [
      '',
      '\x1b',
      undefined,
      'The first difference is at byte 1: expected nothing more, received \\x1b (0x1b).',
      ['‹nothing more›', '\\x1b'],
    ],
    [
      'a ',
      'ab',
      undefined,
      'The first difference is at byte 2: expected a space (0x20), received b (0x62).',
      ['␣', 'b'],
    ],
    [
      'a<',
      'a&',
      undefined,
      'The first difference is at byte 2: expected &lt; (0x3c), received &amp; (0x26).',
      ['&lt;', '&amp;'],
    ],
  ] as const) {
    it(`says what is wrong with ${JSON.stringify(received)} in place of ${JSON.stringify(expected)}`, () => {
      const details = {
        expected: Buffer.from(expected),
        received: Buffer.from(received),
        ...(end !== undefined && { end }),
      };
      const html = htmlPage(summaryOf([failureOf('lines', details)]));
      expect(textOf(/<p class="difference">.*<\/p>/.exec(html)?.[0] ?? '')).to.equal(sentence);
      expect((html.match(/<mark>.*?<\/mark>/g) as string[]).map(textOf)).to.deep.equal(marks);
    });
  }

  it('shows the part around the difference of long texts', () => {
    const lines = Array.from({ length: 40 }, (_, i) => `client 0: ${i}\n`);
    const expected = Buffer.from(lines.join(''));
    const received = Buffer.from(lines.with(20, 'client 0: forty\n').join(''));
    const [shown] =
      htmlPage(summaryOf([failureOf('lines', { expected, received })])).match(/<pre[\s\S]*?<\/pre>/) ?? [];
    expect(
      textOf(shown ?? '')
        .split('\n')
        .slice(0, 4),
    ).to.deep.equal(['… client 0: 18\\n', 'client 0: 19\\n', 'client 0: 20\\n', 'client 0: 21\\n']);
    const long = Buffer.from('x'.repeat(100_000));
    const html = htmlPage(
      summaryOf([
        failureOf('lines', {
          expected: Buffer.concat([long, long]),
          received: Buffer.concat([long, Buffer.from('y'), long]),
        }),
      ]),
    );
    expect(html.length).to.be.below(20_000);
    expect(html).to.contain('The first difference is at byte 100,001');
  });

  it('breaks no line inside of an escape', () => {
    const received = Buffer.alloc(3, 0xff);
    const html = htmlPage(summaryOf([failureOf('lines', { expected: Buffer.from('a'), received })]));
    expect(html).to.contain('</mark><span class="control">\\xff</span><span class="control">\\xff</span>');
    expect(html).to.match(/\.control \{[^}]*white-space: nowrap/);
  });

  for (const text of HOSTILE_TEXTS) {
    it(`keeps its structure with ${JSON.stringify(text.slice(0, 40))}`, () => {
      const summary = summaryOf(hostileResults(text), { command: [text] });
      const html = htmlPage(summary);
      const elements = elementsOf(html);
      expect(elements.filter((name) => name === 'article')).to.have.length(summary.causes.length);
      for (const name of ['script', 'img']) expect(elements).to.not.include(name);
      expect(html)
        .to.match(/^[\n\x20-\x7e\u00a1-\u{10ffff}]*$/u)
        .and.to.not.match(/<!-|<!\[/);
      expect(html.length).to.be.below(120_000);
    });
  }
});

describeWith('xmllint', 'the HTML report, read by xmllint', () => {
  it('is well-formed for all hostile texts', () => {
    for (const text of HOSTILE_TEXTS) {
      const input = htmlPage(summaryOf(hostileResults(text), { command: [text] }));
      const { status, stderr } = spawnSync('xmllint', ['--noout', '--nonet', '-'], {
        input,
        encoding: 'utf8',
      });
      expect(status, stderr).to.equal(0);
    }
  });
});
