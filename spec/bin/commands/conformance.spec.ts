import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { helpText } from '../../../bin/help.js';
import { CASES } from '../../../lib/conformance/cases/index.js';
import { addCleanup } from '../../support/cleanup.js';
import { conformance, MINI_SERV, RELAY, ROOT, reportOn, script } from '../../support/conformance.js';
import { folder } from '../../support/modules.js';
import { isAlive } from '../../support/proc.js';
import { onTerminal } from '../../support/terminal.js';
import { describeWith } from '../../support/tools.js';
import { eventually } from '../../support/waiting.js';

/** A server that accepts connections and does nothing else. */
const SILENT = script(`net.createServer(() => {}).listen(port, '127.0.0.1')`);

/** A server that puts its prefix only before the first line of a message. */
const PREFIX_ONCE = script(`
  const clients = new Map(); let id = 0;
  net.createServer((socket) => {
    const own = id++; clients.set(socket, own);
    const tell = (text) => { for (const other of clients.keys()) if (other !== socket) other.write(text); };
    tell('server: client ' + own + ' just arrived\\n');
    socket.on('data', (chunk) => tell('client ' + own + ': ' + chunk)).on('error', () => {});
  }).listen(port, '127.0.0.1')`);

describe('mini-serv conformance', () => {
  it('prints its help', async () => {
    expect(await conformance(['--help'])).to.deep.equal({
      code: 0,
      stdout: helpText('conformance'),
      stderr: '',
    });
  });

  it('exits with 2 after a wrong option, and refers to the help', async () => {
    expect(await conformance(['--nope'])).to.deep.equal({
      code: 2,
      stdout: '',
      stderr: '--nope: unknown option; see mini-serv conformance --help\n',
    });
  });

  it('lists all cases, each with its paragraph of the subject', async () => {
    const { code, stdout } = await conformance(['--list']);
    expect(code).to.equal(0);
    const text = stdout.replace(/\s+/g, ' ');
    for (const { name, title } of CASES) expect(text).to.contain(` ${name} ${title} `);
    expect(text).to.contain('it should write in stderr "Wrong number of arguments" followed by');
  });

  it('lists cases as JSON', async () => {
    const list = JSON.parse((await conformance(['--list', '--json', '--rank', 'subject'])).stdout);
    expect(list).to.have.length(CASES.filter(({ rank }) => rank === 'subject').length);
    expect(list[0]).to.have.all.keys('name', 'rank', 'title', 'paragraph');
  });

  it('exits with 0 if all required cases pass', async () => {
    const { code, conforms, cases } = await reportOn(RELAY, '--only', 'lines', '--timeout', '30s');
    expect(cases.map(({ name, outcome }) => [name, outcome])).to.deep.equal([['lines', 'passed']]);
    expect({ code, conforms }).to.deep.equal({ code: 0, conforms: true });
  });

  it('exits with 1 if a required case fails, whatever its rank', async () => {
    const { code, conforms } = await reportOn(SILENT, '--only', 'quiet', '--timeout', '1s');
    expect({ code, conforms }).to.deep.equal({ code: 1, conforms: false });
  });

  it('exits with 1 if all required cases are skipped', async () => {
    const { code, conforms } = await reportOn(SILENT, '--only', 'no-define');
    expect({ code, conforms }).to.deep.equal({ code: 1, conforms: false });
  });

  for (const [command, message] of [
    ['./no-such-program', /^\.\/no-such-program cannot be tested: there is no such program\n$/],
    [
      'no-such-program',
      /no such program in PATH \(for a program in this directory, write \.\/no-such-program\)\n$/,
    ],
    ['./no-such.c', /^\.\/no-such\.c cannot be tested: there is no such file\n$/],
    [
      './package.json',
      /^\.\/package\.json cannot be tested: it is not executable \(chmod \+x \.\/package\.json\)\n$/,
    ],
  ] as const) {
    it(`exits with 2 and prints no report for the command ${command}`, async () => {
      for (const options of [[], ['--json']]) {
        const { code, stdout, stderr } = await conformance([...options, command]);
        expect({ code, stdout }).to.deep.equal({ code: 2, stdout: '' });
        expect(stderr).to.match(message);
      }
    });
  }

  it('prints a report that shows the failed step, the difference and the usual cause', async () => {
    const { code, stdout } = await conformance(['--only', 'every-line,lines', ...PREFIX_ONCE]);
    expect(code).to.equal(1);
    const verdict = 'Failed 1 of 2 chosen cases: subject 1/2.';
    expect(stdout).to.equal(`Cases: ✓✗
${verdict}

1) every-line: each line of a message has the id in front

   The subject: “a single message can contains multiple \\n”

        A B C
     1  ●      A connects
     2  │ ●    B connects
     3  ◀ │    A receives  server: client 1 just arrived\\n
     4  │ │ ●  C connects
     5  ◀ │ │  A receives  server: client 2 just arrived\\n
     6  │ ◀ │  B receives  server: client 2 just arrived\\n
     7  ▶ │ │  A sends  one\\ntwo\\nthree\\n
     8  │ ✗ │  B should receive  client 0: one\\nclient 0: two\\nclient 0: three\\n

   B did not receive what it should have received.

   expected  client 0: two\\nclient 0: three\\n
   received  two\\n
             ^ the first difference

   Usual cause: One recv can return several lines. Take them one by one
   (extract_message) and send each with its prefix.

Passed:
  subject:  lines

${verdict}
`);
    const docs = readFileSync(join(ROOT, 'docs/conformance.md'), 'utf8');
    const example = /^```text\n(1\) [\s\S]*?)^```$/m.exec(docs)?.[1];
    expect(stdout).to.contain(example ?? 'the example in docs/conformance.md');
  });

  it('begins a report in a file with the verdict', async () => {
    const path = join(await folder({}), 'report');
    const file = openSync(path, 'w');
    const args = [MINI_SERV, 'conformance', '--only', 'no-argument', process.execPath];
    spawnSync(process.execPath, args, { stdio: ['ignore', file, 'ignore'] });
    closeSync(file);
    expect(readFileSync(path, 'utf8')).to.match(/^Failed 1 of 1 chosen case/);
  });

  it('stops at the first required failure with --bail', async () => {
    const { code, stdout } = await conformance(['--bail', '--only', 'every-line,leaves', ...PREFIX_ONCE]);
    expect(code).to.equal(1);
    expect(stdout).to.match(/Stopped at the first failure\.\n$/);
  });

  it('ends the server when it is ended itself', async () => {
    const pidFile = join(await folder({}), 'pid');
    const server = script(`
      require('node:fs').writeFileSync(${JSON.stringify(pidFile)}, String(process.pid));
      net.createServer(() => {}).listen(port, '127.0.0.1')`);
    const args = ['conformance', '--only', 'lines', '--timeout', '60s', ...server];
    const kit = spawn(process.execPath, [MINI_SERV, ...args], { stdio: ['ignore', 'pipe', 'ignore'] });
    let report = '';
    kit.stdout?.setEncoding('utf8').on('data', (text) => {
      report += text;
    });
    addCleanup(() => void kit.kill('SIGKILL'));
    await eventually('the server', () => existsSync(pidFile) && readFileSync(pidFile, 'utf8') !== '');
    const exited = once(kit, 'exit');
    kit.kill('SIGINT');
    expect(await exited).to.deep.equal([130, null]);
    await eventually('the results so far', () => /^Interrupted after 0 of 1 case/m.test(report));
    const pid = Number(readFileSync(pidFile, 'utf8'));
    await eventually('the end of the server', () => !isAlive(pid));
  });
});

