import { constants } from 'node:fs';
import { expect } from 'chai';
import { SpillDirectory } from '../../lib/fanout/spill-directory.js';
import { addCleanup } from '../support/cleanup.js';
import { FakeFileSystem, systemError } from '../support/fake-environment.js';

const DEAD_PID = 999_999_999;

function setUp() {
  const fs = new FakeFileSystem();
  const directory = new SpillDirectory(fs, '/tmp');
  addCleanup(() => directory.close());
  return { fs, directory };
}

async function rejection(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => expect.fail('the promise was not rejected'),
    ({ message }: Error) => message,
  );
}

/** Returns which directories of these names are removed by a sweep. */
async function swept(names: string[], change: (fs: FakeFileSystem) => void = () => {}): Promise<string[]> {
  const { fs, directory } = setUp();
  fs.readdir = async () => names;
  for (const name of names) fs.directories.add(`/tmp/${name}`);
  change(fs);
  await directory.sweep();
  return names.filter((name) => fs.calls.includes(`rmdir /tmp/${name}`));
}

describe('SpillDirectory', () => {
  it('creates private files that are unlinked at once, in a private directory', async () => {
    const { fs, directory } = setUp();
    await directory.createFile();
    await directory.createFile();
    const path = `/tmp/mini-serv-${process.pid}-0`;
    expect(fs.calls).to.deep.equal([
      `mkdtemp /tmp/mini-serv-${process.pid}-`,
      `open ${path}/segments wx+ 600`,
      `unlink ${path}/segments`,
      `open ${path}/segments wx+ 600`,
      `unlink ${path}/segments`,
    ]);
  });

  it('checks whether files can be created in the parent directory', async () => {
    const { fs, directory } = setUp();
    const calls: unknown[][] = [];
    Object.assign(fs, { access: async (...args: unknown[]) => void calls.push(args) });
    await directory.check();
    expect(calls).to.deep.equal([['/tmp', constants.W_OK | constants.X_OK]]);
    fs.access = async () => {
      throw systemError('EACCES');
    };
    expect(await rejection(directory.check())).to.match(/EACCES/);
  });

  it('creates its directory again if another relay has removed it', async () => {
    const { fs, directory } = setUp();
    const { mkdtemp } = fs;
    fs.mkdtemp = async (prefix) => {
      const path = await mkdtemp.call(fs, prefix);
      if (path.endsWith('0')) fs.directories.delete(path);
      return path;
    };
    await directory.createFile();
    expect(fs.openFiles).to.equal(1);
    expect(fs.calls.filter((call) => call.startsWith('mkdtemp'))).to.have.length(2);
  });

  it('creates its directory again only once for a file, and not after other errors', async () => {
    const { fs, directory } = setUp();
    const opened: string[] = [];
    let code = 'ENOENT';
    fs.open = async (path) => {
      opened.push(path);
      throw systemError(code);
    };
    expect(await rejection(directory.createFile())).to.match(/ENOENT/);
    expect(opened).to.have.length(2);
    code = 'EMFILE';
    expect(await rejection(directory.createFile())).to.match(/EMFILE/);
    expect(opened).to.have.length(3);
  });

  it('tries to create its directory again for the next file if that has failed', async () => {
    const { fs, directory } = setUp();
    const { mkdtemp } = fs;
    fs.mkdtemp = async () => {
      throw systemError('ENOSPC');
    };
    expect(await rejection(directory.createFile())).to.match(/ENOSPC/);
    fs.mkdtemp = mkdtemp;
    await directory.createFile();
    expect(fs.openFiles).to.equal(1);
  });

  it('closes a file that it cannot unlink', async () => {
    const { fs, directory } = setUp();
    fs.unlink = async () => {
      throw systemError('EIO');
    };
    expect(await rejection(directory.createFile())).to.match(/EIO/);
    expect(fs.openFiles).to.equal(0);
  });

  it('removes its directory when it is closed, and creates nothing after that', async () => {
    const { fs, directory } = setUp();
    await directory.createFile();
    const [path] = fs.directories;
    await directory.close();
    expect([...fs.directories]).to.deep.equal([]);
    expect(fs.calls.at(-1)).to.equal(`rmdir ${path}`);
    expect(await rejection(directory.createFile())).to.equal('the relay is closed');
  });

  it('leaves the file system alone if it is closed before the first file', async () => {
    const { fs, directory } = setUp();
    await directory.close();
    expect(fs.calls).to.deep.equal([]);
  });
});

