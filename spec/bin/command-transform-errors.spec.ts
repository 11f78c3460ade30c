import { expect } from 'chai';
import { type Client, connectAs } from '../support/client.js';
import { runCommand, type Server } from '../support/command.js';
import { folder, pair, SHOUT, within } from '../support/modules.js';
import { freePort, isListening } from '../support/ports.js';
import { arrivedNotice, leftNotice, relayed } from '../support/wire.js';

/** A module that fails, in a different way for each of these lines. */
const FAILS = `
  import { Transform } from 'node:stream';
  const failures = {
    throws() { throw new Error('oops'); },
    rejects() { return Promise.reject(new Error('oops')); },
    'calls back with an error'(done) { done(new Error('oops')); },
    'calls back twice'(done) { done(); done(); },
    'ends early'() { this.push(null); },
    'emits garbage'(done) { done(null, 'garbage'); },
  };
  export const createStream = () => new Transform({
    objectMode: true,
    transform(message, encoding, done) {
      const fail = failures[message.text];
      return fail === undefined ? done(null, message) : fail.call(this, done);
    },
  });`;
const FAILURES = [...FAILS.matchAll(/^ {4}'?([a-z ]+)'?\(.*\{ /gm)].map(([, name = '']) => name);

/** For each failure, a client that sends it between two other lines. */
async function sendFailures(server: Server, witness: Client, onSent: (client: Client) => Promise<void>) {
  for (const [i, failure] of FAILURES.entries()) {
    const client = await connectAs(server, i + 2, witness);
    await client.send(`good\n${failure}\nworse\n`);
    await onSent(client);
    await witness.until(leftNotice(i + 2));
  }
}

describe('command with a transform that cannot be used', () => {
  const rejected: [args: string[], message: RegExp][] = [
    [
      ['-t', './gone.mjs'],
      /^mini-serv: cannot use the transform \.\/gone\.mjs: no such file: \/.*gone\.mjs\n$/,
    ],
    [['-t', './throws.mjs'], /^mini-serv: cannot use the transform \.\/throws\.mjs: failed to load: oops\n$/],
    [
      ['-t', './wrong.mjs'],
      /^mini-serv: .* \.\/wrong\.mjs: the default export is 5; expected a function, for example: export .*\n$/,
    ],
    [
      ['-t', './map.mjs'],
      /^mini-serv: cannot use the transform \.\/map\.mjs: createStream must return a stream such as .*, got Map\(0\) \{\}\n$/,
    ],
    [['-t', './picky.mjs=level:9'], /^mini-serv: .* \.\/picky\.mjs: invalid options: no level 9\n$/],
    [['-t', 'log', '-t', 'filter=dorp:x'], /^transform filter: unknown option 'dorp'; expected keep, .*\n$/],
    [['-t', 'filter=secret'], /invalid transform 'filter=secret': expected options as key=value.*\n$/],
  ];
  for (const [args, message] of rejected) {
    it(`explains what is wrong with ${args.join(' ')}, and opens no port`, async () => {
      const cwd = await folder({
        'throws.mjs': 'throw new Error("oops")',
        'wrong.mjs': 'export default 5',
        'map.mjs': 'export const createStream = () => new Map()',
        'picky.mjs': `export default (message) => message;
          export const validateOptions = ({ level }) => { throw new Error("no level " + level) };`,
      });
      const port = await freePort();
      const { code, stdout, stderr } = await runCommand([...args, String(port)], within(cwd));
      expect({ code, stdout }).to.deep.equal({ code: 1, stdout: '' });
      expect(stderr).to.match(message);
      expect(isListening(port)).to.not.equal(true);
    });
  }

  it('prints the stack of the error in the module with --verbose', async () => {
    const cwd = await folder({ 'throws.mjs': 'throw new Error("oops")' });
    const { stderr } = await runCommand(['--verbose', '-t', './throws.mjs', '0'], within(cwd));
    expect(stderr).to.match(/^mini-serv: .*oops\nError: oops\n +at .*throws\.mjs:1:7/);
  });
});

describe('command with a transform that fails', () => {
  it('disconnects only the client of the transform', async () => {
    const cwd = await folder({ 'fails.mjs': FAILS });
    const [a, b, server] = await pair(['-t', './fails.mjs', '-t', 'no-http'], cwd);
    await sendFailures(server, a, (client) => client.ended);
    await b.send('hello\n');
    const failed = FAILURES.map(
      (_, i) => arrivedNotice(i + 2) + relayed(i + 2, 'good') + leftNotice(i + 2),
    ).join('');
    await a.receives(arrivedNotice(1), failed, relayed(1, 'hello'));
    await server.stop();
    expect(server.stderr.text).to.match(
      new RegExp(
        `^(mini-serv: transform 1 failed for client \\d: \\./fails\\.mjs: .+\n){${FAILURES.length}}$`,
      ),
    );
  });

  it('continues without the transform with --on-transform-error bypass', async () => {
    const cwd = await folder({ 'fails.mjs': FAILS });
    const [a, b, server] = await pair(['-t', './fails.mjs', '--on-transform-error=bypass'], cwd);
    await sendFailures(server, a, async (client) => client.end());
    await b.send('hello\n');
    // A transform that has called back has acknowledged the line, and drops it by emitting nothing.
    const lines = (failure: string): string[] =>
      failure === 'calls back twice' ? ['good', 'worse'] : ['good', failure, 'worse'];
    const failed = FAILURES.map(
      (name, i) => arrivedNotice(i + 2) + relayed(i + 2, ...lines(name)) + leftNotice(i + 2),
    );
    await a.receives(arrivedNotice(1), failed.join(''), relayed(1, 'hello'));
    await server.stop();
    expect(server.stderr.text).to.match(
      new RegExp(
        `^(mini-serv: transform 1 failed for client \\d: .+ continues without it\n){${FAILURES.length}}$`,
      ),
    );
  });

  it('serves the other clients when a transform never acknowledges a line', async () => {
    const cwd = await folder({
      'stalls.mjs': `export default (message) => message.text === 'bad' ? new Promise(() => {}) : message;`,
    });
    const [a, b, server] = await pair(['-t', './stalls.mjs'], cwd);
    await b.send('good\nbad\nworse\n');
    await a.until(relayed(1, 'good'));
    await a.send('hello\n');
    await b.receives(relayed(0, 'hello'));
    const c = await connectAs(server, 2, a);
    await c.send('hello\n');
    await a.receives(arrivedNotice(1), relayed(1, 'good'), arrivedNotice(2), relayed(2, 'hello'));
    // SIGTERM would wait for the stalled transform until the grace period ends.
    server.kill('SIGKILL');
  });

  it('reports a promise that a transform does not await and that rejects', async () => {
    const cwd = await folder({
      'forgets.mjs': `export default (message) => {
        if (message.text === 'bad') Promise.reject(new Error('oops'));
        return message;
      };`,
    });
    const [a, b, server] = await pair(['-t', './forgets.mjs'], cwd);
    await b.send('bad\ngood\n');
    await a.receives(arrivedNotice(1), relayed(1, 'bad', 'good'));
    await server.stderr.until('mini-serv: a transform has an unhandled rejection: Error: oops\n');
  });

  it('exits with 0 on SIGTERM although a module keeps a timer running', async () => {
    const cwd = await folder({
      'awake.mjs': `setInterval(() => {}, 1000); export default (message) => ${SHOUT}`,
    });
    const [a, b, server] = await pair(['-t', './awake.mjs'], cwd);
    await b.send('hello\n');
    await a.receives(arrivedNotice(1), relayed(1, 'HELLO'));
    server.kill();
    expect(await server.exited).to.deep.equal({ code: 0, signal: null });
  });
});
