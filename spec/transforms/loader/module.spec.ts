import { expect } from 'chai';
import { folder, refusal, SHOUT, THROUGH2 } from '../../support/modules.js';

describe('transform module that cannot be used', () => {
  const broken: [what: string, source: string, message: RegExp, options?: string][] = [
    ['throws while it loads', 'throw new Error("oops")', /cannot be loaded: oops/],
    ['throws what is no error', 'throw "oops"', /cannot be loaded: oops/],
    ['cannot be parsed', '\nexport default (', /cannot be loaded: Unexpected .* node --check \/.*t\.mjs$/],
    ['imports what is missing', 'import "missing"', /cannot be loaded: Cannot find package 'missing'/],
    ['exports nothing', '', /has no default export: write export default/],
    [
      'has no default export',
      'export const shout = 1, log = 2',
      /no default export \(only log, shout\): write export default/,
    ],
    ['exports an object', 'export default { a: 1 }', /default export is object: wanted is options => client/],
    ['exports a text', 'export default "hello"', /default export is string \(hello\): wanted is/],
    ['exports null', 'export default null', /default export is null: wanted is/],
    ['exports a class', 'export default class Shout {}', /a class: export options => client => new/],
    [
      'refuses its options',
      'export default ({ level }) => { throw new Error("there is no level " + level) }',
      /refused its options: there is no level 9$/,
      'level:9',
    ],
    ['rejects its options', 'export default async () => { throw "no" }', /refused its options: no$/],
    [
      'takes every message for a line',
      'export default (message) => ({ ...message, text: message.text.trim() })',
      /refused its options: .* \(a function of a message must pass on what is no line/,
    ],
    [
      'forgets to return',
      'export default (message) => { message.text }',
      /with its options, it gave undefined/,
    ],
    ['is a predicate', 'export default (message) => message.text !== "x"', /it gave boolean \(true\)/],
    ['gives an object', 'export default () => ({ transform() {} })', /it gave object: wanted is/],
    [
      'gives one stream',
      'import { PassThrough } from "node:stream"; export default () => new PassThrough()',
      /one stream for all clients: export options => client => stream/,
    ],
    ['gives a class', 'export default () => class {}', /it gave a class/],
    ['gives clients nothing', 'export default () => () => {}', /for a client it gave undefined/],
    ['gives clients a class', 'export default () => () => class {}', /for a client it gave function/],
    [
      'throws for a client',
      'export default () => () => { throw new Error("oops") }',
      /refused a client: oops$/,
    ],
    [
      'gives a stream of bytes',
      'import { PassThrough } from "node:stream"; export default () => () => new PassThrough()',
      /no object-mode Duplex: set objectMode: true/,
    ],
    [
      'gives the promise of a stream',
      `import { objectTransform } from ${THROUGH2}; export default () => async () => objectTransform()`,
      /the promise of a stream: do not wait there/,
    ],
    [
      'is a function of a message and gets options',
      `export default (message) => ${SHOUT}`,
      /takes no options: to take some, it must export options =>/,
      'a:b',
    ],
    [
      'is a generator function and gets options',
      'export default async function* (messages) { yield* messages }',
      /takes no options: to take some/,
      'a:b',
    ],
  ];
  for (const [what, source, message, options = ''] of broken) {
    it(`is refused if it ${what}`, async () => {
      const cwd = await folder({ 't.mjs': source });
      const error = await refusal(`./t.mjs=${options}`, cwd);
      expect(error.code).to.equal('ERR_TRANSFORM_MODULE');
      expect(error.message).to.match(/^cannot use the transform \.\/t\.mjs: /);
      expect(error.message).to.match(message);
    });
  }
});
