import { readFile } from 'node:fs/promises';
import { expect } from 'chai';
import { connectAs } from '../support/client.js';
import { runCommand, startServer } from '../support/command.js';

describe('mini-serv', () => {
  it('prints its version', async () => {
    const manifest = await readFile(new URL('../../../package.json', import.meta.url), 'utf8');
    const { version } = JSON.parse(manifest) as { version: string };
    for (const argument of ['--version', '-V', 'version']) {
      const expected = { code: 0, signal: null, stdout: `${version}\n`, stderr: '' };
      expect(await runCommand([argument])).to.deep.equal(expected);
    }
  });

  for (const [args, message] of [
    [['--frobnicate', '4242'], '--frobnicate: unknown option; see --help'],
    [['4242', '--frobnicate'], '--frobnicate: unknown option; see --help'],
    [['--max-line', 'abc', '4242'], '--max-line: expected a size such as 64M, got "abc"'],
    [['4242', '--max-line'], '--max-line: expected a value, got none'],
    [['--memory', '1\n2\x1b[2J', '1'], '--memory: expected a size such as 64M, got "1 2\\x1b[2J"'],
  ] as const) {
    it(`exits with 1 and prints only ${JSON.stringify(message)} for ${JSON.stringify(args)}`, async () => {
      const { stderr, ...rest } = await runCommand([...args]);
      expect(rest).to.deep.equal({ code: 1, signal: null, stdout: '' });
      expect(stderr).to.equal(`${message}\n`);
    });
  }

  it('prints "Fatal error" for an invalid port after --', async () => {
    const { code, stderr } = await runCommand(['--', '-1']);
    expect({ code, stderr }).to.deep.equal({ code: 1, stderr: 'Fatal error\n' });
  });

  it('prints the reason of a fatal error on a second line with --verbose', async () => {
    const first = await startServer();
    await connectAs(first);
    for (const port of [`${first.port}`, '70000', '-1']) {
      const { stderr, ...rest } = await runCommand(['--verbose', port]);
      expect(rest).to.deep.equal({ code: 1, signal: null, stdout: '' });
      expect(stderr).to.match(/^Fatal error\n[^\n]+\n$/);
    }
  });
});
