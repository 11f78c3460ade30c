import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { SOURCES } from '../../lib/conformance/cases/source.js';
import { Failure, Skip } from '../../lib/conformance/failure.js';
import { type Compilation, compile, removePrograms, type Source } from '../../lib/conformance/source.js';
import { addCleanup } from '../support/cleanup.js';
import { MINI_SERV } from '../support/conformance.js';
import { folder } from '../support/modules.js';
import { describeWith, itWith } from '../support/tools.js';

const GOOD = 'int main(void) { return 0; }\n';
/** clang accepts the length of the array, gcc does not. */
const ONLY_CLANG = `const int length = 10;\nchar buffer[length];\n${GOOD}`;

const write = async (text: string): Promise<string> =>
  join(await folder({ 'mini_serv.c': text }), 'mini_serv.c');

/** Sets a variable of the environment until the end of the test. */
function setEnv(name: string, value: string): void {
  const before = process.env[name];
  addCleanup(() => {
    if (before === undefined) delete process.env[name];
    else process.env[name] = before;
  });
  process.env[name] = value;
}

/** Returns a folder with links to these programs only, as a value of PATH. */
async function pathWith(...programs: string[]): Promise<string> {
  const bin = await folder({});
  for (const program of programs) {
    const target = execFileSync('sh', ['-c', `command -v ${program}`], { encoding: 'utf8' }).trim();
    symlinkSync(target, join(bin, program));
  }
  return bin;
}

/** Runs a case on a source; returns what is wrong, or why it was skipped. */
async function check(name: string, source: Source): Promise<string | undefined> {
  try {
    await SOURCES.find((one) => one.name === name)?.source?.(source);
    return undefined;
  } catch (error) {
    if (error instanceof Skip) return `skipped: ${error.message}`;
    if (!(error instanceof Failure)) throw error;
    return [error.details.what, ...(error.details.output ?? [])].join('\n');
  }
}

const sourceOf = (compilations: Compilation[]): Source => ({
  path: 'mini_serv.c',
  text: GOOD,
  program: '',
  isCompiled: compilations.some(({ isOk }) => isOk),
  undefinedSymbols: [],
  compilations,
});
const accepted = { compiler: 'clang', isOk: true, messages: [], warnings: [] };
const rejected = { compiler: 'gcc', isOk: false, messages: ['mini_serv.c:1: error: no'], warnings: [] };

describe('the cases about compilers', () => {
  it('pass a source that both compilers accept without warnings', async () => {
    const source = sourceOf([{ ...accepted, compiler: 'gcc' }, accepted]);
    for (const name of ['compiles', 'both-compilers', 'warnings']) {
      expect(await check(name, source), name).to.equal(undefined);
    }
  });

  it('name the compiler whose program is tested if the other one rejects the source', async () => {
    const source = sourceOf([rejected, accepted]);
    expect(await check('compiles', source)).to.equal(undefined);
    expect(await check('both-compilers', source)).to.equal(
      'it compiles with clang, whose program is tested, but not with gcc\n$ gcc mini_serv.c\nmini_serv.c:1: error: no',
    );
    expect(await check('warnings', source)).to.equal(undefined);
  });

  it('show the messages of each compiler, and fail only one case, if no compiler accepts the source', async () => {
    const source = sourceOf([rejected, { ...rejected, compiler: 'clang' }]);
    expect(await check('compiles', source)).to.match(
      /^it does not compile\n\$ gcc .*\n.*\n\$ clang mini_serv\.c\n/,
    );
    for (const name of ['both-compilers', 'warnings']) {
      expect(await check(name, source)).to.equal('skipped: the source does not compile');
    }
  });

  it('skip the comparison if only one compiler is installed', async () => {
    expect(await check('both-compilers', sourceOf([accepted]))).to.equal('skipped: only clang is installed');
  });

  it('report warnings with the command that prints them, and not as a failure of the exam', async () => {
    const source = sourceOf([{ ...accepted, warnings: ['mini_serv.c:1: warning: careful'] }]);
    expect(await check('compiles', source)).to.equal(undefined);
    expect(await check('warnings', source)).to.equal(
      'the compiler has warnings\n$ clang -Wall -Wextra mini_serv.c\nmini_serv.c:1: warning: careful',
    );
    expect(SOURCES.find(({ name }) => name === 'warnings')?.rank).to.equal('practice');
  });
});

