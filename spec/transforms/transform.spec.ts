import { PassThrough, Transform } from 'node:stream';
import { runInNewContext } from 'node:vm';
import { expect } from 'chai';
import { isMessageTransform } from '../../lib/transforms/transform.js';

describe('isMessageTransform', () => {
  const createStream = () => new PassThrough({ objectMode: true });
  const accepted: Record<string, unknown> = {
    'a function': () => null,
    'an async function': async () => null,
    'an async generator function': async function* () {},
    'a bound async generator function': async function* () {}.bind(null),
    'a named function': function shout() {},
    'a frozen function': Object.freeze(function shout() {}),
    'a function of another realm': runInNewContext('(function shout() {})'),
    'a bound function': function shout() {}.bind(null),
    'a Proxy of a function': new Proxy(() => null, {}),
    'a method': { shout() {} }.shout,
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
    'the constructor of streams': Transform,
    'the constructor of maps': Map,
    'the constructor of dates': Date,
    'the constructor of URLs': URL,
    'the constructor of web streams': TransformStream,
    'a constructor of the old style': Object.assign(function Shout() {}, { prototype: { shout() {} } }),
    'a map': new Map(),
    'an array of a function': [() => null],
    'a Proxy that throws': new Proxy({}, { get: () => expect.fail('trap') }),
    'a function whose tag cannot be read': Object.defineProperty(class {}, Symbol.toStringTag, {
      get: () => expect.fail('getter'),
    }),
  };
  for (const [what, value] of Object.entries(rejected)) {
    it(`rejects ${what}`, () => expect(isMessageTransform(value)).to.equal(false));
  }
});
