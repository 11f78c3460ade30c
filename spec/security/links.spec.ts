import { chownSync, existsSync } from 'node:fs';
import { lstat, mkdir, readdir, readFile, readlink, rename, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { connectAs } from '../support/client.js';
import { runCommand, startServer } from '../support/command.js';
import { folder } from '../support/modules.js';
import { HAS_PROC, spilled } from '../support/proc.js';
import { startStalledReaders } from '../support/stalled-readers.js';
import { eventually } from '../support/waiting.js';
import { joinLines, numberedLines, relayed } from '../support/wire.js';

const SECRET = 'not to be changed\n';
/** No process has this id: pid_max is at most 2^22. */
const UNUSED_PID = 999_999_999;

describe('security: a symbolic link at the path of an audit file', () => {
  for (const [what, target] of [
    ['a link to a file', 'victim'],
    ['a link to a missing file', 'absent'],
    ['a link to a directory', '.'],
    ['a link to itself', 'audit'],
  ] as const) {
    it(`is not followed at the start: ${what}`, async () => {
      const cwd = await folder({ victim: SECRET });
      const path = join(cwd, 'audit');
      await symlink(target, path);
      const { code, stderr } = await runCommand(['--audit', path, '0']);
      expect(stderr).to.equal(
        `Fatal error\nmini-serv: cannot use the audit ${path}: it is a symbolic link, which an audit does not follow; name its target instead\n`,
      );
      expect(code).to.equal(1);
      expect(await readFile(join(cwd, 'victim'), 'utf8')).to.equal(SECRET);
      expect((await readdir(cwd)).sort()).to.deep.equal(['audit', 'victim']);
    });
  }

  it('is not followed at SIGHUP: the audit continues in the old file', async () => {
    const cwd = await folder({ victim: SECRET });
    const path = join(cwd, 'audit');
    const server = await startServer({ args: ['--audit', path] });
    const a = await connectAs(server);
    await rename(path, join(cwd, 'old'));
    await symlink('victim', path);
    server.kill('SIGHUP');
    await server.stderr.until('is a symbolic link, which an audit does not follow; name its target instead');
    await a.send('for the audit\n');
    const old = () => readFile(join(cwd, 'old'), 'utf8');
    await eventually('the line', async () => (await old()).includes('for the audit'));
    expect(await readFile(join(cwd, 'victim'), 'utf8')).to.equal(SECRET);
  });
});

describe('security: foreign entries of the spill directory', () => {
  it('are neither written to nor removed, if they are links or belong to another user', async function () {
    if (!HAS_PROC) this.skip();
    const elsewhere = await folder({ segments: SECRET, victim: SECRET });
    const dir = await folder({});
    await symlink(elsewhere, join(dir, `mini-serv-${UNUSED_PID}-link`));
    await mkdir(join(dir, `mini-serv-${UNUSED_PID}-holds`));
    await symlink(join(elsewhere, 'victim'), join(dir, `mini-serv-${UNUSED_PID}-holds`, 'segments'));
    await symlink(join(elsewhere, 'victim'), join(dir, 'segments'));
    // Only root can change the owner.
    const others = process.getuid?.() === 0 ? [`mini-serv-${UNUSED_PID}-other`] : [];
    for (const name of others) {
      await mkdir(join(dir, name));
      await writeFile(join(dir, name, 'segments'), SECRET);
      chownSync(join(dir, name), 12345, 12345);
    }
    const args = ['--spill-dir', dir, '--memory', '1M'];
    const server = await startServer({ args });
    const readers = await startStalledReaders(server, 1);
    const [a, lines] = [await connectAs(server), numberedLines(16)];
    await a.send(joinLines(lines));
    await eventually('segments on disk', () => spilled(server) > 4 * 1024 * 1024);
    const made = (await readdir(dir)).filter((name) => name.startsWith(`mini-serv-${server.process.pid}-`));
    expect(made.length).to.equal(1);
    expect((await lstat(join(dir, made[0] as string))).mode & 0o777).to.equal(0o700);
    await readers.kill();
    await server.stop();
    expect(await readFile(join(elsewhere, 'segments'), 'utf8')).to.equal(SECRET);
    expect(await readFile(join(elsewhere, 'victim'), 'utf8')).to.equal(SECRET);
    expect(await readlink(join(dir, `mini-serv-${UNUSED_PID}-link`))).to.equal(elsewhere);
    expect(existsSync(join(dir, `mini-serv-${UNUSED_PID}-holds`))).to.equal(false);
    for (const name of others) expect(await readFile(join(dir, name, 'segments'), 'utf8')).to.equal(SECRET);
  });

  it('do not include the directory itself, which may be a link', async () => {
    const cwd = await folder({});
    await mkdir(join(cwd, 'real'));
    await symlink('real', join(cwd, 'link'));
    const server = await startServer({ args: ['--spill-dir', join(cwd, 'link'), '--memory', '1M'] });
    const readers = await startStalledReaders(server, 1);
    const a = await connectAs(server);
    const b = await connectAs(server, 2, a);
    const lines = numberedLines(16);
    await a.send(joinLines(lines));
    await b.inbox.untilLength(relayed(1, ...lines).length);
    expect(await readdir(join(cwd, 'real'))).to.have.length(1);
    await readers.kill();
  });
});
