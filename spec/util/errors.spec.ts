import { PassThrough } from 'node:stream';
import { expect } from 'chai';
import { describe as describeValue } from '../../lib/util/errors.js';

describe('describe', () => {
  it('shows a value on one line', () => {
    class Shout {}
    const values = [
      'hello',
      5,
      null,
      undefined,
      Shout,
      () => 1,
      [1, [2]],
      { a: 1 },
      Object.create(null),
      new Error('x'),
    ];
    expect(values.map(describeValue)).to.deep.equal([
      "'hello'",
      '5',
      'null',
      'undefined',
      '[class Shout]',
      '[Function (anonymous)]',
      '[ 1, [Array] ]',
      '{ a: 1 }',
      '[Object: null prototype] {}',
      'Error: x',
    ]);
  });

  it('shows no internals of class instances', () => {
    expect([new PassThrough(), Promise.resolve()].map(describeValue)).to.deep.equal([
      '[PassThrough]',
      '[Promise]',
    ]);
  });

  it('shortens long values', () => {
    expect(describeValue('x'.repeat(1000))).to.match(/^'x{79}…$/);
  });
});
