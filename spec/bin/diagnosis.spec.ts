import { once } from 'node:events';
import { chmodSync } from 'node:fs';
import { createServer } from 'node:net';
import { expect } from 'chai';
import { explainStart, reasonOf } from '../../bin/diagnosis.js';
import { addCleanup } from '../support/cleanup.js';
import { runCommand, shell, startServer } from '../support/command.js';
import { folder } from '../support/modules.js';
import { onTerminal } from '../support/terminal.js';
import { describeWith, itWith } from '../support/tools.js';

const SELECT = 'select another port, or run mini-serv 0 for a free one';

/** An error as Node makes them for a failed system call. */
function systemError(code: string, words: string, syscall: string, path?: string): NodeJS.ErrnoException {
  const message = `${code}: ${words}, ${syscall}${path === undefined ? '' : ` '${path}'`}`;
  return Object.assign(new Error(message), { code, syscall, ...(path !== undefined && { path }) });
}

describe('explainStart()', () => {
  const cannotListen = 'mini-serv: cannot listen on 127.0.0.1:80: ';

  it('names the process that uses the port, or the command that finds it', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    addCleanup(() => void server.close());
    await once(server, 'listening');
    const { port } = server.address() as { port: number };
    const error = Object.assign(new Error('listen EADDRINUSE'), { code: 'EADDRINUSE', syscall: 'listen' });
    const place = `mini-serv: cannot listen on 127.0.0.1:${port}: the port is in use`;
    expect(explainStart(error, port)).to.be.oneOf([
      `${place} by node (pid ${process.pid}); ${SELECT}`,
      `${place} (to see by which process, run as root: lsof -nP -i tcp:${port}); ${SELECT}`,
    ]);
    // Another process ended in the meantime, or this process may not see it.
    expect(explainStart(error, 1)).to.match(
      /: the port is in use \(to see by which process, run as root: \w+ /,
    );
  });

  it('explains a missing permission for low ports, and for others', () => {
    const error = systemError('EACCES', 'permission denied', 'listen');
    expect(explainStart(error, 80)).to.match(
      /: (ports below \d+ need|permission denied)[^;]*; select another/,
    );
    expect(explainStart(error, 65535)).to.equal(
      `mini-serv: cannot listen on 127.0.0.1:65535: permission denied; ${SELECT}`,
    );
  });

  it('explains a missing loopback address', () => {
    expect(explainStart(systemError('EADDRNOTAVAIL', 'x', 'listen'), 80)).to.equal(
      `${cannotListen}the address is not available; check that the loopback interface is up: ip link set lo up`,
    );
  });

  it('explains a limit of file descriptors that is too low', () => {
    expect(explainStart(systemError('EMFILE', 'too many open files', 'listen'), 80)).to.match(
      /: the limit of file descriptors \(\d+\) is too low; raise it with ulimit -n$/,
    );
  });

  it('names a spill directory that cannot be used', () => {
    expect(explainStart(systemError('EROFS', 'read-only file system', 'access', '/x'), 80)).to.equal(
      'mini-serv: cannot use the spill directory /x: read-only file system; select another one with --spill-dir',
    );
  });

  it('passes on the words of any other error', () => {
    expect(explainStart(systemError('ENOBUFS', 'no buffer space available', 'listen'), 80)).to.equal(
      `${cannotListen}no buffer space available`,
    );
    expect(explainStart(new Error('oops, really'), 80)).to.equal('mini-serv: oops, really');
  });
});

describe('reasonOf()', () => {
  it('explains failed allocations', () => {
    for (const error of [
      new RangeError('Array buffer allocation failed'),
      systemError('ENOMEM', 'not enough memory', 'read'),
      Object.assign(new Error('x'), { code: 'ERR_MEMORY_ALLOCATION_FAILED' }),
    ]) {
      expect(reasonOf(error)).to.match(/^out of memory; lower --memory or --max-line, or raise the /);
    }
    expect(reasonOf(new RangeError('Invalid array length'))).to.equal('Invalid array length');
  });
});

describe('mini-serv in a pipe', () => {
  it('prints only the text of the subject for a port that it cannot have', async () => {
    const busy = await startServer();
    for (const [args, stderr] of [
      [[`${busy.port}`], 'Fatal error\n'],
      [['abc'], 'Fatal error\n'],
      [['--spill-dir', '/nowhere', '0'], 'Fatal error\n'],
      [[], 'Wrong number of arguments\n'],
    ] as const) {
      for (const script of ['exec "$@"', 'FORCE_COLOR=1 NO_COLOR=1 exec "$@"']) {
        expect(await runCommand([...args], shell(script))).to.deep.include({ code: 1, stdout: '', stderr });
      }
    }
  });

  it('prints the reason with --verbose', async () => {
    const busy = await startServer();
    const { stderr } = await runCommand(['--verbose', `${busy.port}`]);
    const place = `Fatal error\nmini-serv: cannot listen on 127.0.0.1:${busy.port}: the port is in use`;
    expect(stderr.startsWith(place)).to.equal(true);
    expect(stderr.endsWith(`; ${SELECT}\n`)).to.equal(true);
  });
});

