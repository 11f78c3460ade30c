import { expect } from 'chai';
import { PARAGRAPHS } from '../../lib/conformance/case.js';
import { CASES } from '../../lib/conformance/cases/index.js';
import { Failure } from '../../lib/conformance/failure.js';
import { runCases } from '../../lib/conformance/run.js';
import type { Source } from '../../lib/conformance/source.js';
import { casesOf, SUBJECTS, type Subject } from '../../lib/conformance/subject.js';
import { scriptWithMistake } from '../support/conformance.js';

const caseOf = (subject: Subject, name: string) => {
  const found = casesOf(subject).find((one) => one.name === name);
  if (found === undefined) throw new Error(`no case ${name}`);
  return found;
};

const calling = (...undefinedSymbols: string[]): Source => ({
  path: 'mini_serv.c',
  text: undefinedSymbols.map((name) => `${name}();`).join(' '),
  program: '',
  isCompiled: true,
  undefinedSymbols,
  compilations: [],
});

describe('casesOf()', () => {
  it('returns the same cases for each text of the subject', () => {
    const names = CASES.map(({ name }) => name).sort();
    for (const subject of SUBJECTS) {
      expect(
        casesOf(subject)
          .map(({ name }) => name)
          .sort(),
        subject,
      ).to.deep.equal(names);
    }
    expect(casesOf('common')).to.equal(CASES);
  });

  it('allows poll only where the text does', () => {
    const poll = calling('poll', 'htons', 'htonl');
    expect(() => caseOf('poll', 'allowed-functions').source?.(poll)).not.to.throw();
    for (const subject of ['common', 'newline', '4096'] as const) {
      expect(() => caseOf(subject, 'allowed-functions').source?.(poll)).to.throw(Failure, /: poll$/);
    }
    expect(() => caseOf('poll', 'allowed-functions').source?.(calling('printf'))).to.throw(Failure);
  });

  it('quotes the words of the chosen text', () => {
    const quote = (subject: Subject, name: string) => PARAGRAPHS[caseOf(subject, name).paragraph];
    expect(quote('common', 'lines')).to.match(/before every line!$/);
    expect(quote('newline', 'lines')).to.match(/before the message$/);
    expect(quote('newline', 'every-line')).to.equal('a single message always end with a \\n');
    expect(quote('4096', 'long-line')).to.equal('a single message will never be longer than 4096 characters');
    expect(quote('poll', 'lines')).to.equal(quote('common', 'lines'));
    expect(quote('poll', 'allowed-functions')).to.match(/select, poll, socket.*htons, htonl$/);
    expect(quote('4096', 'allowed-functions')).to.match(/memset, htons, htonl$/);
  });

  it('asks no text without a newline, and no long message, where the text excludes them', () => {
    for (const name of ['unfinished-dropped', 'unfinished-forgotten']) {
      expect([caseOf('common', name).rank, caseOf('newline', name).rank]).to.deep.equal([
        'practice',
        'beyond',
      ]);
    }
    for (const name of ['long-line-in-packets', 'long-line']) {
      expect(caseOf('newline', name).rank).to.equal(caseOf('common', name).rank);
      expect(caseOf('4096', name).rank).to.equal('beyond');
    }
  });

  it('requires of a server with buffers of 4,096 bytes what its text requires', async () => {
    const required = casesOf('4096').filter(
      ({ name, rank }) => rank === 'exam' && /^(line-in-pieces|many-lines|empty-lines)$/.test(name),
    );
    const cases = [...required, caseOf('4096', 'long-line-in-packets')];
    const results = await runCases({ command: scriptWithMistake('shortLines'), cases, timeoutMs: 30_000 });
    expect(results.map(({ case: { rank }, outcome }) => [rank, outcome])).to.deep.equal([
      ['exam', 'passed'],
      ['exam', 'passed'],
      ['exam', 'passed'],
      ['beyond', 'failed'],
    ]);
  });
});
