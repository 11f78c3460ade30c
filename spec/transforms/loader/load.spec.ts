import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect } from 'chai';
import { loadTransforms } from '../../../lib/index.js';
import { parseTransformSpec } from '../../../lib/transforms/loader/spec.js';
import { emitted, folder, loadError, SHOUT } from '../../support/modules.js';
import { life } from '../../support/pass.js';

describe('loadTransforms', () => {
  const places: [file: string, spec: string][] = [
    ['t.mjs', './t.mjs'],
    ['a=b/c=d.mjs', './a=b/c=d.mjs'],
    ['a b/ü#?%.mjs', './a b/ü#?%.mjs'],
    ['node_modules/t/index.js', 't'],
    ['node_modules/@scope/pkg/index.js', '@scope/pkg'],
    ['node_modules/@scope/pkg/sub.js', '@scope/pkg/sub'],
  ];
  for (const [file, spec] of places) {
    it(`finds ${spec}, with and without options`, async () => {
      const exports = { '.': { import: './index.js' }, './sub': './sub.js' };
      const source = `export default (message, client, { end = '' }) =>
        message.kind === 'line' ? { ...message, text: message.text + end } : message;`;
      const cwd = await folder({
        'package.json': '{}',
        [file]: source,
        'node_modules/t/package.json': JSON.stringify({ type: 'module', exports }),
        'node_modules/@scope/pkg/package.json': JSON.stringify({ type: 'module', exports }),
      });
      expect(await emitted(spec, cwd)).to.deep.equal(life(['a', 'b']));
      expect(await emitted(`${spec}=end:!`, cwd)).to.deep.equal(life(['a!', 'b!']));
      if (!spec.startsWith('.')) return;
      const absolute = join(cwd, file);
      expect(await emitted(absolute, '/')).to.deep.equal(life(['a', 'b']));
      expect(await emitted(`${pathToFileURL(absolute).href}=end:!`, '/')).to.deep.equal(life(['a!', 'b!']));
    });
  }

  it('rejects an option of another name', async () => {
    const options = { timeout: 5 } as object;
    const error = await loadTransforms(['escape'], options).catch((reason: Error) => reason);
    expect(error).to.include({ code: 'ERR_OPTION' });
    expect((error as Error).message).to.equal('timeout: unknown option; expected one of cwd, timeoutMs');
  });

  const invalid: [specs: unknown, message: string][] = [
    ['x', "specs: expected an array such as ['filter=drop:secret', './shout.mjs'], got 'x'"],
    ['escape', "specs: expected an array such as ['filter=drop:secret', './shout.mjs'], got 'escape'"],
    [
      new Set(['escape']),
      "specs: expected an array such as ['filter=drop:secret', './shout.mjs'], got [Set]",
    ],
    [undefined, "specs: expected an array such as ['filter=drop:secret', './shout.mjs'], got undefined"],
    [['escape', 5], "specs[1]: expected a string such as 'filter=drop:secret', got 5"],
    [[null], "specs[0]: expected a string such as 'filter=drop:secret', got null"],
    [[['escape']], "specs[0]: expected a string such as 'filter=drop:secret', got [ 'escape' ]"],
    [[{}], "specs[0]: expected a string such as 'filter=drop:secret', got {}"],
    [[() => null], "specs[0]: expected a string such as 'filter=drop:secret', got [Function (anonymous)]"],
  ];
  for (const [specs, message] of invalid) {
    it(`rejects a value that is not a list of specs: ${message.split(', got ')[1]}`, async () => {
      const error = await loadTransforms(specs as string[]).catch((reason: Error) => reason);
      expect(error).to.include({ code: 'ERR_OPTION', message });
    });
  }

  it('accepts specs that were parsed before', async () => {
    const transforms = await loadTransforms([
      parseTransformSpec('filter=drop:x'),
      parseTransformSpec('escape'),
    ]);
    expect(transforms.map(({ name }) => name)).to.deep.equal(['filter', 'escape']);
  });

  it('prefers a built-in to a package of the same name', async () => {
    const cwd = await folder({ 'node_modules/log/index.js': 'throw new Error("loaded")' });
    await loadTransforms(['log', 'escape', 'no-http', 'timestamp', 'rate=lines:1'], { cwd });
  });

  it('names each transform as its spec does', async () => {
    const cwd = await folder({ 't.mjs': `export default (message) => ${SHOUT}` });
    const transforms = await loadTransforms(['./t.mjs', 'filter', 'no-http', 'escape'], { cwd });
    expect(transforms.map(({ name }) => name)).to.deep.equal(['./t.mjs', 'filter', 'no-http', 'escape']);
  });

  const lines = ['hello', 'a secret', 'for=,:', '\x1b[2J'];
  const builtIns: [spec: string, ...lines: string[]][] = [
    ['filter=drop:secret', 'hello', 'for=,:', '\x1b[2J'],
    ['filter=drop=secret', 'hello', 'for=,:', '\x1b[2J'],
    ['filter=keep:/HEL{1,2}O/i', 'hello'],
    ['filter=drop:"=,:",keep:o', 'hello'],
    ['filter={"drop":"^\\\\w"}', '\x1b[2J'],
    ['filter=dropClient:1,2', ...lines],
    ['replace=pattern:secret,with:s*****', 'hello', 'a s*****', 'for=,:', '\x1b[2J'],
    ['replace=pattern:/[=,:]+/,with:" x:1,y:2"', 'hello', 'a secret', 'for x:1,y:2', '\x1b[2J'],
    ['escape', 'hello', 'a secret', 'for=,:', '\\x1b[2J'],
    ['no-http', ...lines],
    ['rate=lines:1000', ...lines],
    ['rate=lines:0.001,burst:2,excess:drop', 'hello', 'a secret'],
  ];
  for (const [spec, ...expected] of builtIns) {
    it(`loads the built-in ${spec}`, async () => {
      expect(await emitted(spec, '/', lines)).to.deep.equal(life(expected));
    });
  }

  const missing: Record<string, RegExp> = {
    './gone.mjs': /^cannot use the transform \.\/gone\.mjs: no such file: \/.*gone\.mjs$/,
    'file:///gone/t.mjs': /no such file: .*gone.t\.mjs$/,
    'C:\\gone\\t.mjs=drop:x': /^cannot use the transform C:\\gone\\t\.mjs: no such file: .*C:\\gone/,
    './p': /p is a directory; give the path of a file in it$/,
    'here.mjs': /this is a file; write \.\/here\.mjs$/,
    'filter:drop:x': /expected = between filter and its options$/,
    'filter:drop=x:y': /expected = between filter and its options$/,
    logs: /: expected a built-in \(/,
    filtr:
      /expected a built-in \(filter, log, .*no-http\), a package that is installed in \/.* such as \.\/shout\.mjs$/,
    '@scope/none/sub': /expected a built-in .*, a package that is installed in /,
    './p/x.tsx': /compile it to JavaScript first$/,
  };
  for (const [spec, message] of Object.entries(missing)) {
    it(`reports that it cannot load ${spec}, and what to do`, async () => {
      const cwd = await folder({ 'here.mjs': '', 'p/x.tsx': 'let a: string = "b"; export default a' });
      const error = await loadError(spec, { cwd });
      expect(error.message).to.match(message);
      expect(error.code).to.equal('ERR_TRANSFORM_MODULE');
    });
  }

  it('reports a subpath that a package does not export', async () => {
    const cwd = await folder({ 'node_modules/t/package.json': '{ "exports": { ".": "./index.js" } }' });
    expect((await loadError('t/sub', { cwd })).message).to.match(/Package subpath '\.\/sub' is not defined/);
  });

  for (const name of ['escape', 'no-http']) {
    it(`rejects an option of ${name}, which has none`, async () => {
      const error = await loadError(`${name}=foo:1`, { cwd: '/' });
      expect(error.code).to.equal('ERR_OPTION');
      expect(error.message).to.equal(
        `transform ${name}: unknown option 'foo'; this transform has no options`,
      );
    });
  }

  it('reports invalid options of a built-in as ERR_OPTION', async () => {
    const error = await loadError('filter=dorp:x', { cwd: '/' });
    expect(error.code).to.equal('ERR_OPTION');
    expect(error.message).to.match(/^transform filter: unknown option 'dorp'; expected keep, drop, /);
  });
});
