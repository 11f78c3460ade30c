import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect } from 'chai';
import { loadTransforms } from '../../../lib/index.js';
import { folder, refusal, SHOUT, said, THROUGH2 } from '../../support/modules.js';
import { life, pass } from '../../support/pass.js';

describe('transform module', () => {
  const forms: Record<string, string> = {
    'a maker of factories of through2 streams': `
      import { objectTransform } from ${THROUGH2};
      export default () => () => objectTransform((message, _encoding, done) => done(null, ${SHOUT}));`,
    "a maker of factories of node's streams": `
      import { Transform } from 'node:stream';
      class Shout extends Transform {
        _transform(message, _encoding, done) { done(null, ${SHOUT}); }
      }
      export default (options) => (client) => new Shout({ objectMode: true });`,
    'an asynchronous maker': `
      import { objectTransform } from ${THROUGH2};
      export default async () => () => objectTransform(async (message) => ${SHOUT});`,
    'a function of a message': `export default (message) => ${SHOUT};`,
    'a function of a message that gives several': `
      export default function (message) { return [${SHOUT}]; }`,
    'an asynchronous function of a message': `export default async (message) => ${SHOUT};`,
    'a maker of functions of a message': `export default (options) => (message) => ${SHOUT};`,
    'a maker of factories of functions of a message': `export default () => () => (message) => ${SHOUT};`,
    'an async generator function': `
      export default async function* (messages, client) {
        if (client.id !== 0) throw new Error('wrong client');
        for await (const message of messages) yield ${SHOUT};
      }`,
    'a maker of async generator functions': `
      export default () => async function* (messages) { for await (const message of messages) yield ${SHOUT}; }`,
    'a maker of factories of async generator functions': `
      export default () => (client) => async function* (messages) {
        for await (const message of messages) yield ${SHOUT};
      }`,
  };
  for (const [what, source] of Object.entries(forms)) {
    it(`may export ${what}`, async () => {
      const cwd = await folder({ 'shout.mjs': source });
      expect(await said('./shout.mjs', cwd)).to.deep.equal(life(['A', 'B']));
    });
  }

  it('may be CommonJS, also where it was compiled from an ES module', async () => {
    const cwd = await folder({
      'a.cjs': `module.exports = (message) => ${SHOUT};`,
      'b.cjs': `exports.__esModule = true; exports.default = (message) => ${SHOUT};`,
    });
    for (const spec of ['./a.cjs', './b.cjs']) expect(await said(spec, cwd)).to.deep.equal(life(['A', 'B']));
  });

  it('gets its options', async () => {
    const source = `export default (options) => (message) =>
      message.kind === 'line' ? { ...message, text: JSON.stringify(options) } : message;`;
    const cwd = await folder({ 'show.mjs': source });
    for (const [options, shown] of [
      ['', '{}'],
      ['=a:1,b=x y', '{"a":"1","b":"x y"}'],
      ['={"a":1,"b":{"c":[true]}}', '{"a":1,"b":{"c":[true]}}'],
    ]) {
      expect(await said(`./show.mjs${options}`, cwd, ['x'])).to.deep.equal(life([shown ?? '']));
    }
  });

  it('drops by null, and multiplies by an array', async () => {
    const source = `export default (message) =>
      message.kind !== 'line' ? message : message.text === 'a' ? null : [message, message];`;
    const cwd = await folder({ 'twice.mjs': source });
    expect(await said('./twice.mjs', cwd)).to.deep.equal(life(['b', 'b']));
  });

  it('is called once for each client, in the state that is its own', async () => {
    const source = `export default () => () => { let count = 0; return (message) =>
      message.kind === 'line' ? { ...message, text: String(++count) } : message; };`;
    const [factory] = await loadTransforms(['./count.mjs'], { cwd: await folder({ 'count.mjs': source }) });
    if (factory === undefined) throw new Error('nothing was loaded');
    expect(await pass(factory, life(['x', 'y']))).to.deep.equal(life(['1', '2']));
    expect(await pass(factory, life(['x']))).to.deep.equal(life(['1']));
  });

  it('is tried with a client -1, whose stream is destroyed', async () => {
    const source = `
      import { objectTransform } from ${THROUGH2};
      export const seen = [];
      export default (options) => { seen.push(options); return (client) => {
        seen.push(client);
        return objectTransform({ destroy(error, done) { seen.push('destroyed'); done(error); } });
      } };`;
    const cwd = await folder({ 'seen.mjs': source });
    await loadTransforms(['./seen.mjs=a:b'], { cwd });
    const { seen } = (await import(pathToFileURL(join(cwd, 'seen.mjs')).href)) as { seen: unknown[] };
    expect(seen).to.deep.equal([{ a: 'b' }, { id: -1 }, 'destroyed']);
  });

  const places: [file: string, spec: string][] = [
    ['t.mjs', './t.mjs'],
    ['a=b/c=d.mjs', './a=b/c=d.mjs'],
    ['a b/ü#?%.mjs', './a b/ü#?%.mjs'],
    ['node_modules/t/index.js', 't'],
    ['node_modules/@scope/pkg/index.js', '@scope/pkg'],
    ['node_modules/@scope/pkg/sub.js', '@scope/pkg/sub'],
  ];
  for (const [file, spec] of places) {
    it(`is found as ${spec}`, async () => {
      const exports = { '.': { import: './index.js' }, './sub': './sub.js' };
      const source = `export default (options) => (message) =>
        message.kind === 'line' ? { ...message, text: message.text + (options.end ?? '') } : message;`;
      const cwd = await folder({
        'package.json': '{}',
        [file]: source,
        'node_modules/t/package.json': JSON.stringify({ type: 'module', exports }),
        'node_modules/@scope/pkg/package.json': JSON.stringify({ type: 'module', exports }),
      });
      expect(await said(spec, cwd)).to.deep.equal(life(['a', 'b']));
      expect(await said(`${spec}=end:!`, cwd)).to.deep.equal(life(['a!', 'b!']));
      if (!spec.startsWith('.')) return;
      const absolute = join(cwd, file);
      expect(await said(absolute, '/')).to.deep.equal(life(['a', 'b']));
      expect(await said(`${pathToFileURL(absolute).href}=end:!`, '/')).to.deep.equal(life(['a!', 'b!']));
    });
  }

  it('does not stand in for a built-in', async () => {
    const cwd = await folder({ 'node_modules/log/index.js': 'throw new Error("loaded")' });
    await loadTransforms(['log', 'escape', 'no-http', 'timestamp', 'rate=lines:1'], { cwd });
  });

  it('has its name in errors', async () => {
    const cwd = await folder({
      'node_modules/t/index.mjs': '',
      't.mjs': `export default (message) => ${SHOUT}`,
    });
    const factories = await loadTransforms(['./t.mjs', 'filter', 'no-http', 'escape'], { cwd });
    expect(factories.map(({ name }) => name)).to.deep.equal(['./t.mjs', 'filter', 'no-http', 'escape']);
  });

  it('is refused if it never comes to an end of its loading', async () => {
    const cwd = await folder({
      'load.mjs': 'await new Promise(() => {}); export default 1',
      'make.mjs': 'export default () => new Promise(() => {})',
    });
    for (const spec of ['./load.mjs', './make.mjs']) {
      expect((await refusal(spec, cwd, 100)).message).to.match(/took more than 100 ms to load/);
    }
  });

  it('is said to be missing, with what may have been meant', async () => {
    const cwd = await folder({ 'here.mjs': '', 'p/x.tsx': 'let a: string = "b"; export default a' });
    const expected: Record<string, RegExp> = {
      './gone.mjs': /^cannot use the transform \.\/gone\.mjs: there is no file .*gone\.mjs$/,
      'file:///gone/t.mjs': /there is no file .*gone.t\.mjs/,
      'C:\\gone\\t.mjs=drop:x': /^cannot use the transform C:\\gone\\t\.mjs: there is no file .*C:\\gone/,
      './p': /is a directory: name the file in it/,
      'here.mjs': /it is a file: write \.\/here\.mjs/,
      filtr: /no built-in \(filter, log, .*no-http\), and no package that is installed in .*\.\/shout\.mjs/,
      '@scope/none/sub': /no package that is installed/,
      './p/x.tsx': /compile it to JavaScript first/,
    };
    for (const [spec, message] of Object.entries(expected)) {
      const error = await refusal(spec, cwd);
      expect(error.message).to.match(message);
      expect(error.code).to.equal('ERR_TRANSFORM_MODULE');
    }
  });

  it('that is built in refuses its options with ERR_OPTION', async () => {
    const error = await refusal('filter=dorp:x', '/');
    expect(error.code).to.equal('ERR_OPTION');
    expect(error.message).to.match(/the transform filter: there is no option 'dorp'/);
  });
});
