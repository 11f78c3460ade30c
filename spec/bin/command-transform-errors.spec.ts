import { expect } from 'chai';
import { arrive } from '../support/client.js';
import { runCommand } from '../support/command.js';
import { folder, pair, SHOUT, within } from '../support/modules.js';
import { freePort, isListening } from '../support/ports.js';
import { arrived, left, said } from '../support/wire.js';

/** A module that fails at a line that says `bad`. */
const failing = (failure: string) => `
  import { Transform } from 'node:stream';
  export default () => () => new Transform({
    objectMode: true,
    transform(message, encoding, done) {
      if (message.text !== 'bad') done(null, message);
      else { ${failure} }
    },
  });`;

describe('command: transforms that fail', () => {
  const refused: [args: string[], message: RegExp][] = [
    [
      ['-t', './gone.mjs'],
      /^mini-serv: cannot use the transform \.\/gone\.mjs: there is no file .*gone\.mjs\n$/,
    ],
    [
      ['-t', 'gone'],
      /^mini-serv: cannot use the transform gone: it is no built-in \(filter.* \.\/shout\.mjs\n$/,
    ],
    [
      ['-t', './throws.mjs'],
      /^mini-serv: cannot use the transform \.\/throws\.mjs: it cannot be loaded: oops\n$/,
    ],
    [
      ['-t', './wrong.mjs'],
      /^mini-serv: .*\.\/wrong\.mjs: its default export is number \(5\): wanted is .*\n$/,
    ],
    [['-t', './picky.mjs=level:9'], /^mini-serv: .*\.\/picky\.mjs: it refused its options: no level 9\n$/],
    [
      ['-t', 'filter=dorp:x'],
      /^mini-serv: the transform filter: there is no option 'dorp', only keep, .*\n$/,
    ],
    [['-t', 'filter=drop:('], /^mini-serv: the transform filter: drop must be a regular expression .*\n$/],
    [['-t', 'filter=secret'], /^cannot read the transform filter=secret: its options must be key=value.*\n$/],
    [['-t', 'log', '-t', 'rate'], /^mini-serv: the transform rate: lines must be .* is not given\n$/],
    [['-t', 'log={"to":'], /^cannot read the transform log=.* no JSON.*\n$/],
    [['--on-transform-error', 'ignore'], /^--on-transform-error: expected close or bypass, got "ignore"\n$/],
  ];
  for (const [args, message] of refused) {
    it(`says what is wrong with ${args.join(' ')}, and opens no port`, async () => {
      const cwd = await folder({
        'throws.mjs': 'setInterval(() => {}, 1000); throw new Error("oops")',
        'wrong.mjs': 'export default 5',
        'picky.mjs': 'export default ({ level }) => { throw new Error("no level " + level) }',
      });
      const port = await freePort();
      const { code, stdout, stderr } = await runCommand([...args, String(port)], within(cwd));
      expect({ code, stdout }).to.deep.equal({ code: 1, stdout: '' });
      expect(stderr).to.match(message);
      expect(await isListening(port)).to.not.equal(true);
    });
  }

  it('says under --verbose where a module broke', async () => {
    const cwd = await folder({ 'throws.mjs': 'throw new Error("oops")' });
    const { stderr } = await runCommand(['--verbose', '-t', './throws.mjs', '0'], within(cwd));
    expect(stderr).to.match(/^mini-serv: .*oops\nError: oops\n +at .*throws\.mjs:1:7/);
  });

  const failures: Record<string, string> = {
    throws: 'throw new Error("oops")',
    rejects: 'return Promise.reject(new Error("oops"))',
    'calls back with an error': 'done(new Error("oops"))',
    'calls back twice': 'done(); done()',
    'ends early': 'this.push(null)',
    'gives garbage': 'done(null, "garbage")',
  };
  for (const [what, failure] of Object.entries(failures)) {
    it(`closes the client of a transform that ${what}, and nobody else's`, async () => {
      const cwd = await folder({ 'fails.mjs': failing(failure) });
      const [a, b, server] = await pair(['-t', './fails.mjs', '-t', 'no-http'], cwd);
      await b.send('good\nbad\nworse\n');
      await b.ended;
      const c = await arrive(server, 2, a);
      await c.send('hello\n');
      await a.hears(arrived(1), said(1, 'good'), left(1), arrived(2), said(2, 'hello'));
      await server.stop();
      expect(server.stderr.text).to.match(
        /^mini-serv: transform 1 failed for client 1: \.\/fails\.mjs: .+\n$/,
      );
    });

    it(`goes on without a transform that ${what}, where it is asked to`, async () => {
      const cwd = await folder({ 'fails.mjs': failing(failure) });
      const [a, b, server] = await pair(['-t', './fails.mjs', '--on-transform-error=bypass'], cwd);
      await b.send('good\nbad\nworse\n');
      b.end();
      // A transform that has called back has answered: what it did not give, it dropped.
      const heard = what === 'calls back twice' ? ['good', 'worse'] : ['good', 'bad', 'worse'];
      await a.hears(arrived(1), said(1, ...heard), left(1));
      await server.stop();
      expect(server.stderr.text).to.match(
        /^mini-serv: transform 1 failed for client 1: \.\/fails\.mjs: .+; the client continues without it\n$/,
      );
    });
  }

  it('lives when a transform never answers', async () => {
    const cwd = await folder({ 'hangs.mjs': failing('') });
    const [a, b, server] = await pair(['-t', './hangs.mjs'], cwd);
    await b.send('good\nbad\nworse\n');
    await a.until(said(1, 'good'));
    await a.send('hello\n');
    await b.hears(said(0, 'hello'));
    const c = await arrive(server, 2, a);
    await c.send('hello\n');
    await a.hears(arrived(1), said(1, 'good'), arrived(2), said(2, 'hello'));
    server.kill();
    expect(await server.exited).to.deep.equal({ code: 0, signal: null });
  });

  it('lives when a transform forgets a promise that rejects', async () => {
    const cwd = await folder({
      'forgets.mjs': failing('Promise.reject(new Error("oops")); done(null, message)'),
    });
    const [a, b, server] = await pair(['-t', './forgets.mjs'], cwd);
    await b.send('bad\ngood\n');
    await a.hears(arrived(1), said(1, 'bad', 'good'));
    await server.stderr.until('mini-serv: a transform rejected: Error: oops\n');
  });

  it('ends when it is told to, also with a module that keeps the process awake', async () => {
    const cwd = await folder({
      'awake.mjs': `setInterval(() => {}, 1000); export default (message) => ${SHOUT}`,
    });
    const [a, b, server] = await pair(['-t', './awake.mjs', '-t', 'rate=lines:0.01,burst:1'], cwd);
    await b.send('hello\nagain\n');
    await a.hears(arrived(1), said(1, 'HELLO'));
    server.kill();
    expect(await server.exited).to.deep.equal({ code: 0, signal: null });
  });
});