describe('SpillDirectory: the sweep', () => {
  it('removes the directory of a dead process, and the file in it', async () => {
    const { fs, directory } = setUp();
    const name = `mini-serv-${DEAD_PID}-abc`;
    fs.readdir = async () => [name];
    fs.directories.add(`/tmp/${name}`);
    await directory.sweep();
    expect(fs.calls).to.deep.equal([`unlink /tmp/${name}/segments`, `rmdir /tmp/${name}`]);
  });

  it('has ended before a directory is created, and before the directory is closed', async () => {
    const { fs, directory } = setUp();
    let finish = (_names: string[]): void => {};
    fs.readdir = () =>
      new Promise((resolve) => {
        finish = resolve;
      });
    const pending = [directory.sweep(), directory.createFile(), directory.close()];
    let settled = 0;
    for (const promise of pending) void promise.catch(() => {}).then(() => settled++);
    await new Promise((resolve) => setImmediate(resolve));
    expect([settled, fs.calls]).to.deep.equal([0, []]);
    finish([]);
    await Promise.allSettled(pending);
    expect(fs.calls[0]).to.equal(`mkdtemp /tmp/mini-serv-${process.pid}-`);
  });

  it('keeps the directory of a live process, of any user', async () => {
    expect(await swept([`mini-serv-${DEAD_PID}-abc`, 'mini-serv-1-abc'])).to.deep.equal([
      `mini-serv-${DEAD_PID}-abc`,
    ]);
    const { kill } = process;
    addCleanup(() => {
      process.kill = kill;
    });
    process.kill = () => {
      throw systemError('EPERM');
    };
    expect(await swept([`mini-serv-${DEAD_PID}-abc`])).to.deep.equal([]);
    process.kill = () => {
      throw systemError('ESRCH');
    };
    expect(await swept(['mini-serv-1-abc'])).to.deep.equal(['mini-serv-1-abc']);
  });

  it('removes a directory with its own process id unless this process created it', async () => {
    const { fs, directory } = setUp();
    await directory.createFile();
    const [own = ''] = [...fs.directories].map((path) => path.replace('/tmp/', ''));
    expect(own).to.match(new RegExp(`^mini-serv-${process.pid}-`));
    const other = `mini-serv-${process.pid}-other`;
    expect(await swept([own, other])).to.deep.equal([other]);
    await directory.close();
    expect(await swept([own])).to.deep.equal([own]);
  });

  it('keeps what only has a similar name', async () => {
    const names = ['mini-serv', `x-mini-serv-${DEAD_PID}-a`, 'mini-serv-a-b', `mini-serv-${DEAD_PID}`];
    expect(await swept(names)).to.deep.equal([]);
  });

  it('keeps files, and directories of other users', async () => {
    const name = `mini-serv-${DEAD_PID}-abc`;
    const stat = (isDirectory: boolean, uid: number) => (fs: FakeFileSystem) => {
      fs.lstat = async () => ({ isDirectory: () => isDirectory, uid });
    };
    const uid = process.getuid?.() ?? 0;
    expect(await swept([name], stat(true, uid))).to.deep.equal([name]);
    expect(await swept([name], stat(false, uid))).to.deep.equal([]);
    expect(await swept([name], stat(true, uid + 1))).to.deep.equal([]);
  });

  it('does not fail if a directory cannot be read or removed', async () => {
    const names = [`mini-serv-${DEAD_PID}-a`, `mini-serv-${DEAD_PID}-b`];
    const fail = async () => {
      throw systemError('EACCES');
    };
    expect(await swept(names, (fs) => void Object.assign(fs, { unlink: fail }))).to.deep.equal(names);
    expect(await swept(names, (fs) => void Object.assign(fs, { rmdir: fail }))).to.deep.equal([]);
    expect(await swept(names, (fs) => void Object.assign(fs, { readdir: fail }))).to.deep.equal([]);
  });
});
