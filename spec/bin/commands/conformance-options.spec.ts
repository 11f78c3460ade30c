import { expect } from 'chai';
import { parseCommand } from '../../../bin/arguments.js';
import { type Request, requestOf } from '../../../bin/commands/conformance-options.js';
import { OPTIONS } from '../../../bin/options/table.js';
import { RANKS } from '../../../lib/conformance/case.js';
import { CASES } from '../../../lib/conformance/cases/index.js';

function parse(...args: string[]): Request {
  const command = parseCommand(['conformance', ...args]);
  if (command.kind !== 'conformance') throw new Error(JSON.stringify(command));
  return requestOf(command);
}

describe('arguments of mini-serv conformance', () => {
  const expected = 'expected mini-serv conformance <command> [args...]';
  for (const [args, message] of [
    [[], `Wrong number of arguments: ${expected}`],
    [['--nope', 'x'], '--nope: unknown option; see mini-serv conformance --help'],
    [['--json=yes', 'x'], '--json: expected no value, got "yes"'],
    [
      ['--timeout', '5', 'x'],
      '--timeout: expected a time from 100ms to 10m, such as 5s, got "5" without a unit (ms, s, m, h or d)',
    ],
    [['--timeout', '99ms', 'x'], '--timeout: expected a time from 100ms to 10m, such as 5s, got "99ms"'],
    [['--timeout', '1h', 'x'], '--timeout: expected a time from 100ms to 10m, such as 5s, got "1h"'],
    [['--timeout'], '--timeout: expected a value, got none'],
    [['--rank', 'all', 'x'], '--rank: expected subject, exam, practice or beyond, got "all"'],
    [
      ['--rank', 'exma', 'x'],
      '--rank: expected subject, exam, practice or beyond, got "exma"; did you mean exam?',
    ],
  ] as const) {
    it(`answers ${JSON.stringify(args.join(' '))} with ${JSON.stringify(message)}`, () => {
      expect(parseCommand(['conformance', ...args])).to.deep.equal({ kind: 'usage', message, exitCode: 2 });
    });
  }

  for (const [args, message] of [
    [['--only', 'nope', 'x'], '--only: expected the name of a case (see --list), got "nope"'],
    [['--only', 'lazy-hear-all', 'x'], /got "lazy-hear-all"; did you mean lazy-hears-all\?$/],
    [['--only', 'crowd', '--rank', 'exam', 'x'], /^--only: .*, got "crowd"$/],
    [['--only', 'lines,', 'x'], '--only: expected the name of a case (see --list), got ""'],
  ] as const) {
    it(`rejects a case that does not exist: ${args.join(' ')}`, () => {
      expect(() => parse(...args)).to.throw(message as string);
    });
  }

  it('leave everything after the name of the command to the command', () => {
    const command = ['./mini_serv', '--json', '-x', '-1', '--', '--help'];
    const request = parse('--json', '--timeout=2s', '--', ...command);
    expect(request).to.deep.include({ kind: 'test', json: true, timeoutMs: 2000, command });
    expect(parse(...command)).to.deep.include({ json: false, command });
    expect(parse('--', '--json')).to.deep.include({ json: false, command: ['--json'] });
  });

  it('choose the cases that are named exactly, or else those whose names contain the text', () => {
    const names = parse('--only', 'lazy-h,first-ids', '--only=nul', 'x').cases.map(({ name }) => name);
    expect(names).to.deep.equal(['first-ids', 'lazy-holds-nobody-up', 'lazy-hears-all', 'nul']);
  });

  it('require subject and exam, or all chosen cases with --rank or --only', () => {
    const all = ['subject', 'exam', 'practice', 'beyond'];
    expect(parse('x')).to.deep.include({ required: ['subject', 'exam'], cases: CASES, timeoutMs: 5000 });
    expect(parse('--rank', 'beyond', 'x')).to.deep.include({ required: all });
    expect(parse('--only', 'nul', 'x')).to.deep.include({ required: all });
  });

  it('list the cases up to a rank, without a command', () => {
    const subject = CASES.filter(({ rank }) => rank === 'subject');
    const list = { kind: 'list', json: false, cases: subject };
    expect(parse('--rank', 'subject', '--list')).to.deep.equal(list);
  });

  it('accept the ranks of the kit', () => {
    expect(OPTIONS.find(({ name }) => name === 'rank')).to.deep.include({ choices: RANKS });
  });
});