describeWith('python3', 'mini-serv on a terminal', () => {
  const plain = onTerminal('NO_COLOR=1 exec "$@"');

  it('prints how it is used after the text of the subject', async () => {
    for (const args of [[], ['1', '2'], ['--verbose']]) {
      expect(await runCommand(args, plain)).to.deep.include({
        code: 1,
        stdout: 'Wrong number of arguments\r\nUsage: mini-serv [options] <port>; see mini-serv --help\r\n',
      });
    }
    expect(await runCommand(['verify'], plain)).to.include({
      stdout: 'Wrong number of arguments: expected mini-serv verify <file>\r\n',
    });
  });

  it('prints the reason of a fatal error after the text of the subject', async () => {
    const busy = await startServer();
    const cases: [args: string[], reason: RegExp][] = [
      [[`${busy.port}`], /^mini-serv: cannot listen on 127\.0\.0\.1:\d+: the port is in use [^\r]+; select/],
      [['abc'], /^port: expected an integer from 0 to 65535, got "abc"$/],
      [
        ['--spill-dir', '/nowhere', '0'],
        /^mini-serv: cannot use the spill directory \/nowhere: no such file/,
      ],
      [['--audit', '/nowhere/a', '0'], /^mini-serv: cannot use the audit \/nowhere\/a: no such file or dir/],
    ];
    for (const [args, reason] of cases) {
      const { code, stdout } = await runCommand(args, plain);
      const lines = stdout.split('\r\n');
      expect({ code, first: lines[0], rest: lines.slice(2) }).to.deep.equal({
        code: 1,
        first: 'Fatal error',
        rest: [''],
      });
      expect(lines[1]).to.match(reason);
    }
  });

  itWith('proc', 'names the process that uses the port', async () => {
    const busy = await startServer();
    const { stdout } = await runCommand([`${busy.port}`], plain);
    expect(stdout).to.contain(`: the port is in use by node (pid ${busy.process.pid}); ${SELECT}\r\n`);
  });

  itWith('setpriv', 'explains what a user without permissions may not do', async () => {
    const busy = await startServer();
    const dir = await folder({});
    chmodSync(dir, 0o555);
    // Still root, because another user may have no access to this checkout.
    const weak = onTerminal('NO_COLOR=1 exec setpriv --bounding-set=-all --inh-caps=-all "$@"');
    const low = await runCommand(['80'], weak);
    expect(low.stdout).to.match(/: ports below \d+ need a permission that this user does not have; select/);
    const taken = await runCommand([`${busy.port}`], weak);
    expect(taken.stdout).to.match(/: the port is in use \(to see by which process, run as root: ss -tanp /);
    const spill = await runCommand(['--spill-dir', dir, '0'], weak);
    expect(spill.stdout).to.match(
      /the spill directory \/.+: permission denied; select another one with --spill/,
    );
  });

  it('explains a failed allocation at any time', async () => {
    const cwd = await folder({
      'large.mjs': `setTimeout(() => { throw new RangeError('Array buffer allocation failed'); });
        export default (message) => message;`,
    });
    const { code, stdout } = await runCommand(['-t', `${cwd}/large.mjs`, '0'], plain);
    expect(code).to.equal(1);
    expect(stdout).to.match(
      /Fatal error\r\nmini-serv: out of memory; lower --memory or --max-line, or raise/,
    );
  });

  it('prints errors in red, notices dim, and the text of the subject without colours', async () => {
    const terminal = onTerminal('TERM=xterm exec "$@"');
    expect((await runCommand(['--nope'], terminal)).stdout).to.equal(
      '\x1b[31m--nope: unknown option; see --help\x1b[39m\r\n',
    );
    expect((await runCommand(['abc'], terminal)).stdout).to.equal(
      'Fatal error\r\n\x1b[31mport: expected an integer from 0 to 65535, got "abc"\x1b[39m\r\n',
    );
    const server = await startServer({ command: terminal, port: 0 });
    await server.stdout.until('\x1b[22m\r\n');
    expect(server.stdout.text.startsWith('\x1b[2mmini-serv: listening on 127.0.0.1:')).to.equal(true);
    server.kill('SIGKILL');
  });

  for (const [variables, isColoured] of [
    ['TERM=xterm NO_COLOR=1', false],
    ['TERM=xterm NO_COLOR=', true],
    ['TERM=xterm NODE_DISABLE_COLORS=1', false],
    ['TERM=dumb', false],
    ['TERM=xterm FORCE_COLOR=0', false],
    ['TERM=dumb NO_COLOR=1 FORCE_COLOR=1', true],
  ] as const) {
    it(`prints ${isColoured ? '' : 'no '}colours with ${variables}`, async () => {
      const { stdout } = await runCommand(['--nope'], onTerminal(`${variables} exec "$@"`));
      expect(stdout).to.contain('--nope: unknown option; see --help');
      expect(stdout.includes('\x1b[')).to.equal(isColoured);
    });
  }
});

describe('colours in a pipe', () => {
  it('are printed only with FORCE_COLOR', async () => {
    const red = '\x1b[31m--nope: unknown option; see --help\x1b[39m\n';
    for (const script of ['FORCE_COLOR=1 exec "$@"', 'NO_COLOR=1 FORCE_COLOR= exec "$@"']) {
      expect((await runCommand(['--nope'], shell(script))).stderr).to.equal(red);
    }
    const plain = '--nope: unknown option; see --help\n';
    for (const script of [
      'FORCE_COLOR=0 exec "$@"',
      'TERM=xterm exec "$@"',
      'COLORTERM=truecolor exec "$@"',
    ]) {
      expect((await runCommand(['--nope'], shell(script))).stderr).to.equal(plain);
    }
  });
});
