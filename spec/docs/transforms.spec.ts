import { readFile } from 'node:fs/promises';
import { expect } from 'chai';
import { loadTransforms } from '../../lib/index.js';
import { folder } from '../support/modules.js';
import { life, pass } from '../support/pass.js';

const docs = await readFile(new URL('../../../docs/transforms.md', import.meta.url), 'utf8');

describe('docs/transforms.md', () => {
  const expected: Record<string, string[]> = {
    'shout.mjs': ['HELLO', ''],
    'a-function.mjs': ['hello'],
    'a-generator.mjs': ['1. hello', '2. '],
    'a-maker.mjs': ['hello!', '!'],
    'a-maker-of-functions.mjs': ['hello!', '!'],
  };
  const modules = [...docs.matchAll(/^```js\n\/\/ (\S+\.mjs).*\n([\s\S]*?)^```$/gm)];

  it('has no example that is not tried here', () => {
    expect(modules.map(([, name]) => name)).to.deep.equal(Object.keys(expected));
  });

  for (const [, name = '', source = ''] of modules) {
    it(`has an example that works: ${name}`, async () => {
      const [factory] = await loadTransforms([`./${name}`], { cwd: await folder({ [name]: source }) });
      if (factory === undefined) throw new Error('nothing was loaded');
      expect(await pass(factory, life(['hello', '']))).to.deep.equal(life(expected[name] ?? []));
    });
  }

  it('has recipes that the command can read', async () => {
    const specs = [...docs.matchAll(/^mini-serv (.*) 4242$/gm)].flatMap(([, args = '']) =>
      [...args.matchAll(/-t (?:'([^']*)'|(\S+))/g)].map(([, quoted, bare]) => quoted ?? bare ?? ''),
    );
    expect(specs).to.include.members([
      'log=to:room.log',
      'filter=drop:/password/i',
      'no-http',
      './shout.mjs',
    ]);
    const cwd = await folder({ 'shout.mjs': 'export default (message) => message' });
    await loadTransforms(
      specs.filter((spec) => !spec.startsWith('log=to')),
      { cwd },
    );
  });
});