describeWith('python3', 'mini-serv conformance on a terminal', () => {
  it('passes only the report to a pipe, and removes its progress from the terminal before', async () => {
    const cwd = await folder({});
    const [file = '', ...args] = onTerminal('"$@" | tee log');
    const options = ['conformance', '--only', 'no-argument', process.execPath];
    const { stdout } = spawnSync(file, [...args, ...options], {
      cwd,
      encoding: 'utf8',
      env: { ...process.env, TERM: 'xterm' },
    });
    expect(readFileSync(join(cwd, 'log'), 'utf8')).to.match(/^Failed 1 of 1 chosen case/);
    expect(stdout).to.contain('[1/1]').and.to.contain('\r\x1b[KFailed 1 of 1 chosen case');
  });

  for (const [variables, coloured] of [
    [{ NO_COLOR: '', TERM: 'xterm' }, true],
    [{ NO_COLOR: '1', TERM: 'xterm' }, false],
    [{ NO_COLOR: '', TERM: 'dumb' }, false],
    [{ FORCE_COLOR: '0', TERM: 'xterm' }, false],
    [{ FORCE_COLOR: '1', NO_COLOR: '1', TERM: 'dumb' }, true],
  ] as const) {
    it(`prints ${coloured ? '' : 'no '}colours with ${JSON.stringify(variables)}`, () => {
      const [file = '', ...args] = [...onTerminal(), 'conformance', '--only', 'compiles', process.execPath];
      const env = { ...process.env, FORCE_COLOR: undefined, NO_COLOR: undefined, ...variables };
      const { stdout } = spawnSync(file, args, { encoding: 'utf8', env });
      expect(stdout).to.contain('a command is tested, not a source file: compiles');
      // The progress erases its line without a colour.
      expect(stdout.replaceAll('\x1b[K', '').includes('\x1b[')).to.equal(coloured);
    });
  }
});

