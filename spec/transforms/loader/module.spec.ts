import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { pathToFileURL } from 'node:url';
import { expect } from 'chai';
import { loadTransforms, type Message } from '../../../lib/index.js';
import { emitted, folder, loadError, SHOUT, THROUGH2 } from '../../support/modules.js';
import { life, pass } from '../../support/pass.js';

const STREAM = `objectTransform((message, _encoding, done) => done(null, ${SHOUT}))`;

describe('transform module', () => {
  const forms: Record<string, string> = {
    'a function of a message': `export default (message) => ${SHOUT};`,
    'an async function of a message': `export default async (message) => ${SHOUT};`,
    'a function of a message that returns an array': `
      export default function (message) { return [${SHOUT}]; }`,
    'an async generator function': `
      export default async function* (messages, client) {
        if (client.id !== 0) throw new Error('wrong client');
        for await (const message of messages) yield ${SHOUT};
      }`,
    'createStream with a stream of through2': `
      import { objectTransform } from ${THROUGH2};
      export const createStream = () => ${STREAM};`,
    "createStream with a subclass of node's Transform": `
      import { Transform } from 'node:stream';
      class Shout extends Transform {
        _transform(message, _encoding, done) { done(null, ${SHOUT}); }
      }
      export function createStream() { return new Shout({ objectMode: true }); }`,
  };
  for (const [what, source] of Object.entries(forms)) {
    it(`can export ${what}`, async () => {
      const cwd = await folder({ 'shout.mjs': source });
      expect(await emitted('./shout.mjs', cwd)).to.deep.equal(life(['A', 'B']));
    });
  }

  const commonJs: Record<string, string> = {
    'module.exports is the function': `module.exports = (message) => ${SHOUT};`,
    'it is compiled from an ES module': `exports.__esModule = true; exports.default = (message) => ${SHOUT};`,
    'it is compiled from an ES module with createStream': `
      const { objectTransform } = require('through2');
      Object.defineProperty(exports, '__esModule', { value: true });
      const build = () => ({ createStream: () => ${STREAM} });
      Object.assign(exports, build());`,
    'module.exports is an object with createStream': `
      const { objectTransform } = require('through2');
      module.exports = Object.freeze({ createStream() { return ${STREAM}; } });`,
  };
  for (const [what, source] of Object.entries(commonJs)) {
    it(`can be CommonJS where ${what}`, async () => {
      const cwd = await folder({
        'shout.cjs': source.replace("require('through2')", `require(${THROUGH2}.slice('file://'.length))`),
      });
      expect(await emitted('./shout.cjs', cwd)).to.deep.equal(life(['A', 'B']));
    });
  }

  it('runs validateOptions of a CommonJS module that import() does not see', async () => {
    const source = `const validate = { validateOptions() { throw new Error('no level'); } };
      module.exports = Object.assign((message) => message, validate);`;
    const cwd = await folder({ 't.cjs': source });
    expect((await loadError('./t.cjs', { cwd })).message).to.match(/invalid options: no level$/);
  });

  const show = "message.kind === 'line' ? { ...message, text: JSON.stringify(options) } : message";
  const withOptions: Record<string, string> = {
    'a function of a message': `export default (message, client, options) => ${show};`,
    'an async generator function': `
      export default async function* (messages, client, options) {
        for await (const message of messages) yield ${show};
      }`,
    createStream: `
      import { objectTransform } from ${THROUGH2};
      export const createStream = (client, options) =>
        objectTransform((message, _encoding, done) => done(null, ${show}));`,
  };
  for (const [what, source] of Object.entries(withOptions)) {
    it(`passes the options to ${what}, with or without validateOptions`, async () => {
      const cwd = await folder({
        'plain.mjs': source,
        'checked.mjs': `${source}\nexport const validateOptions = async (options) => { Object.freeze(options); };`,
      });
      for (const [options, shown] of [
        ['', '{}'],
        ['=a:1,b=x y', '{"a":"1","b":"x y"}'],
        ['={"a":1,"b":{"c":[true]}}', '{"a":1,"b":{"c":[true]}}'],
      ] as const) {
        expect(await emitted(`./plain.mjs${options}`, cwd, ['x'])).to.deep.equal(life([shown]));
        expect(await emitted(`./checked.mjs${options}`, cwd, ['x'])).to.deep.equal(life([shown]));
      }
    });
  }

  it('is not called before there is a client if its function has a parameter, and may throw in a trial', async () => {
    const fail = "{ throw new Error('called'); }";
    const cwd = await folder({
      'function.mjs': `export default (message) => { globalThis.wasCalled = true; }`,
      'rest.mjs': `export default (...all) => { globalThis.wasCalled = true; }`,
      'arguments.mjs': `export default function () { globalThis.wasCalled = true; return arguments[0]; }`,
      'generator.mjs': `export default async function* () ${fail}`,
      'throws.mjs': `export default () => ${fail}`,
      'rejects.mjs': `export default async () => ${fail}`,
      'waits.mjs': `export default () => new Promise(() => {})`,
      'drops.mjs': `export default () => null`,
      'constant.mjs': `export default async () => ({ kind: 'line', client: 0, text: 'x' })`,
      'stream.mjs': `export const createStream = () => ${fail}`,
    });
    const specs = (await readdir(cwd)).map((file) => `./${file}`);
    expect(specs.length).to.equal(10);
    await loadTransforms(specs, { cwd });
    expect(globalThis).to.not.have.property('wasCalled');
  });

  it('has its createStream called twice with the id -1 and the options, and the streams are destroyed', async () => {
    const source = `import { Transform } from 'node:stream';
      globalThis.trialCalls = [];
      export const createStream = (client, options) => {
        const stream = new Transform({ objectMode: true });
        globalThis.trialCalls.push({ id: client.id, options, stream });
        return stream;
      };`;
    const [transform] = await loadTransforms(['./t.mjs=a:b'], { cwd: await folder({ 't.mjs': source }) });
    const { trialCalls } = globalThis as unknown as {
      trialCalls: { id: number; options: object; stream: Duplex }[];
    };
    expect(trialCalls.map(({ id, options, stream }) => [id, options, stream.destroyed])).to.deep.equal([
      [-1, { a: 'b' }, true],
      [-1, { a: 'b' }, true],
    ]);
    expect(transform?.name).to.equal('./t.mjs');
  });

  it('gets the client with each message, so that it can keep state for each client', async () => {
    const source = `const counts = new WeakMap();
      export default (message, client) => {
        if (message.kind !== 'line') return message;
        counts.set(client, (counts.get(client) ?? 0) + 1);
        return { ...message, text: client.id + ': ' + counts.get(client) };
      };`;
    const [transform] = await loadTransforms(['./count.mjs'], { cwd: await folder({ 'count.mjs': source }) });
    if (transform === undefined) throw new Error('no transform was loaded');
    expect(await pass(transform, life(['x', 'y']))).to.deep.equal(life(['0: 1', '0: 2']));
    expect(await pass(transform, life(['x'], 1), 1)).to.deep.equal(life(['1: 1'], 1));
  });

  it('runs once for each client if it makes streams or generators', async () => {
    const count = "message.kind === 'line' ? { ...message, text: String(++count) } : message";
    const cwd = await folder({
      'generator.mjs': `export default async function* (messages) {
        let count = 0;
        for await (const message of messages) yield ${count};
      }`,
      'stream.mjs': `import { objectTransform } from ${THROUGH2};
        export const createStream = () => {
          let count = 0;
          return objectTransform((message, _encoding, done) => done(null, ${count}));
        };`,
    });
    for (const transform of await loadTransforms(['./generator.mjs', './stream.mjs'], { cwd })) {
      const lines = async (...texts: string[]): Promise<Message[]> => pass(transform, life(texts));
      expect(await lines('x', 'y')).to.deep.equal(life(['1', '2']));
      expect(await lines('x')).to.deep.equal(life(['1']));
    }
  });
});

