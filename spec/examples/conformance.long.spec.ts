import { spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { MINI_SERV, ROOT } from '../support/conformance.js';
import { folder } from '../support/modules.js';
import { describeWith } from '../support/tools.js';

const EXAMPLES = join(ROOT, 'examples/conformance');
const SERVER = join(ROOT, 'bench/peers/exam.c');

/** Returns the commands of a workflow that test a server. */
function testCommands(name: string): string[] {
  const workflow = readFileSync(join(EXAMPLES, name), 'utf8');
  const blocks = [...workflow.matchAll(/^( *)run: \|\n((?:\1 .*\n)+)/gm)].map(([, , block = '']) => block);
  const lines = [...workflow.matchAll(/^ *command: (.*)$/gm)].map(([, command = '']) => command);
  return [...blocks, ...lines].filter((command) => command.includes('mini-serv conformance'));
}

/** Runs a command in a repository with this server, with `mini-serv` on the PATH. */
async function runStep(command: string, source: string) {
  const dir = await folder({
    'bin/mini-serv': `#!/bin/sh\nexec "${process.execPath}" "${MINI_SERV}" "$@"\n`,
  });
  chmodSync(join(dir, 'bin/mini-serv'), 0o755);
  writeFileSync(join(dir, 'mini_serv.c'), source);
  const summary = join(dir, 'summary');
  const env = {
    ...process.env,
    PATH: `${dir}/bin:${process.env.PATH}`,
    GITHUB_WORKSPACE: dir,
    GITHUB_STEP_SUMMARY: summary,
  };
  // GitHub runs each step with this option.
  const { status, stdout } = spawnSync('bash', ['-e', '-c', command], { cwd: dir, env, encoding: 'utf8' });
  return { status, stdout, read: (name: string) => readFileSync(join(dir, name), 'utf8') };
}

const WITH_DEFINE = `#define LIMIT 100\n${readFileSync(SERVER, 'latin1')}`;

describeWith(['cc', 'bash', 'proc'], 'examples/conformance/', () => {
  it('workflow.yml annotates the line of a mistake, and leaves a summary and two reports', async () => {
    const [command = '', ...others] = testCommands('workflow.yml');
    expect(others).to.deep.equal([]);
    const { status, stdout, read } = await runStep(command, WITH_DEFINE);
    expect(status).to.equal(1);
    expect(stdout).to.match(/^::error file=mini_serv\.c,line=1,title=no-define/m);
    expect(read('summary')).to.match(/^## ❌ /);
    expect(read('mini_serv.xml')).to.match(/<testsuites [^>]* failures="[1-9]/);
    expect(read('mini_serv.html')).to.contain('<code>no-define</code>');
  });

  it('classroom.yml gives all points to a correct server', async () => {
    const commands = testCommands('classroom.yml');
    expect(commands).to.have.length(2);
    for (const command of commands) {
      const { status, stdout } = await runStep(command, readFileSync(SERVER, 'latin1'));
      expect(status, stdout).to.equal(0);
    }
  });

  it('grade.mjs grades each folder, and writes a report into it', async () => {
    const dir = await folder({
      'good/README': '',
      '=broken, "x"/mini_serv.c': 'int main(void) { return x; }\n',
      'none/README': '',
    });
    copyFileSync(SERVER, join(dir, 'good/mini_serv.c'));
    const { status, stdout, stderr } = spawnSync(process.execPath, [join(EXAMPLES, 'grade.mjs'), dir], {
      encoding: 'utf8',
    });
    expect(stderr).to.equal('');
    expect(status).to.equal(0);
    const [head, broken, good, none, ...rest] = stdout.trimEnd().split('\n');
    expect(rest).to.deep.equal([]);
    expect(head).to.equal('submission,points,verdict');
    expect(broken).to.match(/^"'=broken, ""x""",\d,"Would most likely fail: /);
    expect(good).to.match(/^"good",100,"Would most likely pass: /);
    expect(none).to.equal('"none",0,"there is no mini_serv.c"');
    expect(existsSync(join(dir, 'good/report.html'))).to.equal(true);
    expect(existsSync(join(dir, '=broken, "x"/report.html'))).to.equal(true);
  });
});
