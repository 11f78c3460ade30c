import { PassThrough } from 'node:stream';
import { expect } from 'chai';
import { describe as describeValue, isMessageTransform } from '../../lib/transforms/transform.js';

describe('isMessageTransform', () => {
  const createStream = () => new PassThrough({ objectMode: true });
  const accepted: Record<string, unknown> = {
    'a function': () => null,
    'an async function': async () => null,
    'an async generator function': async function* () {},
    'a bound async generator function': async function* () {}.bind(null),
    'an object with createStream': { createStream },
    'an object with an inherited createStream': Object.create({ createStream }),
  };
  for (const [what, value] of Object.entries(accepted)) {
    it(`accepts ${what}`, () => expect(isMessageTransform(value)).to.equal(true));
  }

  const rejected: Record<string, unknown> = {
    undefined: undefined,
    null: null,
    'a string': 'filter',
    'an object without createStream': {},
    'an object whose createStream is no function': { createStream: createStream() },
    'a stream': createStream(),
    'a class': class {},
    'a synchronous generator function': function* () {},
  };
  for (const [what, value] of Object.entries(rejected)) {
    it(`rejects ${what}`, () => expect(isMessageTransform(value)).to.equal(false));
  }
});

describe('describe', () => {
  it('shows a value on one line', () => {
    class Shout {}
    const values = ['hello', 5, null, undefined, Shout, new Map(), [1, [2]], { a: 1 }, () => 1];
    expect(values.map(describeValue)).to.deep.equal([
      "'hello'",
      '5',
      'null',
      'undefined',
      '[class Shout]',
      'Map(0) {}',
      '[ 1, [Array] ]',
      '{ a: 1 }',
      '[Function (anonymous)]',
    ]);
  });

  it('shortens what is long', () => {
    const text = describeValue(new PassThrough());
    expect(text).to.match(/^PassThrough \{.*…$/);
    expect(text.length).to.be.below(100);
  });
});
