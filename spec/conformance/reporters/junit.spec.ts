import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect } from 'chai';
import { junitXml } from '../../../lib/conformance/reporters/junit.js';
import { ROOT } from '../../support/conformance.js';
import {
  countOf,
  failureOf,
  HOSTILE_TEXTS,
  hostileResults,
  resultOf,
  summaryOf,
} from '../../support/results.js';
import { describeWith } from '../../support/tools.js';

const SCHEMA = join(ROOT, 'spec/conformance/reporters/junit.xsd');

/** Runs xmllint on a document; returns its output. */
function xmllint(document: string, ...args: string[]): string {
  const { status, stdout, stderr } = spawnSync('xmllint', [...args, '-'], {
    input: document,
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(stderr);
  return stdout;
}

describe('the JUnit reporter', () => {
  it('has a suite for each rank, with its counts', () => {
    const document = junitXml(
      summaryOf([
        resultOf('lines', 'passed'),
        failureOf('every-line'),
        resultOf('pieces', 'undecided', { reason: 'busy' }),
        failureOf('nul'),
        resultOf('idle', 'skipped', { reason: 'no /proc' }),
      ]),
    );
    const tags = document.match(/<testsuites? [^>]*>|<skipped [^>]*>|<failure [^>]*>/g);
    expect(tags).to.deep.equal([
      '<testsuites name="mini_serv conformance" tests="5" failures="2" errors="0">',
      '<testsuite name="subject" tests="2" failures="1" errors="0" skipped="0">',
      '<failure type="required" message="B did not receive what it should have received">',
      '<testsuite name="exam" tests="1" failures="0" errors="0" skipped="1">',
      '<skipped type="undecided" message="busy"/>',
      '<testsuite name="beyond" tests="2" failures="1" errors="0" skipped="1">',
      '<failure type="not required" message="B did not receive what it should have received">',
      '<skipped type="skipped" message="no /proc"/>',
    ]);
    expect(document).to.contain('<property name="required" value="false"/>');
  });

  it('explains each failure in its text', () => {
    const expected = Buffer.from('client 0: two\n');
    const document = junitXml(
      summaryOf([failureOf('every-line', { expected, received: Buffer.from('<two>\n') })]),
    );
    expect(document)
      .to.contain('expected  client 0: two\\n\nreceived  &lt;two&gt;\\n\n')
      .and.to.contain('4. A sends one\\ntwo\\n')
      .and.to.contain('The subject: a single message can contains multiple \\n')
      .and.to.contain('Usual cause: One recv can return several lines.');
  });

  for (const text of HOSTILE_TEXTS) {
    it(`contains only characters of XML for ${JSON.stringify(text.slice(0, 40))}`, () => {
      const document = junitXml(summaryOf(hostileResults(text), { command: [text] }));
      expect(document).to.match(/^[\n\x20-\x7e\u00a1-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]*$/u);
      expect(document.match(/<failure /g)).to.have.length(4);
      expect(document).not.to.match(/]]>|<!|name="forged"/);
      expect(document.length).to.be.below(60_000);
    });
  }
});

describeWith('xmllint', 'the JUnit reporter, read by xmllint', () => {
  it('is valid, with the counts of the results, for all hostile texts', () => {
    for (const text of HOSTILE_TEXTS) {
      const { results, ...summary } = summaryOf(hostileResults(text));
      const document = junitXml({ results, ...summary });
      xmllint(document, '--noout', '--nonet', '--schema', SCHEMA);
      const counts = [
        '//testcase',
        '//failure',
        '//skipped',
        'sum(//testsuite/@skipped)',
        '/testsuites/@failures',
      ];
      const query = counts.map((count) => (count.startsWith('//') ? `count(${count})` : `string(${count})`));
      const sums = xmllint(document, '--xpath', `concat(${query.join(", ' ', ")})`);
      const skipped = countOf(results, 'skipped', 'undecided');
      const failed = countOf(results, 'failed');
      expect(sums.trim()).to.equal([results.length, failed, skipped, skipped, failed].join(' '));
    }
  });
});
