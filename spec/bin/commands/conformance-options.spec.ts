import { expect } from 'chai';
import { helpText, parseRequest } from '../../../bin/commands/conformance-options.js';
import { CASES } from '../../../lib/conformance/cases/index.js';

describe('parseRequest()', () => {
  for (const [args, message] of [
    [[], 'expected the command to test, such as ./mini_serv'],
    [['--nope', 'x'], '--nope: unknown option; see --help'],
    [['--json=yes', 'x'], '--json: expected no value, got "yes"'],
    [
      ['--timeout', '5', 'x'],
      '--timeout: expected a time from 100ms to 10m, such as 5s, got "5" without a unit (ms, s, m, h or d)',
    ],
    [['--timeout', '99ms', 'x'], '--timeout: expected a time from 100ms to 10m, such as 5s, got "99ms"'],
    [['--timeout', '1h', 'x'], '--timeout: expected a time from 100ms to 10m, such as 5s, got "1h"'],
    [['--timeout'], '--timeout: expected a value, got none'],
    [['--rank', 'all', 'x'], '--rank: expected subject, exam or beyond, got "all"'],
    [['--only', 'nope', 'x'], '--only: expected the name of a case (see --list), got "nope"'],
    [
      ['--only', 'crowd', '--rank', 'exam', 'x'],
      '--only: expected the name of a case (see --list), got "crowd"',
    ],
    [['--only', 'lines,', 'x'], '--only: expected the name of a case (see --list), got ""'],
  ] as const) {
    it(`answers ${JSON.stringify(args.join(' '))} with ${JSON.stringify(message)}`, () => {
      expect(parseRequest(args)).to.deep.equal({ kind: 'usage', message });
    });
  }

  it('leaves everything after the name of the command to the command', () => {
    const command = ['./mini_serv', '--json', '-x'];
    const request = parseRequest(['--json', '--timeout=2s', '--', ...command]);
    expect(request).to.deep.include({ kind: 'test', json: true, timeoutMs: 2000, command });
    expect(parseRequest(['./mini_serv', '--help'])).to.deep.include({ command: ['./mini_serv', '--help'] });
  });

  it('chooses the cases that are named exactly, or else those whose names contain the text', () => {
    const request = parseRequest(['--only', 'lazy-h,first-ids', '--only=nul', 'x']);
    const names = (request as { cases: readonly { name: string }[] }).cases.map(({ name }) => name);
    expect(names).to.deep.equal(['first-ids', 'lazy-holds-nobody-up', 'lazy-hears-all', 'nul']);
  });

  it('requires subject and exam, or all chosen cases with --rank or --only', () => {
    const all = ['subject', 'exam', 'beyond'];
    expect(parseRequest(['x'])).to.deep.include({ required: ['subject', 'exam'], cases: CASES });
    expect(parseRequest(['--rank', 'beyond', 'x'])).to.deep.include({ required: all });
    expect(parseRequest(['--only', 'nul', 'x'])).to.deep.include({ required: all });
  });

  it('returns the cases up to a rank', () => {
    const subject = CASES.filter(({ rank }) => rank === 'subject');
    expect(parseRequest(['--rank', 'subject', '--list'])).to.deep.equal({
      kind: 'list',
      json: false,
      cases: subject,
    });
  });
});

describe('helpText() of the kit', () => {
  it('has no line longer than 80 columns', () => {
    for (const line of helpText().split('\n')) expect(line.length, line).to.be.at.most(80);
  });
});
