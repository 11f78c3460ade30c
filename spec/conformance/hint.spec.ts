import { expect } from 'chai';
import { hintFor } from '../../lib/conformance/exit.js';
import { failureOf } from '../support/results.js';

describe('hintFor()', () => {
  const failure = (received: string) =>
    failureOf('lines', { expected: Buffer.from('client 0: hello\n'), received: Buffer.from(received) });

  it('names a wrong prefix, which has nothing to do with the case', () => {
    expect(hintFor(failure('client 0:hello\n'))).to.match(/^The text in front of the line is not the one of/);
  });

  it('is the hint of the case if the prefix is missing or right, or nothing was received', () => {
    for (const received of ['hello\n', 'client 0: hell\n', 'client 3: hello\n', '']) {
      expect(hintFor(failure(received)), received).to.equal(failure('').case.hint);
    }
  });
});
