import { expect } from 'chai';
import { hintFor } from '../../lib/conformance/exit.js';
import { failureOf } from '../support/results.js';

describe('hintFor()', () => {
  const failure = (received: string) =>
    failureOf('lines', { expected: Buffer.from('client 0: hello\n'), received: Buffer.from(received) });
  const noticeFailure = (received: string) =>
    failureOf('leaves', {
      expected: Buffer.from('server: client 1 just left\n'),
      received: Buffer.from(received),
    });

  it('shows the format of a line with a wrong prefix or without its newline', () => {
    for (const received of ['client 0:hello\n', 'client 0: hello', 'client 0: helloclient 0: x']) {
      expect(hintFor(failure(received)), received).to.match(
        /^Lines of this kind do not have the format.*: "client %d: "/,
      );
    }
  });

  it('shows the format of a notice with wrong words or without its newline', () => {
    for (const received of [
      'server: client 1 left\n',
      'server: client 1 just left',
      'server: client 1 just left.\n',
    ]) {
      expect(hintFor(noticeFailure(received)), received).to.match(/: "server: client %d just left\\n"\.$/);
    }
  });

  it('is the hint of the case if another notice or the end of a line is received instead of a notice', () => {
    for (const received of [
      'server: client 1 just arrived\n',
      'client 1: restserver: client 1 just left\n',
      '',
    ]) {
      expect(hintFor(noticeFailure(received)), received).to.equal(noticeFailure('').case.hint);
    }
  });

  it('is the hint of the case if text that a client had not finished is in front of the line', () => {
    const result = failureOf(
      'unfinished-forgotten',
      { expected: Buffer.from('client 2: mine\n'), received: Buffer.from('client 2: unfinishedmine\n') },
      { timeline: [{ client: 'B', action: 'sends', bytes: Buffer.from('finished\nunfinished') }] },
    );
    expect(hintFor(result)).to.equal(result.case.hint);
  });

  it('is the hint of the case if the prefix is missing or right, or nothing was received', () => {
    for (const received of ['hello\n', 'client 0: hell\n', 'client 3: hello\n', '']) {
      expect(hintFor(failure(received)), received).to.equal(failure('').case.hint);
    }
  });
});
