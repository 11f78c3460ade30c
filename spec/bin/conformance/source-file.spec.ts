import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { conformance, MINI_SERV, reportOn } from '../../support/conformance.js';
import { folder } from '../../support/modules.js';
import { describeWith } from '../../support/tools.js';

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
