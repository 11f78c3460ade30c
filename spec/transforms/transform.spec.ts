import { PassThrough } from 'node:stream';
import { expect } from 'chai';
import { isMessageTransform } from '../../lib/transforms/transform.js';

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