describe('mini-serv <port>', () => {
  it('loads nothing of the conformance kit', () => {
    const preload = `process.on('exit', () => process._rawDebug(Object.keys(require.cache).join('\\n')))`;
    const loaded = (...args: string[]): string =>
      spawnSync(process.execPath, ['-e', `${preload}; require(${JSON.stringify(MINI_SERV)})`, '-', ...args], {
        encoding: 'utf8',
      }).stderr;
    // A relay that cannot load its transform: everything that it imports is loaded by then.
    expect(loaded('-t', './missing.mjs', '0'))
      .to.contain('commands-run.cjs')
      .and.to.not.contain('conformance');
    expect(loaded('conformance', '--list')).to.contain('commands-conformance.cjs');
  });
});

describeWith('cc', 'mini-serv conformance mini_serv.c', () => {
  const MAIN = `#include <stdio.h>
#include <string.h>
// #define IN_A_COMMENT
int main(int argc, char **argv) {
  (void)argv;
`;

  async function sourceFile(code: string): Promise<string> {
    const path = join(await folder({}), 'mini_serv.c');
    writeFileSync(path, code);
    return path;
  }

  it('checks the rules for the source, and then the program', async () => {
    const path = await sourceFile(`${MAIN}  printf("#define in a text\\n");
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
    const { code, cases } = await reportOn([path], '--rank', 'subject', '--timeout', '1s');
    expect(code).to.equal(1);
    const caseOf = (name: string) => cases.find((one) => one.name === name);
    expect(caseOf('compiles')).to.include({ outcome: 'passed' });
    expect(caseOf('no-define')?.output).to.deep.equal(['line 14: #  define    HERE 1']);
    expect(caseOf('allowed-functions')?.what).to.match(/that are not allowed: (memcpy, )?printf$/);
    expect(caseOf('no-argument')).to.include({ outcome: 'failed' });
    expect(caseOf('listens')).to.include({ outcome: 'failed' });
    expect(caseOf('arrivals')).to.include({ outcome: 'skipped' });
  });

  it('shows the messages of the compiler if the source does not compile, and runs nothing', async () => {
    const path = await sourceFile(`${MAIN}  return missing;\n}\n`);
    const { code, cases } = await reportOn([path]);
    expect(code).to.equal(1);
    expect(cases[0]).to.include({ name: 'compiles', outcome: 'failed', what: 'it does not compile' });
    expect(cases[0]?.output?.join('\n')).to.match(/missing/);
    expect(cases.at(-1)).to.include({ outcome: 'skipped', reason: 'the source does not compile' });
  });

  it('exits with 2 if the source does not compile and only cases of the program were chosen', async () => {
    const path = await sourceFile(`${MAIN}  return missing;\n}\n`);
    const { code, stdout, stderr } = await conformance(['--only', 'every-line', path]);
    expect({ code, stdout }).to.deep.equal({ code: 2, stdout: '' });
    expect(stderr)
      .to.match(/mini_serv\.c cannot be tested: it does not compile/)
      .and.to.match(/missing/);
  });

  it('accepts a source file whose name begins with -', async () => {
    const cwd = await folder({ '-dash.c': 'int main(void) { return 0; }\n' });
    const args = [MINI_SERV, 'conformance', '--only', 'compiles', '--', '-dash.c'];
    const { status, stdout } = spawnSync(process.execPath, args, { cwd, encoding: 'utf8' });
    expect(stdout).to.match(/^Passed 1 chosen case: subject 1\/1\.$/m);
    expect(status).to.equal(0);
  });

  it('exits with 2 if there is no compiler, and says how to get one', async () => {
    const path = await sourceFile(MAIN);
    const { code, stdout, stderr } = await conformance([path], { PATH: await folder({}) });
    expect({ code, stdout }).to.deep.equal({ code: 2, stdout: '' });
    expect(stderr).to.match(/mini_serv\.c cannot be tested: there is no C compiler; install gcc or clang\n$/);
  });
});
