import { expect } from 'chai';
import type { Case } from '../../lib/conformance/case.js';
import { resultLine } from '../../lib/conformance/case-line.js';
import { CASES } from '../../lib/conformance/cases/index.js';
import { describeExit } from '../../lib/conformance/exit.js';
import type { FailureDetails } from '../../lib/conformance/failure.js';
import { jsonReport } from '../../lib/conformance/reporters/json.js';
import type { Result } from '../../lib/conformance/run.js';
import { coloured, plain } from '../../lib/conformance/text.js';
import { drawTimeline } from '../../lib/conformance/timeline.js';
import { conforms, verdictOf } from '../../lib/conformance/verdict.js';
import { summaryOf, textReport } from '../support/conformance.js';

const LINES = CASES.find(({ name }) => name === 'lines') as Case;

const FAILED: Result = {
  case: LINES,
  outcome: 'failed',
  details: { what: 'it was ended by a signal' },
  exit: { code: null, signal: 'SIGPIPE' },
  stderr: ['a \x1b[2J line'],
  timeline: [],
};

const resultOf = (rank: Case['rank'], outcome: Result['outcome']): Result => ({
  case: { ...LINES, rank, name: `${rank}-${outcome}` },
  outcome,
  timeline: [],
});

describe('drawTimeline()', () => {
  it('draws a lane for each client', () => {
    const steps = [
      { client: 'A', action: 'connects' },
      { client: 'B', action: 'connects' },
      { action: '20 MB are sent' },
      { client: 'B', action: 'ends its connection (FIN)' },
      { client: 'A', action: 'receives', bytes: Buffer.from('x\n') },
    ];
    expect(drawTimeline(steps, plain)).to.deep.equal([
      '        A B',
      '     1  ●    A connects',
      '     2  │ ●  B connects',
      '     3  │ │  20 MB are sent',
      '     4  │ ○  B ends its connection (FIN)',
      '     5  ✗    A should receive  x\\n',
    ]);
  });

  it('draws no lanes for more than eight clients', () => {
    const steps = Array.from({ length: 9 }, (_, i) => ({ client: `${i}`, action: 'connects' }));
    expect(drawTimeline(steps, plain)[0]).to.equal('     1  0 connects');
  });

  it('leaves out the middle of a long timeline', () => {
    const steps = Array.from({ length: 100 }, () => ({ client: 'A', action: 'connects' }));
    expect(drawTimeline(steps, plain)).to.have.length(26).and.to.include('        … 76 more steps');
  });
});

describe('resultLine()', () => {
  it('uses colours only if asked to', () => {
    const line = resultLine(FAILED, coloured, 80).join('\n');
    expect(line).to.contain('\x1b[31m✗\x1b[39m').and.to.contain('[SIGPIPE]');
    expect(resultLine(FAILED, plain, 80).join('\n')).to.not.contain('\x1b');
  });

  it('says why a case was skipped or could not be judged', () => {
    const line = (outcome: Result['outcome']) =>
      resultLine({ ...resultOf('exam', outcome), reason: 'no /proc' }, plain, 80)[0];
    expect(line('skipped')).to.match(/^ {2}– exam-skipped +skipped: no \/proc$/);
    expect(line('undecided')).to.match(/^ {2}\? exam-undecided +undecided: no \/proc$/);
  });
});

describe('the text report', () => {
  it('says how the server ended, and shows its last output without control characters', () => {
    const text = textReport([FAILED]);
    expect(text).to.contain(
      'It was ended by a signal.\n   The server was ended by SIGPIPE (it sent to a connection that was reset',
    );
    expect(text).to.contain('standard error | a \\x1b[2J line');
  });

  it('shows the difference and why nothing more was received', () => {
    const failure = (details: Omit<FailureDetails, 'what'>): string =>
      textReport([{ ...resultOf('subject', 'failed'), details: { what: 'wrong', ...details } }]);
    const [nothing, text] = [Buffer.alloc(0), Buffer.from('a\n')];
    expect(failure({ expected: text, received: nothing, end: 'nothing more within 5 ms' })).to.contain(
      'expected  a\\n\n   received  ‹nothing more within 5 ms›\n',
    );
    expect(failure({ expected: nothing, received: text })).to.contain(
      'expected  ‹nothing›\n   received  a\\n\n',
    );
    expect(failure({ expected: text, received: nothing })).to.contain('received  ‹nothing›\n');
    expect(failure({ output: ['line 1: #define A'] }))
      .to.contain('   | line 1: #define A\n')
      .and.to.not.contain('expected');
  });
});

describe('describeExit()', () => {
  it('names the exit code or the signal, also one that a shell reports', () => {
    expect(describeExit({ code: 3, signal: null })).to.equal('the server ended with exit code 3');
    expect(describeExit({ code: 139, signal: null })).to.contain('SIGSEGV');
    expect(describeExit({ code: 200, signal: null })).to.equal('the server ended with exit code 200');
    expect(describeExit({ code: null, signal: 'SIGUSR1' })).to.equal('the server was ended by SIGUSR1');
  });
});

describe('conforms()', () => {
  const required = ['subject', 'exam'] as const;

  it('requires that no case of the required ranks has failed', () => {
    expect(conforms([resultOf('subject', 'passed'), resultOf('beyond', 'failed')], required)).to.equal(true);
    expect(conforms([resultOf('subject', 'passed'), resultOf('exam', 'failed')], required)).to.equal(false);
  });

  it('requires that at least one required case has passed', () => {
    expect(conforms([resultOf('subject', 'skipped')], required)).to.equal(false);
    expect(conforms([], required)).to.equal(false);
  });
});

describe('verdictOf()', () => {
  const required = ['subject', 'exam'] as const;

  it('is undecided if no required case failed, but one could not be judged', () => {
    const passed = resultOf('subject', 'passed');
    const undecided = resultOf('exam', 'undecided');
    expect(verdictOf([passed, undecided], required)).to.equal('undecided');
    expect(verdictOf([passed, undecided, resultOf('exam', 'failed')], required)).to.equal('fails');
    expect(verdictOf([passed, resultOf('beyond', 'undecided')], required)).to.equal('conforms');
    expect(conforms([passed, undecided], required)).to.equal(false);
  });
});

describe('jsonReport()', () => {
  it('contains everything that the printed report shows', () => {
    const report = jsonReport(summaryOf([FAILED, resultOf('beyond', 'skipped')], { required: ['subject'] }));
    expect(report).to.include({ conforms: false, verdict: 'fails', timeoutMs: 5000 });
    expect(report.cases[0]).to.deep.include({
      name: 'lines',
      outcome: 'failed',
      required: true,
      what: 'it was ended by a signal',
      stderr: ['a \x1b[2J line'],
    });
    expect(report.cases[0]).to.have.property('exit').that.deep.includes({ signal: 'SIGPIPE' });
    expect(report.cases[0]).to.have.property('hint').that.contains('MSG_NOSIGNAL');
    expect(report.cases[1]).to.include({ outcome: 'skipped', required: false });
  });

  it('shortens texts of more than 4,096 bytes', () => {
    const details = { what: 'wrong', expected: Buffer.alloc(4096, 'a'), received: Buffer.alloc(4097, 'a') };
    const report = jsonReport(summaryOf([{ ...FAILED, details }]));
    const { expected, received } = report.cases[0] as unknown as Record<
      string,
      { text: string; length: number }
    >;
    expect(expected).to.deep.equal({ text: 'a'.repeat(4096), length: 4096 });
    expect(received?.text).to.equal(`${'a'.repeat(40)} … ${'a'.repeat(12)} (4,097 bytes)`);
  });
});
