import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { resultLine } from '../../lib/conformance/case-line.js';
import { describeExit } from '../../lib/conformance/exit.js';
import type { Result } from '../../lib/conformance/run.js';
import { plain } from '../../lib/conformance/text.js';
import { addCleanup } from '../support/cleanup.js';
import { expectFailures, RELAY, runKit, script, textReport } from '../support/conformance.js';
import { folder } from '../support/modules.js';
import { isAlive } from '../support/proc.js';
import { eventually } from '../support/waiting.js';

/** For servers that never answer. A server has three times as long to start. */
const SHORT_TIMEOUT_MS = 1500;

const NEVER_LISTENS = script('setInterval(() => {}, 1000)');
const SILENT = script(`net.createServer(() => {}).listen(port, '127.0.0.1')`);

/** Announces clients, and kills itself when one sends something. */
const CRASHES = script(`
  const sockets = [];
  process.stderr.write('oh no\\n');
  net.createServer((socket) => {
    for (const other of sockets) other.write('server: client ' + sockets.length + ' just arrived\\n');
    sockets.push(socket);
    socket.on('data', () => process.kill(process.pid, 'SIGSEGV'));
  }).listen(port, '127.0.0.1')`);

const FLOODS = script(`
  const much = Buffer.alloc(1 << 20, 'rubbish');
  const flood = (stream) => {
    const write = () => { while (stream.write(much)); };
    stream.on('drain', write).on('error', () => {});
    write();
  };
  flood(process.stdout); flood(process.stderr);
  net.createServer((socket) => flood(socket)).listen(port, '127.0.0.1')`);

const caseOf = (results: readonly Result[], name: string): Result => {
  const result = results.find((one) => one.case.name === name);
  if (result === undefined) throw new Error(`${name} was not run`);
  return result;
};

/** Returns a command in a form that a shell understands. */
const quote = (command: readonly string[]): string =>
  command.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(' ');

describe('runCases(), with a server that crashes', () => {
  it('reports the signal, and the last lines on standard error', async () => {
    const [result] = await runKit(CRASHES, ['high-bytes']);
    expect(result?.exit).to.deep.equal({ code: null, signal: 'SIGSEGV' });
    expect(result?.stderr).to.deep.equal(['oh no']);
    expect(resultLine(result as Result, plain, 80).join('')).to.contain('[SIGSEGV]');
    expect(textReport([result as Result]))
      .to.contain('The server was ended by SIGSEGV (invalid memory access')
      .and.to.contain('-fsanitize=address');
  });

  it('recognizes the signal if a shell has started the server', async () => {
    const wrapped = ['sh', '-c', `${quote(CRASHES)} "$@"; exit $?`, 'sh'];
    const [result] = await runKit(wrapped, ['high-bytes']);
    expect(describeExit(result?.exit ?? { code: null, signal: null })).to.match(
      /exit code 139, with which a shell reports SIGSEGV/,
    );
  });
});

describe('runCases(), with a server that sends no prefixes to a crowd', () => {
  it('names a line that could have come', async () => {
    const [result] = await runKit(
      script(`
        const sockets = [];
        net.createServer((socket) => {
          for (const other of sockets) other.write('server: client ' + sockets.length + ' just arrived\\n');
          sockets.push(socket);
          socket.on('data', (data) => { for (const other of sockets) if (other !== socket) other.write(data); });
          socket.on('error', () => {});
        }).listen(port, '127.0.0.1')`),
      ['one-order'],
    );
    expect(`${result?.details?.expected}`).to.equal('client 1: line 0\n');
  });
});

describe('runCases(), with a command that does not refuse wrong arguments as it should', () => {
  const refuses = async (code: string): Promise<string | undefined> => {
    const [result] = await runKit(script(code), ['no-argument']);
    return result?.details?.what;
  };

  it('fails "no-argument" if the text is wrong', async () => {
    expect(await refuses(`console.error('wrong'); process.exitCode = 1`)).to.equal(
      'the text on standard error is wrong',
    );
  });

  it('fails "no-argument" if the exit code is not 1', async () => {
    expect(await refuses(`console.error('Wrong number of arguments')`)).to.equal(
      'the exit code should be 1, and is 0',
    );
  });

  it('fails "no-argument" if the command is ended by a signal', async () => {
    expect(await refuses(`process.kill(process.pid, 'SIGKILL')`)).to.equal('it was ended by a signal');
  });
});

