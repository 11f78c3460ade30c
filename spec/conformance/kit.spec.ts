import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { CASES } from '../../lib/conformance/cases/index.js';
import { HELP, parseRequest } from '../../lib/conformance/options.js';
import { holdPort } from '../../lib/conformance/ports.js';
import { afterwards } from '../support/cleanup.js';
import {
  conformance,
  hasCompiler,
  MINI_SERV,
  MISTAKES,
  RELAY,
  ROOT,
  script,
} from '../support/conformance.js';
import { eventually, within } from '../support/waiting.js';

interface Failed {
  name: string;
  outcome: string;
  reason?: string;
  what: string;
  exit?: { code: number | null; signal: string | null; meaning: string };
  output?: string[];
  expected?: { text: string };
  came?: { text: string };
  firstDifference?: number;
  stderr?: string[];
}

/** The report on these cases, as programs get it. */
async function report(command: readonly string[], ...options: string[]) {
  const { code, stdout, stderr } = await conformance(
    ['--json', '--timeout', '1s', ...options, ...command],
    60_000,
  );
  expect(stderr).to.equal('');
  return { code, ...(JSON.parse(stdout) as { conforms: boolean; cases: Failed[] }) };
}

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'mini-serv-kit-'));
  afterwards(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

function sourceFile(code: string): string {
  const path = join(folder(), 'mini_serv.c');
  writeFileSync(path, code);
  return path;
}

describe('conformance: the command line', () => {
  it('tells how it is used, and what of it was wrong', async () => {
    expect(await conformance(['--help'])).to.deep.equal({ code: 0, stdout: HELP, stderr: '' });
    for (const line of HELP.split('\n')) expect(line.length).to.be.at.most(80);
    const wrong: [string[], RegExp][] = [
      [[], /wants the command/],
      [['--nope', 'x'], /no option --nope/],
      [['--json=yes', 'x'], /no option --json=yes/],
      [['--timeout', '5', 'x'], /--timeout wants/],
      [['--timeout', 'soon', 'x'], /'soon'/],
      [['--timeout'], /--timeout wants a value/],
      [['--rank', 'all', 'x'], /subject, exam, beyond/],
      [['--only', 'no-such-case', 'x'], /no case 'no-such-case'/],
      [['--only', 'crowd', '--rank', 'exam', 'x'], /no case 'crowd'/],
    ];
    for (const [args, message] of wrong) {
      const request = parseRequest(args);
      expect(request.kind, args.join(' ')).to.equal('usage');
      expect((request as { message: string }).message).to.match(message);
    }
    const { code, stdout, stderr } = await conformance(['--nope']);
    expect({ code, stdout }).to.deep.equal({ code: 2, stdout: '' });
    expect(stderr).to.match(/--nope\nSee mini-serv conformance --help\n$/);
  });

  it('leaves what stands behind the command to the command', () => {
    const request = parseRequest(['--json', '--timeout=2s', '--', './mini_serv', '--json', '-x']);
    expect(request).to.include({ kind: 'judge', json: true, timeout: 2000 });
    expect((request as { command: readonly string[] }).command).to.deep.equal([
      './mini_serv',
      '--json',
      '-x',
    ]);
    expect(parseRequest(['./mini_serv', '--help'])).to.include({ kind: 'judge' });
  });

  it('lists all cases, with the paragraph that each comes from', async () => {
    const { code, stdout } = await conformance(['--list']);
    expect(code).to.equal(0);
    for (const { name, title } of CASES) expect(stdout).to.contain(`  ${name.padEnd(22)} ${title}\n`);
    expect(stdout.replace(/\s+/g, ' ')).to.contain(
      'it should write in stderr "Wrong number of arguments" followed by',
    );
    const list = JSON.parse((await conformance(['--list', '--json', '--rank', 'subject'])).stdout);
    expect(list).to.have.length(CASES.filter(({ rank }) => rank === 'subject').length);
    expect(list[0]).to.have.all.keys('name', 'rank', 'title', 'paragraph');
  });

  it('runs the cases that are named, or that have it in their name', async () => {
    const one = await report(RELAY, '--only', 'lines', '--timeout', '10s');
    expect(one.cases.map(({ name, outcome }) => [name, outcome])).to.deep.equal([['lines', 'passed']]);
    expect(one).to.include({ code: 0, conforms: true });
    const some = parseRequest(['--only', 'lazy-h,first-ids', '--only=nul', 'x']);
    const names = (some as { cases: readonly { name: string }[] }).cases.map(({ name }) => name);
    expect(names).to.deep.equal(['first-ids', 'lazy-holds-nobody-up', 'lazy-hears-all', 'nul']);
  });

  it('requires subject and exam, and beyond only where it is asked for', async () => {
    const lonely = script(`net.createServer(() => {}).listen(port, '127.0.0.1')`);
    expect(parseRequest(['x'])).to.deep.include({ required: ['subject', 'exam'] });
    expect(parseRequest(['--rank', 'beyond', 'x'])).to.deep.include({
      required: ['subject', 'exam', 'beyond'],
    });
    // What is named is required, whatever its rank.
    expect(await report(lonely, '--only', 'idle')).to.include({ code: 1, conforms: false });
    expect(await report(lonely, '--only', 'listens')).to.include({ code: 0, conforms: true });
    // A kit that has judged nothing has found nothing right.
    expect(await report(lonely, '--only', 'no-define')).to.include({ code: 1, conforms: false });
  });

  it('says so where there is nothing that it could judge', async () => {
    for (const [command, message] of [
      [['./no-such-program'], /^\.\/no-such-program cannot be judged: there is no such program\n$/],
      [['no-such-program'], /\(a program in this directory is \.\/no-such-program\)\n$/],
      [['./no-such.c'], /^\.\/no-such\.c cannot be judged: there is no such file\n$/],
      [['./package.json'], /^\.\/package\.json cannot be judged: it may not be run/],
    ] as const) {
      const { code, stderr } = await conformance(['--json', ...command]);
      expect((await conformance([...command])).stdout).to.equal('');
      expect(stderr).to.match(message);
      expect(code).to.equal(2);
    }
  });

  it('prints a report that a student can learn from', async () => {
    const deaf = script(`
      const clients = new Map(); let id = 0;
      net.createServer((socket) => {
        const own = id++; clients.set(socket, own);
        const tell = (text) => { for (const other of clients.keys()) if (other !== socket) other.write(text); };
        tell('server: client ' + own + ' just arrived\\n');
        socket.on('data', (chunk) => tell('client ' + own + ': ' + chunk)).on('error', () => {});
      }).listen(port, '127.0.0.1')`);
    const { code, stdout } = await conformance(['--only', 'every-line,lines', ...deaf]);
    expect(code).to.equal(1);
    const shown = stdout.slice(stdout.indexOf('subject: what'));
    const example = /^```text\n(1\) [\s\S]*?)^```$/m.exec(
      readFileSync(join(ROOT, 'docs/conformance.md'), 'utf8'),
    )?.[1];
    expect(shown).to.contain(example ?? 'an example');
    expect(shown).to.equal(`subject: what the text says
  ✓ lines                  what one client says, all others hear, with its number before it
  ✗ every-line             the number stands before every line of a message

1) every-line: the number stands before every line of a message

   The subject: “a single message can contains multiple \\n”

        A B C
     1  ●      A connects
     2  │ ●    B connects
     3  ◀ │    A hears  server: client 1 just arrived\\n
     4  │ │ ●  C connects
     5  ◀ │ │  A hears  server: client 2 just arrived\\n
     6  │ ◀ │  B hears  server: client 2 just arrived\\n
     7  ▶ │ │  A sends  one\\ntwo\\nthree\\n
     8  │ ✗ │  B should hear  client 0: one\\nclient 0: two\\nclient 0: three\\n

   B did not hear what it should have heard.

   expected  client 0: two\\nclient 0: three\\n
   came      two\\n
             ^ the first difference

   What it usually is: What one recv gives may hold many lines: take them one by one
   (extract_message), each with its prefix.

It does not conform: subject 1 of 2.
`);
  });
});

describe('conformance: a port that is taken', () => {
  it('is given back, though somebody has connected to it and stays', async () => {
    const { port, close } = await holdPort();
    const guest = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    afterwards(() => void guest.destroy());
    guest.on('error', () => {});
    await once(guest, 'connect');
    await within(close(), 'the port');
  });
});

describe('conformance: docs/conformance.md', () => {
  const docs = readFileSync(join(ROOT, 'docs/conformance.md'), 'utf8');

  it('names cases that there are, and one for each mistake', () => {
    const table = docs.slice(docs.indexOf('## Classic mistakes'), docs.indexOf('## What can be relied on'));
    const named = [...table.matchAll(/^\| (`[^|]*`) \|/gm)].flatMap(
      ([, cell = '']) => cell.match(/[\w-]+/g) ?? [],
    );
    expect(named.length).to.be.at.least(15);
    expect(CASES.map(({ name }) => name)).to.include.members(named);
    expect(named).to.include.members([...Object.values(MISTAKES), 'blanks', 'high-bytes']);
  });

  it('tells of each option, and of no other', () => {
    const options = (text: string): string[] => [...new Set(text.match(/--[a-z]{3,}/g))].sort();
    const table = docs.match(/^\| `--.*$/gm)?.join('\n') ?? '';
    expect([...options(table), '--help'].sort()).to.deep.equal(options(HELP));
  });
});

describe('conformance: a relay', () => {
  it('starts without loading any of the kit', async () => {
    const hooks =
      'export async function load(url, context, next) { process._rawDebug(url); return next(url, context); }';
    const register = `import { register } from 'node:module'; register(${JSON.stringify(`data:text/javascript,${hooks}`)});`;
    const loaded = (...args: string[]): string => {
      const all = ['--import', `data:text/javascript,${encodeURIComponent(register)}`, MINI_SERV, ...args];
      return spawnSync(process.execPath, all, { encoding: 'utf8' }).stderr;
    };
    // A relay that fails to load its transform: everything that it imports is loaded by then.
    expect(loaded('-t', './missing.mjs', '0'))
      .to.contain('/lib/relay/relay.js')
      .and.to.not.contain('/lib/conformance/');
    expect(loaded('conformance', '--help')).to.contain('/lib/conformance/');
  });
});

describe('conformance: servers that misbehave', () => {
  it('a crash is told by its signal', async () => {
    const crashes = script(`
      process.stderr.write('oh no\\n');
      net.createServer((socket) => socket.on('data', () => process.kill(process.pid, 'SIGSEGV'))).listen(port, '127.0.0.1')`);
    const { code, cases } = await report(crashes, '--only', 'high-bytes,tiny-messages');
    expect(code).to.equal(1);
    for (const one of cases) expect(one.outcome).to.equal('failed');
    // No arrival is told, which is waited for in vain.
    expect(cases[0]?.exit).to.equal(undefined);
    const speaks = script(`
      const sockets = [];
      process.stderr.write('oh no\\n');
      net.createServer((socket) => {
        for (const other of sockets) other.write('server: client ' + sockets.length + ' just arrived\\n');
        sockets.push(socket);
        socket.on('data', () => process.kill(process.pid, 'SIGSEGV'));
      }).listen(port, '127.0.0.1')`);
    const died = (await report(speaks, '--only', 'high-bytes', '--timeout', '5s')).cases[0];
    expect(died?.exit).to.include({ code: null, signal: 'SIGSEGV' });
    expect(died?.stderr).to.deep.equal(['oh no']);
    const text = (await conformance(['--only', 'high-bytes', ...speaks])).stdout;
    expect(text)
      .to.contain('[SIGSEGV]')
      .and.to.contain('The server was ended by SIGSEGV (memory that is not its own')
      .and.to.contain('-fsanitize=address');
    // A shell that has started it tells of it in its own way.
    const wrapped = (
      await report(
        ['sh', '-c', `${quoted(speaks)} "$@"; exit $?`, 'sh'],
        '--only',
        'high-bytes',
        '--timeout',
        '5s',
      )
    ).cases[0];
    expect(wrapped?.exit?.meaning).to.contain('exit code 139, which is how a shell tells of SIGSEGV');
  });

  it('one that hangs is given up', async () => {
    const hangs = script(`net.createServer(() => {}).listen(port, '127.0.0.1')`);
    const { code, cases } = await report(hangs, '--rank', 'exam');
    expect(code).to.equal(1);
    expect(cases.filter(({ outcome }) => outcome === 'failed').map(({ name }) => name)).to.deep.equal([
      'no-argument',
      'arrivals',
      'own-arrival',
      'first-ids',
    ]);
    expect(cases.at(-1)?.reason).to.equal('it has not sent a single byte in 3 cases');
  });

  it('one that never accepts does not take a client', async function () {
    if (process.platform !== 'linux') this.skip();
    const stands = script(
      `net.createServer(() => {}).listen(port, '127.0.0.1', () => process.kill(process.pid, 'SIGSTOP'))`,
    );
    const { code, cases } = await report(stands, '--only', 'listens');
    expect(code).to.equal(1);
    expect(cases[0]?.what).to.contain('has not called accept');
  });

  it('one that never listens, or ends before, is given up', async () => {
    const silent = await report(script('setInterval(() => {}, 1000)'), '--rank', 'exam');
    const failed = ({ outcome }: Failed) => outcome === 'failed';
    expect(silent.cases.filter(failed).map(({ name }) => name)).to.deep.equal(['no-argument', 'listens']);
    expect(silent.cases.at(-1)?.reason).to.equal('it does not listen on its port: see listens');
    const gone = await report(script('process.exitCode = 3'), '--only', 'listens,lines');
    expect(gone.cases[0]).to.include({ what: 'it ended before it listened on its port' });
    expect(gone.cases[0]?.exit).to.include({ code: 3, signal: null });
    expect(gone.cases[1]).to.include({ outcome: 'left out' });
  });

  it('one that floods its clients and its output, or prints rubbish, fails and does no harm', async () => {
    const floods = script(`
      const much = Buffer.alloc(1 << 20, 'rubbish');
      const flood = (stream) => { const go = () => { while (stream.write(much)); }; stream.on('drain', go).on('error', () => {}); go(); };
      flood(process.stdout); flood(process.stderr);
      net.createServer((socket) => flood(socket)).listen(port, '127.0.0.1')`);
    const { code, cases } = await report(floods, '--only', 'lines,lazy,crowd,tiny-messages');
    expect(code).to.equal(1);
    for (const one of cases) expect(one.outcome, one.name).to.equal('failed');
    expect(cases[0]?.came?.text).to.match(/^rubbishrubbish/);
    const rubbish = script(
      `net.createServer((socket) => socket.write('\\0\\x1b[2J\\xff')).listen(port, '127.0.0.1')`,
    );
    const [came] = (await report(rubbish, '--only', 'lines')).cases;
    expect(came?.came?.text).to.match(/^\\x00\\x1b\[2J\\xc3\\xbf/);
    expect(came?.firstDifference).to.equal(0);
    expect((await conformance(['--only', 'lines', '--timeout', '1s', ...rubbish])).stdout).to.not.contain(
      '\x1b',
    );
  });

  const hangingIn = (path: string): string[] =>
    script(`
      require('node:fs').writeFileSync(${JSON.stringify(path)}, String(process.pid));
      net.createServer(() => {}).listen(port, '127.0.0.1')`);

  it('what the command has started ends with it', async () => {
    const path = join(folder(), 'pid');
    const wrapper = ['sh', '-c', `${quoted(hangingIn(path))} "$@" & wait`, 'sh'];
    expect(await report(wrapper, '--only', 'listens')).to.include({ code: 0 });
    await gone(path);
  });

  it('one that goes into the background is started once, and holds nobody up', async () => {
    const path = join(folder(), 'pids');
    const daemon = script(`
      net.createServer(() => {}).listen(port, '127.0.0.1');
      require('node:fs').appendFileSync(${JSON.stringify(path)}, process.pid + '\\n');`);
    const goes = script(`
      const { spawn } = require('node:child_process');
      const [file, ...args] = ${JSON.stringify(daemon)};
      spawn(file, [...args, String(port)], { detached: true, stdio: 'inherit' });
      process.exit(0);`);
    afterwards(() => {
      for (const pid of readFileSync(path, 'utf8').trim().split('\n')) process.kill(Number(pid), 'SIGKILL');
    });
    const { code, cases } = await report(goes, '--only', 'listens,lines,lazy', '--timeout', '5s');
    expect(code).to.equal(1);
    expect(cases[0]?.what).to.match(/^it went into the background/);
    expect(cases.map(({ outcome }) => outcome).slice(1)).to.not.include('failed');
    expect(readFileSync(path, 'utf8').trim().split('\n')).to.have.length(1);
  });

  it('a kit that is ended ends what it has started', async () => {
    const path = join(folder(), 'pid');
    const args = ['conformance', '--only', 'lines', '--timeout', '60s', ...hangingIn(path)];
    const kit = spawn(process.execPath, [MINI_SERV, ...args], { stdio: 'ignore' });
    afterwards(() => void kit.kill('SIGKILL'));
    await eventually('a server', () => existsSync(path) && readFileSync(path, 'utf8') !== '');
    const exited = once(kit, 'exit');
    kit.kill('SIGINT');
    expect(await exited).to.deep.equal([130, null]);
    await gone(path);
  });

  it('a relay behind a shell conforms like any other, and its own descriptors are counted', async function () {
    if (process.platform !== 'linux') this.skip();
    const wrapper = ['sh', '-c', `${quoted(RELAY)} "$@"; exit $?`, 'sh'];
    const names = ['no-argument', 'leaves', 'no-descriptor-leak'];
    const { cases, conforms } = await report(wrapper, '--only', names.join(), '--timeout', '10s');
    expect(cases.map(({ outcome }) => outcome)).to.deep.equal(['passed', 'passed', 'passed']);
    expect(conforms).to.equal(true);
  });
});

describe('conformance: source files', () => {
  before(function () {
    if (!hasCompiler()) this.skip();
  });

  const SERVER = `#include <stdio.h>
#include <string.h>
// #define IN_A_COMMENT
int main(int argc, char **argv) {
  (void)argv;
`;

  it('judges its rules, and then the program', async () => {
    const path = sourceFile(`${SERVER}  printf("#define in a text\\n");
  char copy[8];
  memcpy(copy, "hello", 6);
  return argc + copy[0] == 0;
}
/*
#define NOR_HERE
*/
#  define \\
   HERE 1
`);
    const { code, cases } = await report([path], '--rank', 'subject');
    expect(code).to.equal(1);
    const of = (name: string) => cases.find((one) => one.name === name);
    expect(of('compiles')).to.include({ outcome: 'passed' });
    expect(of('no-define')?.output).to.deep.equal(['line 14: #  define    HERE 1']);
    expect(of('allowed-functions')?.what).to.match(/^it calls what is not allowed: (memcpy, )?printf$/);
    expect(of('no-argument')).to.include({ outcome: 'failed' });
    expect(of('listens')).to.include({ outcome: 'failed' });
    expect(of('arrivals')).to.include({ outcome: 'left out' });
  });

  it('shows what the compiler has said of one that does not compile, and runs nothing', async () => {
    const path = sourceFile(`${SERVER}  int unused;\n  return argc;\n}\n`);
    const { code, cases } = await report([path]);
    expect(code).to.equal(1);
    expect(cases[0]).to.include({ name: 'compiles', outcome: 'failed', what: 'it does not compile' });
    expect(cases[0]?.output?.join('\n')).to.match(/unused/);
    expect(cases.at(-1)).to.include({ outcome: 'left out', reason: 'the source does not compile' });
  });

  it('says so too where only other cases were asked for', async () => {
    const path = sourceFile(`${SERVER}  int unused;\n  return argc;\n}\n`);
    const { code, stdout, stderr } = await conformance(['--only', 'every-line', path]);
    expect({ code, stdout }).to.deep.equal({ code: 2, stdout: '' });
    expect(stderr)
      .to.match(/mini_serv\.c cannot be judged: it does not compile/)
      .and.to.match(/unused/);
    const missing = await conformance(['--only', 'every-line', 'no-such.c']);
    expect(missing.stderr).to.equal('no-such.c cannot be judged: there is no such file\n');
  });

  it('takes a source whose name begins with a - for no option', async () => {
    const own = folder();
    writeFileSync(join(own, '-dash.c'), 'int main(void) { return 0; }\n');
    const args = [MINI_SERV, 'conformance', '--only', 'compiles', '--', '-dash.c'];
    const { status, stdout } = spawnSync(process.execPath, args, { cwd: own, encoding: 'utf8' });
    expect(stdout).to.contain('✓ compiles');
    expect(status).to.equal(0);
  });

  it('says in a line that there is no compiler', async () => {
    const { PATH } = process.env;
    process.env.PATH = folder();
    try {
      const { code, stdout, stderr } = await conformance([sourceFile(SERVER)]);
      expect({ code, stdout }).to.deep.equal({ code: 2, stdout: '' });
      expect(stderr).to.match(
        /mini_serv\.c cannot be compiled, and was not judged: there is no cc on this computer\n$/,
      );
    } finally {
      process.env.PATH = PATH;
    }
  });
});

/** The process whose number stands in the file is no more. */
async function gone(path: string): Promise<void> {
  const pid = Number(readFileSync(path, 'utf8'));
  expect(pid).to.be.greaterThan(0);
  await eventually('the end of the server', () => {
    try {
      process.kill(pid, 0);
      return false;
    } catch {
      return true;
    }
  });
}

function quoted(command: readonly string[]): string {
  return command.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(' ');
}
