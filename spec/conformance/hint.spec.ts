import { expect } from 'chai';
import { hintFor } from '../../lib/conformance/exit.js';
import { failureOf } from '../support/results.js';

describe('hintFor()', () => {
  const failure = (received: string) =>
    failureOf('lines', { expected: Buffer.from('client 0: hello\n'), received: Buffer.from(received) });

  it('names a wrong prefix, which has nothing to do with the case', () => {
    expect(hintFor(failure('client 0:hello\n'))).to.match(/^The text in front of the line is not the one of/);
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