describe('transform module with an option in its spec', () => {
  const THROUGH = "import { PassThrough } from 'node:stream';";
  const withoutOptions = [
    'export default (message) => message',
    'export default message => message',
    'export default async (message) => message',
    'export default async message => message',
    'export default () => null',
    'export default (message, { id }) => message',
    'export default function (message, client) { return message; }',
    'export default async function* (messages) { yield* messages; }',
    'export default async function* all(messages, client) { yield* messages; }',
    `${THROUGH} export const createStream = (client) => new PassThrough({ objectMode: true })`,
    `${THROUGH} export function createStream() { return new PassThrough({ objectMode: true }); }`,
    `${THROUGH} export default undefined;
     export const { createStream } = { createStream(client) { return new PassThrough({ objectMode: true }); } };`,
  ];
  for (const source of withoutOptions) {
    it(`is refused if its function has no parameter for it: ${source}`, async () => {
      const cwd = await folder({ 't.mjs': source });
      for (const options of ['a:1', '{"a":{"b":1}}']) {
        const error = await loadError(`./t.mjs=${options}`, { cwd });
        expect(error.code).to.equal('ERR_TRANSFORM_MODULE');
        expect(error.message).to.equal(
          "cannot use the transform ./t.mjs: unknown option 'a'; this transform has no options, because its function has no parameter for them",
        );
      }
      await loadTransforms(['./t.mjs', './t.mjs=', './t.mjs={}'], { cwd });
    });
  }

  const withOptions = [
    'export default (message, client, { a }) => message',
    'export default (message, client, options = {}) => message',
    'export default (message, client = {}, { a } = {}) => message',
    'export default (...all) => all[0]',
    'export default (message, ...rest) => message',
    'export default function (message) { return arguments[2].a === "1" ? message : null; }',
    'export default ((message, client, options = {}) => message).bind(null)',
    'export default async function* (messages, client, { a } = {}) { yield* messages; }',
    `${THROUGH} export const createStream = (client, { a } = {}) => new PassThrough({ objectMode: true })`,
    `${THROUGH} export const createStream = (...all) => new PassThrough({ objectMode: true })`,
    'export default (message) => message; export const validateOptions = () => {}',
  ];
  for (const source of withOptions) {
    it(`is accepted if its function can read it, or validateOptions accepts it: ${source}`, async () => {
      const cwd = await folder({ 't.mjs': source });
      expect(await emitted('./t.mjs=a:1', cwd)).to.deep.equal(life(['a', 'b']));
    });
  }
});