describe('runCases(), with a server that does not answer', () => {
  it('skips the rest after three cases without a byte', async () => {
    const names = ['listens', 'arrivals', 'own-arrival', 'first-ids', 'lines', 'leaves'];
    const results = await runKit(SILENT, names, SHORT_TIMEOUT_MS);
    expectFailures(results, ['arrivals', 'own-arrival', 'first-ids']);
    expect(caseOf(results, 'leaves').reason).to.equal('it has not sent a single byte in 3 cases');
  });

  it('fails "no-argument" if it does not end', async () => {
    const [result] = await runKit(NEVER_LISTENS, ['no-argument'], 200);
    expect(result?.details?.what).to.equal('it is still running after 600 ms, but should have ended');
  });

  it('fails "no-argument" at once if it listens, also behind a shell', async function () {
    if (process.platform !== 'linux') this.skip();
    const listens = script(`net.createServer(() => {}).listen(0, '127.0.0.1')`);
    for (const command of [listens, ['sh', '-c', `${quote(listens)} & wait`]]) {
      const [result] = await runKit(command, ['no-argument'], 600_000);
      expect(result?.details?.what).to.equal('it listens on a port, but should have ended');
    }
  });

  it('fails "listens" if it never accepts a connection', async function () {
    if (process.platform !== 'linux') this.skip();
    const stopped = script(
      `net.createServer(() => {}).listen(port, '127.0.0.1', () => process.kill(process.pid, 'SIGSTOP'))`,
    );
    const [result] = await runKit(stopped, ['listens'], SHORT_TIMEOUT_MS);
    expect(result?.details?.what).to.contain('the server has not called accept');
  });

  it('skips the rest if it never listens', async () => {
    const results = await runKit(NEVER_LISTENS, ['listens', 'arrivals'], 200);
    expect(caseOf(results, 'listens').details?.what).to.equal('it does not listen on its port after 600 ms');
    expect(caseOf(results, 'arrivals').reason).to.equal('it does not listen on its port: see listens');
  });

  it('reports the exit code if it ends before it listens', async () => {
    const results = await runKit(script('process.exitCode = 3'), ['listens', 'lines']);
    const { details, exit } = caseOf(results, 'listens');
    expect(details?.what).to.equal('it ended before it listened on its port');
    expect(exit).to.include({ code: 3, signal: null });
    expect(caseOf(results, 'lines').outcome).to.equal('skipped');
  });
});

describe('runCases(), with a server that writes too much', () => {
  it('fails the cases of a server that floods clients and output, without harm to the kit', async () => {
    const results = await runKit(FLOODS, ['lines', 'lazy', 'crowd', 'tiny-messages'], SHORT_TIMEOUT_MS);
    for (const { outcome, case: one } of results) expect(outcome, one.name).to.equal('failed');
    expect(caseOf(results, 'lines').details?.received?.toString()).to.match(/^rubbishrubbish/);
  });

  it('shows control characters in what was received as printable text', async () => {
    const rubbish = script(
      `net.createServer((socket) => socket.write('\\0\\x1b[2J\\xff')).listen(port, '127.0.0.1')`,
    );
    const [result] = await runKit(rubbish, ['lines'], SHORT_TIMEOUT_MS);
    const text = textReport([result as Result]);
    expect(text).to.contain('received  \\x00\\x1b[2J\\xc3\\xbf').and.to.not.contain('\x1b');
  });
});

describe('runCases(), with a server that starts other processes', () => {
  it('kills what the command has started when the case ends', async () => {
    const pidFile = join(await folder({}), 'pid');
    const server = script(`
      require('node:fs').writeFileSync(${JSON.stringify(pidFile)}, String(process.pid));
      net.createServer(() => {}).listen(port, '127.0.0.1')`);
    const wrapped = ['sh', '-c', `${quote(server)} "$@" & wait`, 'sh'];
    const results = await runKit(wrapped, ['listens']);
    expectFailures(results, []);
    const pid = Number(readFileSync(pidFile, 'utf8'));
    await eventually('the end of the server', () => !isAlive(pid));
  });

  it('fails the first case and skips the rest if it moves to the background', async () => {
    const pidFile = join(await folder({}), 'pids');
    const daemon = script(`
      net.createServer(() => {}).listen(port, '127.0.0.1');
      require('node:fs').appendFileSync(${JSON.stringify(pidFile)}, process.pid + '\\n');`);
    const starter = script(`
      const { spawn } = require('node:child_process');
      const [file, ...args] = ${JSON.stringify(daemon)};
      spawn(file, [...args, String(port)], { detached: true, stdio: 'inherit' });
      process.exit(0);`);
    const daemonPids = (): string[] => readFileSync(pidFile, 'utf8').trim().split('\n');
    addCleanup(() => {
      for (const pid of daemonPids()) process.kill(Number(pid), 'SIGKILL');
    });
    const results = await runKit(starter, ['listens', 'lines', 'lazy'], 2000);
    expect(results.map(({ outcome }) => outcome)).to.deep.equal(['failed', 'skipped', 'skipped']);
    expect(results[0]?.details?.what).to.match(/^it moved to the background/);
    await eventually('the process id of the server', () => daemonPids()[0] !== '');
    expect(daemonPids()).to.have.length(1);
  });

  it('tests a server behind a shell like any other, and counts its descriptors', async function () {
    if (process.platform !== 'linux') this.skip();
    const wrapped = ['sh', '-c', `${quote(RELAY)} "$@"; exit $?`, 'sh'];
    const results = await runKit(wrapped, ['no-argument', 'leaves', 'no-descriptor-leak']);
    expect(results.map(({ outcome }) => outcome)).to.deep.equal(['passed', 'passed', 'passed']);
  });
});
