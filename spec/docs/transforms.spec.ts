import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { loadTransforms, type MiniServError } from '../../lib/index.js';
import { BUILT_INS } from '../../lib/transforms/loader/built-ins.js';
import { addCleanup } from '../support/cleanup.js';
import { connectAs } from '../support/client.js';
import { runCommand, serverCommand, startServer } from '../support/command.js';
import { folder, loadError, pair } from '../support/modules.js';
import { life, pass } from '../support/pass.js';
import { freePort } from '../support/ports.js';
import { itWith } from '../support/tools.js';
import { eventually } from '../support/waiting.js';
import { arrivedNotice, leftNotice, relayed } from '../support/wire.js';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const PAGE = await readFile(join(ROOT, 'docs/transforms.md'), 'utf8');

/** The JavaScript examples, by the name in their first line. */
const MODULES = Object.fromEntries(
  [...PAGE.matchAll(/^```js\n\/\/ (\S+\.mjs).*\n([\s\S]*?)^```$/gm)].map(([, name = '', source = '']) => [
    name,
    source,
  ]),
);
/** The arguments of the commands that are shown, without the port. */
const COMMANDS = [...PAGE.matchAll(/^mini-serv (.*) 4242$/gm)].map(([, args = '']) =>
  [...args.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, bare]) => quoted ?? bare ?? ''),
);

describe('docs/transforms.md', () => {
  const examples: Record<string, [spec: string, lines: string[]]> = {
    'shout.mjs': ['./shout.mjs', ['HELLO', '']],
    'function.mjs': ['./function.mjs', ['hello']],
    'generator.mjs': ['./generator.mjs', ['1. hello', '2. ']],
    'stream.mjs': ['./stream.mjs=suffix:?', ['hello?', '?']],
    'options.mjs': ['./options.mjs=max:4', ['']],
  };
  for (const [name, [spec, lines]] of Object.entries(examples)) {
    it(`shows a module that works: ${name}`, async () => {
      const cwd = await folder({ [name]: MODULES[name] ?? '' });
      const [transform] = await loadTransforms([spec], { cwd });
      if (transform === undefined) throw new Error('no transform was loaded');
      expect(await pass(transform, life(['hello', '']))).to.deep.equal(life(lines));
    });
  }

  it('shows a module that rejects invalid options: options.mjs', async () => {
    const cwd = await folder({ 'options.mjs': MODULES['options.mjs'] ?? '' });
    const error: MiniServError = await loadError('./options.mjs=max:many', { cwd });
    expect(error.message).to.match(/invalid options: max: expected a positive number, got many$/);
  });

  it('shows how to use transforms in code: compose.mjs', async () => {
    // Inside the package, so that the example can import it by name.
    const cwd = await mkdtemp(join(ROOT, 'dist', 'docs-'));
    addCleanup(() => rm(cwd, { recursive: true }));
    const port = await freePort();
    await writeFile(join(cwd, 'shout.mjs'), MODULES['shout.mjs'] ?? '');
    await writeFile(join(cwd, 'compose.mjs'), (MODULES['compose.mjs'] ?? '').replace('4242', String(port)));
    const command = ['sh', '-c', 'cd "$0" && exec "$@"', cwd, process.execPath, 'compose.mjs'];
    const server = await startServer({ command, port });
    const a = await connectAs(server);
    const b = await connectAs(server, 1, a);
    await b.send('a secret\nabc\n');
    await a.receives(arrivedNotice(1), relayed(1, 'CBA'));
  });

  it('shows no other JavaScript', () => {
    expect(Object.keys(MODULES)).to.have.members([...Object.keys(examples), 'compose.mjs']);
    expect([...PAGE.matchAll(/^```js$/gm)]).to.have.length(Object.keys(MODULES).length);
  });

  const recipes: [args: string[], sent: string, ...received: string[]][] = [
    [['-t', 'log=to:room.log'], 'hello\n', 'hello'],
    [['-t', 'filter=drop:/password/i', '-t', 'no-http'], 'My PassWord\nhello\n', 'hello'],
    [['-t', 'exec=sed -u s/colour/color/'], 'colour\n', 'color'],
    [['-t', './shout.mjs'], 'hello\n', 'HELLO'],
  ];
  for (const [args, sent, ...received] of recipes) {
    const tools = args.some((arg) => arg.startsWith('exec=sed')) ? (['sed'] as const) : [];
    itWith(tools, `shows a recipe that works: ${args.join(' ')}`, async () => {
      const cwd = await folder({ 'shout.mjs': MODULES['shout.mjs'] ?? '' });
      const [a, b] = await pair(args, cwd);
      await b.send(sent);
      b.end();
      await a.receives(arrivedNotice(1), relayed(1, ...received), leftNotice(1));
      if (!args.includes('log=to:room.log')) return;
      const log = async (): Promise<string> => readFile(join(cwd, 'room.log'), 'utf8');
      await eventually('the log', async () => /"kind":"left"/.test(await log()));
      const kinds = (await log())
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line).kind as string);
      expect(kinds).to.deep.equal(['arrived', 'arrived', 'line', 'left']);
    });
  }

  it('shows what mini-serv try prints', async () => {
    const [, command = '', output] =
      /^```sh\n(printf .* try .*)\n```\n\n```\n([\s\S]*?)^```$/m.exec(PAGE) ?? [];
    const cwd = await folder({ 'shout.mjs': MODULES['shout.mjs'] ?? '' });
    const script = command.replace('mini-serv', '"$@"');
    const { code, stdout } = await runCommand(
      [],
      ['sh', '-c', `cd ${cwd}; ${script}`, 'sh', ...serverCommand()],
    );
    expect({ code, stdout }).to.deep.equal({ code: 0, stdout: output });
  });

  it('shows no other commands', () => {
    expect(COMMANDS).to.deep.equal(recipes.map(([args]) => args));
  });

  it('lists every built-in', () => {
    const names = [...PAGE.matchAll(/^\| `([a-z-]+)` \| (?!the)/gm)].map(([, name]) => name);
    expect(names.filter((name) => BUILT_INS.has(name ?? ''))).to.have.members([...BUILT_INS.keys()]);
  });
});