describe('transform module that is rejected', () => {
  const FUNCTION = 'export default (message, client, options) => message';
  const STREAM_HINT = /for example: export const createStream = \(client, options\) => new Transform\(/;
  const rejected: [what: string, source: string, message: string | RegExp, options?: string][] = [
    ['throws while it loads', 'throw new Error("oops")', 'failed to load: oops'],
    ['throws a string while it loads', 'throw "oops"', 'failed to load: oops'],
    [
      'has a syntax error',
      '\nexport default (',
      /^failed to load: Unexpected .* run: node --check \/.*t\.mjs$/,
    ],
    ['imports a missing package', 'import "missing"', /^failed to load: Cannot find package 'missing'/],
    ['exports nothing', '', `exports nothing; expected a default export, for example: ${FUNCTION}`],
    [
      'has only other exports',
      'export const shout = 1, log = 2',
      `exports only log, shout; expected a default export, for example: ${FUNCTION}`,
    ],
    [
      'exports both forms',
      `export default (message) => message; export const createStream = () => null`,
      'exports both createStream and a default export; export one of them',
    ],
    [
      'exports an object',
      'export default { a: 1 }',
      `the default export is { a: 1 }; expected a function, for example: ${FUNCTION}`,
    ],
    [
      'exports a string',
      'export default "hello"',
      `the default export is 'hello'; expected a function, for example: ${FUNCTION}`,
    ],
    ['exports null', 'export default null', /^the default export is null; expected a function/],
    [
      'exports a class',
      'export default class Shout {}',
      /^the default export is \[class Shout\]; expected a named/,
    ],
    ['exports a class, and shows how to use it', 'export default class {}', STREAM_HINT],
    [
      'exports a stream',
      'import { PassThrough } from "node:stream"; export default new PassThrough({ objectMode: true })',
      /^the default export is one stream for all clients; expected a named export that makes a stream/,
    ],
    ['exports a stream, and shows how to make one', 'export default { pipe() {} }', STREAM_HINT],
    [
      'exports a synchronous generator function',
      'export default function* shout(messages) {}',
      /^the default export is \[GeneratorFunction: shout\]; expected an async .* example: export default async function\*/,
    ],
    [
      'exports a createStream that is no function',
      'export const createStream = { objectMode: true }',
      /^createStream is \{ objectMode: true \}; expected a function, for example: export const createStream/,
    ],
    [
      'exports a Map',
      'export default new Map()',
      /^the default export is Map\(0\) \{\}; expected a function, /,
    ],
    [
      'exports a promise',
      'export default Promise.resolve((m) => m)',
      /^the default export is \[Promise\]; expected a function, /,
    ],
    [
      'exports a built-in class',
      'export default Map',
      /^the default export is \[Function: Map\]; expected a named/,
    ],
    [
      'exports a constructor of streams',
      "export { Transform as default } from 'node:stream'",
      /^the default export is \[Function: Transform\].*; expected a named/,
    ],
    [
      'exports an object that throws',
      "export default new Proxy({}, { get() { throw new Error('trap'); } })",
      /^the default export is \{\}; expected a function, /,
    ],
    ...Object.entries({
      'a Map': ['new Map()', 'Map(0) {}'],
      'a URL': ["new URL('http://localhost/')", 'URL {}'],
      'a Date': ['new Date(0)', '1970-01-01T00:00:00.000Z'],
      'an array of an array': ['[[]]', '[ [] ]'],
      'a ReadableStream': ['new ReadableStream()', '[ReadableStream]'],
      'a TransformStream': [
        'new TransformStream()',
        '[TransformStream]; convert it with Duplex.fromWeb(stream, { objectMode: true })',
      ],
      'a message': ["{ kind: 'line', client: 0, text: 'x' }", "{ kind: 'line', client: 0, text: 'x' }"],
      nothing: ['undefined', 'undefined'],
      'an object that throws': ["new Proxy({}, { get() { throw new Error('trap'); } })", '{}'],
    }).map(
      ([what, [source, got]]) =>
        [
          `makes ${what} instead of a stream`,
          `export const createStream = () => (${source})`,
          `createStream must return a stream such as new Transform({ objectMode: true, transform }), got ${got}`,
        ] as [string, string, string],
    ),
    ...Object.entries({
      'a Map': ['() => new Map()', 'Map(0) {}'],
      'a URL in a promise': ["async () => new URL('http://localhost/')", 'URL {}'],
      'a Date': ['function () { return new Date(0); }', '1970-01-01T00:00:00.000Z'],
      'an array of an array': ['() => [[]]', 'an array with []'],
      'a web stream': ['() => new ReadableStream()', '[ReadableStream]'],
    }).map(
      ([what, [source, got]]) =>
        [
          `always returns ${what}`,
          `export default ${source}`,
          `the default export returned ${got}; expected a message such as { kind: 'line', client, text }, an array of messages, or null`,
        ] as [string, string, string],
    ),
    [
      'makes a stream in the default export',
      "import { PassThrough } from 'node:stream'; export default () => new PassThrough({ objectMode: true })",
      /^the default export returned \[PassThrough\]; .*; use createStream\(client\) for a transform that makes a stream$/,
    ],
    [
      'returns nothing',
      'export default () => {}',
      'the default export returned undefined; return the message to pass it on, or null to drop it',
    ],
    [
      'makes a stream of bytes',
      `import { PassThrough } from 'node:stream'; export const createStream = () => new PassThrough()`,
      /got a stream that is not in object mode$/,
    ],
    [
      'throws an object without a text',
      'throw Object.create(null)',
      'failed to load: [Object: null prototype] {}',
    ],
    [
      'makes one stream for all clients',
      `import { PassThrough } from 'node:stream'; const one = new PassThrough({ objectMode: true }); export const createStream = () => one`,
      'createStream must return a new stream for each client, got one that was used before',
    ],
    [
      'makes a promise of a stream',
      "export const createStream = async () => { throw new Error('rejected'); }",
      /createStream must return .*, got \[Promise\]$/,
    ],
    [
      'exports a validateOptions that is no function',
      'export default (message) => message; export const validateOptions = { level: "number" }',
      /^validateOptions is \{ level: 'number' \}; expected a function, for example: export const validateOptions/,
    ],
    [
      'throws in validateOptions',
      `export default (message) => message;
      export const validateOptions = ({ level }) => { throw new Error('there is no level ' + level); };`,
      'invalid options: there is no level 9',
      'level:9',
    ],
    [
      'rejects in validateOptions',
      'export default (message) => message; export const validateOptions = async () => { throw "no"; };',
      'invalid options: no',
    ],
    [
      'returns false from validateOptions',
      'export default (message) => message; export const validateOptions = async () => false;',
      'validateOptions returned false; it must return nothing to accept the options, and throw to reject them',
    ],
  ];
  for (const [what, source, message, options = ''] of rejected) {
    it(`reports a module that ${what}`, async () => {
      const cwd = await folder({ 't.mjs': source });
      const error = await loadError(`./t.mjs=${options}`, { cwd });
      expect(error.code).to.equal('ERR_TRANSFORM_MODULE');
      const [, reason] = /^cannot use the transform \.\/t\.mjs: (.*)$/s.exec(error.message) ?? [];
      if (typeof message === 'string') expect(reason).to.equal(message);
      else expect(reason).to.match(message);
    });
  }

  it('is reported with the original error as the cause of its cause', async () => {
    const cwd = await folder({ 't.mjs': 'throw new RangeError("oops")' });
    const { cause } = await loadError('./t.mjs', { cwd });
    expect((cause as Error).cause)
      .to.be.an.instanceOf(RangeError)
      .with.property('message', 'oops');
  });

  it('is reported after the timeout if it takes too long to load', async () => {
    const cwd = await folder({ 't.mjs': 'await new Promise(() => {}); export default 1' });
    const { message } = await loadError('./t.mjs', { cwd, timeoutMs: 100 });
    expect(message).to.match(/loading took more than 100 ms$/);
  });

  it('is reported after the timeout if it takes too long to validate its options', async () => {
    const source = 'export default (m) => m; export const validateOptions = () => new Promise(() => {})';
    const cwd = await folder({ 't.mjs': source });
    // Now it is loaded, which can take longer than the timeout.
    await import(pathToFileURL(join(cwd, 't.mjs')).href);
    const { message } = await loadError('./t.mjs', { cwd, timeoutMs: 100 });
    expect(message).to.match(/validateOptions took more than 100 ms$/);
  });
});
