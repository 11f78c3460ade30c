import { expect } from 'chai';
import { Parser } from 'tap-parser';
import { tap } from '../../../lib/conformance/reporters/tap.js';
import {
  countOf,
  failureOf,
  HOSTILE_TEXTS,
  hostileResults,
  reportOf,
  resultOf,
  summaryOf,
} from '../../support/results.js';

/** Parses a report; returns its tally and its test points. */
function parse(report: string) {
  const parser = new Parser();
  const points: {
    ok: boolean;
    name: string;
    diag?: Record<string, unknown>;
    skip?: unknown;
    todo?: unknown;
  }[] = [];
  const unknown: string[] = [];
  const children: unknown[] = [];
  parser.on('assert', (point) => points.push(point));
  parser.on('extra', (line) => unknown.push(line));
  parser.on('child', (child) => children.push(child));
  parser.end(report);
  return { results: parser.results as NonNullable<typeof parser.results>, points, unknown, children };
}

describe('the TAP reporter', () => {
  it('says the same as the results, with the failures explained', () => {
    const failed = failureOf('every-line', {
      expected: Buffer.from('client 0: two\n'),
      received: Buffer.from('two\n'),
    });
    const summary = summaryOf([resultOf('lines', 'passed'), failed]);
    const { results, points, unknown } = parse(reportOf(tap(), summary));
    expect(results).to.include({ ok: false, count: 2, pass: 1, fail: 1, todo: 0, skip: 0 });
    expect(results.plan).to.include({ start: 1, end: 2 });
    expect(points.map(({ name }) => name)).to.deep.equal(
      [summary.results[0], failed].map((result) => `${result?.case.name}: ${result?.case.title}`),
    );
    expect(points[1]?.diag).to.deep.include({
      message: 'B did not receive what it should have received',
      severity: 'fail',
      rank: 'subject',
      expected: 'client 0: two\\n',
      received: 'two\\n',
      subject: 'a single message can contains multiple \\n',
    });
    expect(unknown).to.deep.equal([]);
  });

  it('passes when only cases fail that are not required, and counts them as failures', () => {
    const summary = summaryOf([resultOf('lines', 'passed'), failureOf('nul')]);
    const { results, points } = parse(reportOf(tap(), summary));
    expect(results).to.include({ ok: true, pass: 1, fail: 1, todo: 1 });
    expect(points[1]).to.include({ ok: false, todo: 'not required' });
    expect(points[1]?.diag).to.include({ severity: 'todo' });
  });

  it('skips cases that were skipped or could not be judged, with the reason', () => {
    const summary = summaryOf([
      resultOf('lines', 'passed'),
      resultOf('pieces', 'undecided', { reason: 'the machine is too busy' }),
      resultOf('idle', 'skipped', { reason: 'this needs /proc' }),
    ]);
    const { results, points } = parse(reportOf(tap(), summary));
    expect(results).to.include({ ok: true, pass: 3, fail: 0, skip: 2 });
    expect(points.slice(1).map(({ skip }) => skip)).to.deep.equal([
      'the machine is too busy',
      'this needs /proc',
    ]);
  });

  it('contains the cases that were not run when a run ends early', () => {
    const summary = summaryOf([failureOf('lines'), resultOf('pieces', 'skipped', { reason: 'not run' })]);
    const { results } = parse(reportOf(tap(), summary, 1));
    expect(results).to.include({ count: 2, fail: 1, skip: 1 });
    expect(results.plan).to.include({ end: 2 });
  });

  for (const text of HOSTILE_TEXTS) {
    it(`is not changed by ${JSON.stringify(text.slice(0, 40))}`, () => {
      const summary = summaryOf(hostileResults(text), { command: [text] });
      const report = reportOf(tap(), summary);
      const { results, points, unknown, children } = parse(report);
      const { results: all } = summary;
      expect(results).to.include({
        ok: false,
        count: all.length,
        fail: countOf(all, 'failed'),
        skip: countOf(all, 'skipped', 'undecided'),
        todo: 1,
        bailout: false,
      });
      expect(unknown).to.deep.equal([]);
      expect(children).to.deep.equal([]);
      expect(points.filter(({ diag }) => typeof diag?.subject === 'string')).to.have.length(
        countOf(all, 'failed'),
      );
      expect(report).to.match(/^[\n\x20-\x7e\u00a1-\u{10ffff}]*$/u);
      expect(report.length).to.be.below(40_000);
    });
  }
});
