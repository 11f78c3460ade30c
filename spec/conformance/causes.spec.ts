import { expect } from 'chai';
import type { Rank } from '../../lib/conformance/case.js';
import { CASES } from '../../lib/conformance/cases/index.js';
import { findCauses } from '../../lib/conformance/causes.js';
import type { FailureDetails } from '../../lib/conformance/failure.js';
import type { Result } from '../../lib/conformance/run.js';

/** Returns a failure with these texts. The case may have any name. */
function failure(name: string, details: Partial<FailureDetails>, more: Partial<Result> = {}): Result {
  const [one] = CASES;
  if (one === undefined) throw new Error('the kit has no cases');
  const result = { case: { ...one, name, rank: 'subject' as Rank }, outcome: 'failed' as const };
  return { ...result, details: { what: 'wrong', ...details }, timeline: [], ...more };
}

function bytes(expected: string, received: string, more: Partial<FailureDetails> = {}) {
  return { expected: Buffer.from(expected), received: Buffer.from(received), ...more };
}

const groups = (...results: Result[]): string[] =>
  findCauses(results, ['subject']).map(({ first, others }) =>
    [first, ...others].map((one) => one.case.name).join(' '),
  );

const TIMEOUT = { isTimeout: true, end: 'nothing more within 5 ms' };

describe('findCauses()', () => {
  it('finds one cause for a missing space, also in empty and indented lines and in large transfers', () => {
    const missing = (name: string, id: number, text: string) =>
      failure(name, bytes(`client ${id}: ${text}\n`, `client ${id}:${text}\n`));
    expect(
      groups(
        missing('lines', 0, 'hello'),
        missing('ids', 12, 'later'),
        missing('empty', 3, ''),
        missing('blanks', 3, '  x'),
        failure('lazy', {
          what: 'B waits',
          summarized: { what: 'wrong', ...bytes('client 0: 1\n', 'client 0:1\n') },
        }),
      ),
    ).to.deep.equal(['lines ids empty blanks lazy']);
  });

  it('finds one cause for lines that are never sent, also where the end of the wait is the symptom', () => {
    expect(
      groups(
        failure('lines', bytes('client 0: a\n', '', TIMEOUT)),
        failure('empty', bytes('client 0: \n', '', TIMEOUT)),
        failure('other', bytes('client 0: a\n', 'server: client 2 just left\n')),
      ),
    ).to.deep.equal(['lines empty other']);
  });

  it('finds one cause for a notice with a wrong word, also where nothing is received', () => {
    expect(
      groups(
        failure('leaves', bytes('server: client 1 just left\n', 'server: client 1 just leaved\n')),
        failure('reset', bytes('server: client 1 just left\n', '', TIMEOUT)),
      ),
    ).to.deep.equal(['leaves reset']);
  });

  it('finds one cause for a missing newline, also in several and in long lines', () => {
    const long = `client 0: ${'x'.repeat(2000)}`;
    expect(
      groups(
        failure('lines', bytes('client 0: a\n', 'client 0: a', TIMEOUT)),
        failure('every', bytes('client 0: a\nclient 0: b\n', 'client 0: aclient 0: b')),
        failure('long', bytes(`${long}\n`, long, TIMEOUT)),
      ),
    ).to.deep.equal(['lines every long']);
  });

  it('explains the case that checks the kind of line that is wrong', () => {
    const left = bytes('server: client 1 just left\n', 'server: client 1 left\n');
    const line = bytes('client 0: a\n', 'Client 0: a\n');
    expect(groups(failure('from-before', left), failure('leaves', left))).to.deep.equal([
      'leaves from-before',
    ]);
    expect(groups(failure('arrivals', line), failure('lines', line))).to.deep.equal(['lines arrivals']);
    expect(groups(failure('arrivals', line), failure('other', line))).to.deep.equal(['arrivals other']);
  });

  it('finds one cause for lines that are sent twice', () => {
    const timeline = [
      { client: 'C', action: 'receives', bytes: Buffer.from('client 0: a\n') },
      { client: 'C', action: 'receives', bytes: Buffer.from('client 1: b\n') },
    ];
    expect(
      groups(
        failure('lines', bytes('client 1: b\n', 'client 0: a\n'), { timeline }),
        failure('leaves', bytes('server: client 2 just left\n', 'client 0: a\n')),
        failure('many', bytes('client 0: a\nclient 0: b\n', 'client 0: a\nclient 0: a\n')),
      ),
    ).to.deep.equal(['lines leaves many']);
  });

  it('finds one cause for a server that takes each packet for a line', () => {
    expect(
      groups(
        failure('every', bytes('client 0: one\nclient 0: two\n', 'client 0: one\ntwo\n')),
        failure('pieces', bytes('client 0: hello\n', 'client 0: helclient 1: x\n')),
        failure('long', bytes(`client 0: ${'x'.repeat(2000)}\n`, `client 0: ${'x'.repeat(200)}`)),
      ),
    ).to.deep.equal(['every pieces long']);
  });

  it('finds a cause of its own for each kind of text that is changed or lost', () => {
    expect(
      groups(
        failure('empty', bytes('client 0: \n', '', TIMEOUT)),
        failure('long', bytes(`client 0: ${'x'.repeat(2000)}\n`, '', TIMEOUT)),
        failure('some', bytes('client 0: a\n', '', TIMEOUT)),
        failure('blank', bytes('client 0:  a\n', 'client 0: a\n')),
        failure('high', bytes('client 0: \xff\n', 'client 0: ?\n')),
        failure('percent', bytes('client 0: %d\n', 'client 0: 0\n')),
        failure('control', bytes('client 0: \x04\n', 'client 0: a\n')),
        failure('letter', bytes('client 0: ab\n', 'client 0: ac\n')),
        failure('cut', bytes('client 0: ab\n', 'client 0: a', TIMEOUT)),
        failure('end', bytes('client 0: ab\n', 'client 0: abc\n')),
        failure('start', bytes('client 0: ab\n', 'Client 0: abc\n')),
        failure('id', bytes('client 0: ab\n', 'client 1: ab\n')),
        failure('closed', bytes('client 0: ab\n', '', { isClosed: true })),
        failure('notice', bytes('server: client 0 just left\n', 'server: client 0 just left.\n')),
        failure('nothing', bytes('', 'x\n')),
      ),
    ).to.have.length(15);
  });

  it('finds one cause for crashes by the same signal, and for problems in the same line of the source', () => {
    const exit = { code: null, signal: 'SIGSEGV' } as const;
    expect(
      groups(
        failure('a', {}, { exit }),
        failure('b', bytes('x', 'y'), { exit: { code: 139, signal: null } }),
        failure('c', {}, { exit, stderr: ['SUMMARY: AddressSanitizer: overflow'] }),
        failure('d', { output: ['line 3: #define A'] }),
        failure('e', { output: ['mini_serv.c:3:7: error'] }),
        failure('f', { what: 'B waits for 5 bytes' }),
        failure('g', { what: 'C waits for 10 bytes' }),
        failure('h', { what: 'it ended' }, { exit: { code: 1, signal: null } }),
      ),
    ).to.deep.equal(['a b', 'c', 'd e', 'f g', 'h']);
  });
});
