import { expect } from 'chai';
import { excerpt, mark, same, visible } from '../../lib/conformance/bytes.js';
import type { Case } from '../../lib/conformance/case.js';
import { CASES } from '../../lib/conformance/cases/index.js';
import { jsonReport } from '../../lib/conformance/json-report.js';
import { coloured, conclusion, drawing, heading, plain, summaryLine } from '../../lib/conformance/report.js';
import type { Result } from '../../lib/conformance/run.js';
import { conforms, ending } from '../../lib/conformance/verdict.js';

const one = CASES.find(({ name }) => name === 'lines') as Case;
const failed: Result = {
  case: one,
  outcome: 'failed',
  details: { what: 'it died' },
  exit: { code: null, signal: 'SIGPIPE' },
  stderr: ['a \x1b[2J line'],
  timeline: [],
};

describe('conformance: bytes in a report', () => {
  it('are all to be seen, and none can move a cursor', () => {
    const all = Buffer.from(Array.from({ length: 256 }, (_, i) => i));
    expect(visible(all)).to.match(/^[\x20-\x7e]*$/);
    expect(visible(Buffer.from('a\tb\r\n\\n\x04é'))).to.equal('a\\tb\\r\\n\\\\n\\x04\\xc3\\xa9');
  });

  it('have their middle left out when they are many', () => {
    expect(excerpt(Buffer.alloc(72, 'a'))).to.equal('a'.repeat(72));
    expect(excerpt(Buffer.alloc(364_000, 'a'))).to.equal(
      `${'a'.repeat(40)} … ${'a'.repeat(12)} (364,000 bytes)`,
    );
  });

  it('are compared from the line on in which they differ first', () => {
    const marks = (expected: string, came: string) => mark(Buffer.from(expected), Buffer.from(came));
    expect(marks('one\ntwo\n', 'one\ntoo\n')).to.deep.equal({
      expected: 'two\\n',
      came: 'too\\n',
      column: 1,
    });
    expect(marks('a\r\n', 'a\r\r')).to.deep.equal({ expected: 'a\\r\\n', came: 'a\\r\\r', column: 3 });
    const long = 'x'.repeat(1000);
    const { expected, came, column } = marks(`${long}1${long}`, `${long}2${long}`);
    expect([expected.at(column), came.at(column)]).to.deep.equal(['1', '2']);
    expect([expected.slice(0, 2), expected.slice(-2)]).to.deep.equal(['… ', ' …']);
    expect(expected.length).to.be.below(80);
    expect(same(Buffer.from('ab'), Buffer.from('ab'))).to.equal(2);
  });
});

describe('conformance: a report for people', () => {
  it('draws a lane for each client, and none where they are too many', () => {
    const two = [
      { client: 'A', action: 'connects' },
      { client: 'B', action: 'connects' },
      { action: 'much is said' },
      { client: 'B', action: 'ends its connection (FIN)' },
      { client: 'A', action: 'hears', bytes: Buffer.from('x\n') },
    ];
    expect(drawing(two, plain)).to.deep.equal([
      '        A B',
      '     1  ●    A connects',
      '     2  │ ●  B connects',
      '     3  │ │  much is said',
      '     4  │ ○  B ends its connection (FIN)',
      '     5  ✗    A should hear  x\\n',
    ]);
    const many = Array.from({ length: 9 }, (_, i) => ({ client: `${i}`, action: 'connects' }));
    expect(drawing(many, plain)[0]).to.equal('     1  0 connects');
    const long = Array.from({ length: 100 }, () => ({ client: 'A', action: 'connects' }));
    expect(drawing(long, plain)).to.have.length(26).and.to.include('        … 76 steps more');
  });

  it('is in colours where that is wanted', () => {
    const line = summaryLine(failed, coloured);
    expect(line).to.contain('\x1b[31m✗\x1b[39m').and.to.contain('[SIGPIPE]');
    expect(summaryLine(failed, plain)).to.not.contain('\x1b');
    expect(heading('beyond', ['subject'], coloured)).to.contain('(not required)');
  });

  it('tells how a server died, and what it said last, with nothing in it that a terminal obeys', () => {
    const text = conclusion([failed], ['subject'], plain);
    expect(text).to.contain(
      'It died.\n   The server was ended by SIGPIPE (it sent to a connection that was broken off',
    );
    expect(text).to.contain('standard error | a \\x1b[2J line');
    expect(text).to.match(/It does not conform: subject 0 of 1\.\n$/);
    expect(ending({ code: 3, signal: null })).to.equal('the server ended with exit code 3');
    expect(ending({ code: 139, signal: null })).to.contain('SIGSEGV');
    expect(ending({ code: null, signal: 'SIGUSR1' })).to.equal('the server was ended by SIGUSR1');
  });
});

describe('conformance: a verdict', () => {
  const result = (rank: Case['rank'], outcome: Result['outcome']): Result => ({
    case: { ...one, rank },
    outcome,
    timeline: [],
  });

  it('looks at what is required, and wants something of it to have been judged', () => {
    const required = ['subject', 'exam'] as const;
    expect(conforms([result('subject', 'passed'), result('beyond', 'failed')], required)).to.equal(true);
    expect(conforms([result('subject', 'passed'), result('exam', 'failed')], required)).to.equal(false);
    expect(conforms([result('subject', 'left out')], required)).to.equal(false);
    expect(conforms([], required)).to.equal(false);
  });

  it('for programs has all that is told to people', () => {
    const report = jsonReport([failed, result('beyond', 'left out')], ['subject'], {
      command: ['./mini_serv'],
      source: undefined,
      timeout: 5000,
    });
    expect(report.cases[0]).to.deep.include({
      name: 'lines',
      outcome: 'failed',
      required: true,
      what: 'it died',
    });
    expect(report.cases[0]).to.have.property('exit').that.deep.includes({ signal: 'SIGPIPE' });
    expect(report.cases[1]).to.include({ outcome: 'left out', required: false });
    expect(report).to.include({ conforms: false, timeout: 5000 });
  });
});
