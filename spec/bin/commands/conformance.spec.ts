import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { helpText } from '../../../bin/help.js';
import { CASES } from '../../../lib/conformance/cases/index.js';
import { addCleanup } from '../../support/cleanup.js';
import { conformance, MINI_SERV, RELAY, ROOT, reportOn, script } from '../../support/conformance.js';
import { textOf } from '../../support/files.js';
import { folder } from '../../support/modules.js';
import { isAlive } from '../../support/proc.js';
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
    await eventually('the server', () => textOf(pidFile) !== '');
    const exited = once(kit, 'exit');
    kit.kill('SIGINT');
    expect(await exited).to.deep.equal([130, null]);
    await eventually('the results so far', () => /^Interrupted after 0 of 1 case/m.test(report));
    const pid = Number(readFileSync(pidFile, 'utf8'));
    await eventually('the end of the server', () => !isAlive(pid));
  });
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