describeWith('cc', 'compile()', () => {
  afterEach(removePrograms);

  it('accepts a source with warnings, and keeps them', async () => {
    const source = await compile(
      await write('int main(int argc, char **argv) { int unused; return argc; }\n'),
    );
    expect(source.isCompiled).to.equal(true);
    for (const { messages, warnings } of source.compilations) {
      expect(messages).to.deep.equal([]);
      expect(warnings.join('\n')).to.match(/unused/);
    }
    expect(spawnSync(source.program).status).to.equal(1);
  });

  it('returns the messages of the compilers for a source with an error', async () => {
    const source = await compile(await write('int main(void) { return missing; }\n'));
    expect(source.isCompiled).to.equal(false);
    expect(source.undefinedSymbols).to.equal(undefined);
    expect(source.compilations[0]?.messages.join('\n')).to.match(/mini_serv\.c:1:\d+: error: .*missing/);
  });

  it('reads the source as UTF-8, also with a byte order mark', async () => {
    const code = '#define A 1 // déjà\nint main(void) { fork(); /* é */ }\n';
    const source = await compile(await write(`\ufeff#include <unistd.h>\n${code}`));
    expect(await check('allowed-functions', source)).to.contain(
      '\nline 3: int main(void) { fork(); /* é */ }',
    );
    expect(await check('no-define', await compile(await write(`\ufeff${code}`)))).to.contain(
      '\nline 1: #define A 1',
    );
  });

  it('uses cc if neither gcc nor clang is installed', async () => {
    // The compiler finds its parts by its own path, and the linker by PATH.
    setEnv('PATH', await pathWith('cc', 'ld', 'as', 'nm'));
    const source = await compile(await write(GOOD));
    expect(source.compilations.map(({ compiler, isOk }) => ({ compiler, isOk }))).to.deep.equal([
      { compiler: 'cc', isOk: true },
    ]);
  });

  it('says that the compiler failed, and not the source, if no space is left', async () => {
    const bin = await folder({
      gcc: '#!/bin/sh\n[ "$1" = --version ] || { echo "cannot write: No space left on device" >&2; exit 1; }\n',
    });
    execFileSync('chmod', ['+x', join(bin, 'gcc')]);
    setEnv('PATH', bin);
    const error = await compile(await write(GOOD)).catch((reason: Error) => reason);
    expect(error)
      .to.be.an('error')
      .with.property('message')
      .that.matches(/mini_serv\.c cannot be tested: gcc failed: No space left on device$/);
  });

  it('names the temporary directory, and the remedy, if it does not exist', async () => {
    setEnv('TMPDIR', join(tmpdir(), 'mini-serv-no-such-directory'));
    const error = await compile(join(process.cwd(), 'bench/peers/exam.c')).catch((reason: Error) => reason);
    expect(error)
      .to.be.an('error')
      .with.property('message')
      .that.matches(
        /no directory can be made in the temporary directory .*mini-serv-no-such-directory \(ENOENT\); set TMPDIR to another directory/,
      );
  });
});

describeWith('gcc and clang', 'compile(), with a source that only clang accepts', () => {
  it('tests the program of clang', async () => {
    const source = await compile(await write(ONLY_CLANG));
    addCleanup(removePrograms);
    expect(source.compilations.map(({ compiler, isOk }) => [compiler, isOk])).to.deep.equal([
      ['gcc', false],
      ['clang', true],
    ]);
    expect(source.program).to.match(/clang-mini_serv$/);
    expect(spawnSync(source.program).status).to.equal(0);
  });
});

describeWith('tmpfs', 'mini-serv conformance, with a temporary directory that is mounted noexec', () => {
  itWith('cc', 'gives the reason and the remedy, and exits with 2', async () => {
    const path = await write(GOOD);
    const mountPoint = join(await folder({}), 'noexec');
    mkdirSync(mountPoint);
    const start = await folder({});
    writeFileSync(
      join(start, 'run.sh'),
      'set -e\nmount -t tmpfs -o noexec tmpfs "$1"\nTMPDIR=$1 exec "$2" "$3" conformance "$4"\n',
    );
    const args = ['-m', 'sh', join(start, 'run.sh'), mountPoint, process.execPath, MINI_SERV, path];
    const { status, stderr } = spawnSync('unshare', args, { encoding: 'utf8' });
    expect(stderr).to.match(
      /mini_serv\.c cannot be tested: no program can be started in the temporary directory .*noexec, which is mounted noexec; set TMPDIR to another directory, for example with export TMPDIR="\$HOME"\n$/,
    );
    expect(status).to.equal(2);
  });
});
