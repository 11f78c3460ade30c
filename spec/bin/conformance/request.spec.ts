import { expect } from 'chai';
import { parseCommand } from '../../../bin/arguments.js';
import { type Request, requestOf, type TestRequest } from '../../../bin/conformance/request.js';
import { OPTIONS } from '../../../bin/options/table.js';
import { RANKS } from '../../../lib/conformance/case.js';
import { CASES } from '../../../lib/conformance/cases/index.js';
import { SUBJECTS } from '../../../lib/conformance/subject.js';

function parse(...args: string[]): Request {
  const command = parseCommand(['conformance', ...args]);
  if (command.kind !== 'conformance') throw new Error(JSON.stringify(command));
  return requestOf(command);
}

function test(...args: string[]): TestRequest {
  const request = parse(...args, 'x');
  if (request.kind !== 'test') throw new Error(JSON.stringify(request));
  return request;
}

describe('arguments of mini-serv conformance', () => {
  const expected = 'expected mini-serv conformance <command> [args...]';
  const ranks = 'subject, exam, practice or beyond';
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
    [['--rank', 'all', 'x'], `--rank: expected ${ranks}, got "all"`],
    [['--rank', 'exma', 'x'], `--rank: expected ${ranks}, got "exma"; did you mean exam?`],
    [['--seed', '1', 'x'], '--seed: expected --random <number> as well'],
    [['--jobs', '0', 'x'], '--jobs: expected a number from 1 to 64, got "0"'],
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
    [['--explain', 'linse', 'x'], /^--explain: .*, got "linse"; did you mean lines\?$/],
    [['--explain', 'crowd', '--rank', 'exam', 'x'], /^--explain: expected a case that is run, got "crowd"/],
  ] as const) {
    it(`rejects a case that does not exist: ${args.join(' ')}`, () => {
      expect(() => parse(...args)).to.throw(message as string);
    });
  }

  it('leave everything after the name of the command to the command', () => {
    const command = ['./mini_serv', '--json', '-x', '-1', '--', '--help'];
    const { plan, reports } = parse('--json', '--timeout=2s', '--', ...command) as TestRequest;
    expect(plan).to.deep.include({ timeoutMs: 2000, command });
    expect(reports).to.deep.equal([{ format: 'json' }]);
    expect((parse(...command) as TestRequest).reports).to.deep.equal([{ format: 'text' }]);
    expect((parse('--', '--json') as TestRequest).plan.command).to.deep.equal(['--json']);
  });

  it('choose the cases that are named exactly, or else those whose names contain the text', () => {
    const names = test('--only', 'lazy-h,first-ids', '--only=nul').plan.cases.map(({ name }) => name);
    expect(names).to.deep.equal(
      CASES.map(({ name }) => name).filter((name) => /^(lazy-h.*|first-ids|nul)$/.test(name)),
    );
  });

  it('require subject and exam, or all chosen cases with --rank or --only', () => {
    expect(test().plan).to.deep.include({ required: ['subject', 'exam'], cases: CASES, timeoutMs: 5000 });
    expect(test('--rank', 'practice').plan.required).to.deep.equal(['subject', 'exam', 'practice']);
    expect(test('--only', 'nul').plan).to.deep.include({ required: RANKS, isSelection: true });
  });

  it('list the cases up to a rank, without a command', () => {
    const subject = CASES.filter(({ rank }) => rank === 'subject');
    const list = { kind: 'list', json: false, cases: subject };
    expect(parse('--rank', 'subject', '--list')).to.deep.equal(list);
  });

  it('accept the texts of the subject, and choose the cases of one', () => {
    expect(OPTIONS.find(({ name }) => name === 'subject')).to.deep.include({ choices: SUBJECTS });
    const { plan } = test('--subject', '4096', '--only', 'long-line');
    expect(plan.subject).to.equal('4096');
    expect(plan.cases.map(({ name, rank }) => [name, rank])).to.deep.equal([['long-line', 'beyond']]);
    expect(test().plan).to.not.have.property('subject');
  });

  it('accept the ranks of the kit', () => {
    expect(OPTIONS.find(({ name }) => name === 'rank')).to.deep.include({ choices: RANKS });
  });

  it('explain the cases that are named, or all', () => {
    expect(test('--explain', 'lines,nul', '--explain', 'all').explain).to.deep.equal(['lines', 'nul', 'all']);
  });
});

describe('--reporter and --output', () => {
  const reports = (args: string) => test(...args.split(' ')).reports;
  const text = { format: 'text' };
  const json = { format: 'json' };

  it('give an output the report of the reporter before it', () => {
    expect(reports('--reporter json --output a')).to.deep.equal([text, { ...json, path: 'a' }]);
    expect(reports('--reporter text --reporter json --output a')).to.deep.equal([
      text,
      { ...json, path: 'a' },
    ]);
  });

  it('are paired in their order if there are as many of one as of the other', () => {
    const expected = [text, { ...json, path: 'a' }, { ...text, path: 'b' }];
    expect(reports('--reporter json --reporter text --output a --output b')).to.deep.equal(expected);
    expect(reports('--reporter json --output a --reporter text --output b')).to.deep.equal(expected);
    expect(reports('--output a --reporter json')).to.deep.equal([text, { ...json, path: 'a' }]);
  });

  it('write the text report to an output without a reporter', () => {
    expect(reports('--output a')).to.deep.equal([text, { ...text, path: 'a' }]);
  });

  it('accept - for standard output, and --json for --reporter json', () => {
    expect(reports('--reporter json --output -')).to.deep.equal([json]);
    expect(reports('--json --output a')).to.deep.equal([text, { ...json, path: 'a' }]);
  });

  it('refuse two reports with the same destination', () => {
    expect(() => reports('--reporter json --reporter text')).to.throw(
      '--output: expected a file for all but one of the reports json and text',
    );
    expect(() => reports('--reporter json --output a --reporter text --output a')).to.throw(
      '--output: expected a different file for each report, got "a" twice',
    );
  });
});
