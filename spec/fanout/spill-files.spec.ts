// The spill by itself, on a file system that is made up.
import { constants } from 'node:fs';
import { expect } from 'chai';
import type { SpillLocation } from '../../lib/fanout/segment.js';
import { Spill, type SpillOptions } from '../../lib/fanout/spill.js';
import type { MiniServError } from '../../lib/index.js';
import { afterwards } from '../support/cleanup.js';
import { eventually, turns } from '../support/waiting.js';
import { FakeFileSystem, systemError } from '../support/world.js';

const MIB = 1024 * 1024;
const bytes = (length: number): Uint8Array[] => [new Uint8Array(length)];
const DEAD = 999_999_999;

function made(options: Partial<SpillOptions> = {}) {
  const fs = new FakeFileSystem();
  const warnings: MiniServError[] = [];
  const warn = (warning: MiniServError): void => void warnings.push(warning);
  const spill = new Spill({ fs, dir: '/tmp', limitBytes: undefined, warn, ...options });
  afterwards(() => spill.close());
  return { fs, spill, warnings };
}

/** Writes one record. */
async function write(spill: Spill, parts: readonly Uint8Array[]): Promise<SpillLocation> {
  const [place] = await spill.write([parts]);
  return place as SpillLocation;
}

/** What a promise is rejected with. */
async function rejection(promise: Promise<unknown>): Promise<Error> {
  return promise.then(
    () => expect.fail('it was not rejected'),
    (error: Error) => error,
  );
}

/** Which of these names in the directory are removed when a relay begins. */
async function swept(names: string[], change: (fs: FakeFileSystem) => void = () => {}): Promise<string[]> {
  const { fs, spill } = made();
  fs.readdir = async () => names;
  for (const name of names) fs.directories.add(`/tmp/${name}`);
  change(fs);
  await spill.prepare(false);
  return names.filter((name) => fs.calls.includes(`rmdir /tmp/${name}`));
}

describe('spill: what killed relays left', () => {
  it('is removed, with the file in it', async () => {
    const { fs, spill } = made();
    const name = `mini-serv-${DEAD}-abc`;
    fs.readdir = async () => [name];
    fs.directories.add(`/tmp/${name}`);
    await spill.prepare(false);
    expect(fs.calls).to.deep.equal([`unlink /tmp/${name}/segments`, `rmdir /tmp/${name}`]);
  });

  it('is known by the id of a process that is gone', async () => {
    expect(await swept([`mini-serv-${DEAD}-abc`, 'mini-serv-1-abc'])).to.deep.equal([
      `mini-serv-${DEAD}-abc`,
    ]);
    const { kill } = process;
    afterwards(() => {
      process.kill = kill;
    });
    process.kill = () => {
      throw systemError('EPERM');
    };
    expect(await swept([`mini-serv-${DEAD}-abc`])).to.deep.equal([]);
    process.kill = () => {
      throw systemError('ESRCH');
    };
    expect(await swept(['mini-serv-1-abc'])).to.deep.equal(['mini-serv-1-abc']);
  });

  it('may have our own process id, where that is given again and again', async () => {
    const { spill, fs } = made();
    await write(spill, bytes(1));
    const [ours = ''] = [...fs.directories].map((path) => path.replace('/tmp/', ''));
    expect(ours).to.match(new RegExp(`^mini-serv-${process.pid}-`));
    const another = `mini-serv-${process.pid}-another`;
    expect(await swept([ours, another])).to.deep.equal([another]);
    await spill.close();
    expect(await swept([ours])).to.deep.equal([ours]);
  });

  it('is not what only looks like it', async () => {
    const names = ['mini-serv', `x-mini-serv-${DEAD}-a`, 'mini-serv-a-b', `mini-serv-${DEAD}`];
    expect(await swept(names)).to.deep.equal([]);
  });

  it('is not what is no directory, or somebody else’s', async () => {
    const name = `mini-serv-${DEAD}-abc`;
    const stat = (isDirectory: boolean, uid: number) => (fs: FakeFileSystem) => {
      fs.lstat = async () => ({ isDirectory: () => isDirectory, uid });
    };
    const us = process.getuid?.() ?? 0;
    expect(await swept([name], stat(true, us))).to.deep.equal([name]);
    expect(await swept([name], stat(false, us))).to.deep.equal([]);
    expect(await swept([name], stat(true, us + 1))).to.deep.equal([]);
  });

  it('is no reason not to begin, if it cannot be looked at or removed', async () => {
    const names = [`mini-serv-${DEAD}-a`, `mini-serv-${DEAD}-b`];
    const failing = async () => {
      throw systemError('EACCES');
    };
    expect(await swept(names, (fs) => void Object.assign(fs, { unlink: failing }))).to.deep.equal(names);
    expect(await swept(names, (fs) => void Object.assign(fs, { rmdir: failing }))).to.deep.equal([]);
    expect(await swept(names, (fs) => void Object.assign(fs, { readdir: failing }))).to.deep.equal([]);
  });
});

describe('spill: its directory', () => {
  it('is looked at before anything depends on it, if it was chosen', async () => {
    const { fs, spill } = made();
    const modes: number[] = [];
    Object.assign(fs, {
      access: async (path: string, mode: number) => {
        expect(path).to.equal('/tmp');
        modes.push(mode);
      },
    });
    await spill.prepare(false);
    expect([modes, fs.calls]).to.deep.equal([[], []]);
    await spill.prepare(true);
    expect([modes, fs.calls]).to.deep.equal([[constants.W_OK | constants.X_OK], ['statfs']]);
    fs.access = async () => {
      throw systemError('EACCES');
    };
    expect((await rejection(spill.prepare(true))).message).to.match(/EACCES/);
  });

  it('is said once to be held in memory, where it is', async () => {
    const { fs, spill, warnings } = made();
    fs.type = 0x01021994;
    await spill.prepare(true);
    await spill.prepare(true);
    expect(warnings.map(({ code, message }) => [code, message])).to.deep.equal([
      ['ERR_SPILL_TMPFS', '/tmp is held in memory (tmpfs): lag will cost memory there'],
    ]);
  });

  it('is made anew where somebody has swept it', async () => {
    const { fs, spill } = made();
    const { mkdtemp } = fs;
    fs.mkdtemp = async (prefix) => {
      const path = await mkdtemp.call(fs, prefix);
      if (path.endsWith('0')) fs.directories.delete(path);
      return path;
    };
    await write(spill, bytes(1));
    expect(spill.usedBytes).to.equal(1);
    expect(fs.calls.filter((call) => call.startsWith('mkdtemp'))).to.have.length(2);
  });

  it('is not made again and again where that does not help', async () => {
    const { fs, spill } = made();
    const opened: string[] = [];
    let code = 'ENOENT';
    fs.open = async (path) => {
      opened.push(path);
      throw systemError(code);
    };
    expect((await rejection(write(spill, bytes(1)))).message).to.match(/ENOENT/);
    expect(opened).to.have.length(2);
    code = 'EMFILE';
    expect((await rejection(write(spill, bytes(1)))).message).to.match(/EMFILE/);
    expect(opened).to.have.length(3);
  });

  it('is tried to be made again where that has failed', async () => {
    const { fs, spill } = made();
    const { mkdtemp } = fs;
    fs.mkdtemp = async () => {
      throw systemError('ENOSPC');
    };
    expect((await rejection(write(spill, bytes(1)))).message).to.match(/ENOSPC/);
    fs.mkdtemp = mkdtemp;
    await write(spill, bytes(1));
    expect(spill.usedBytes).to.equal(1);
  });

  it('is removed at the end, and nothing is made after it', async () => {
    const { fs, spill } = made();
    await write(spill, bytes(1));
    const [path] = fs.directories;
    await spill.close();
    expect([...fs.directories]).to.deep.equal([]);
    expect(fs.calls.at(-1)).to.equal(`rmdir ${path}`);
    expect(fs.openFiles).to.equal(0);
    expect((await rejection(write(spill, bytes(1)))).message).to.equal('the relay is closed');
    const unused = made();
    await unused.spill.close();
    expect(unused.fs.calls).to.deep.equal([]);
  });
});

describe('spill: how much it holds', () => {
  it('is at most the limit', async () => {
    const { spill } = made({ limitBytes: 1000 });
    await write(spill, bytes(600));
    const place = await write(spill, bytes(400));
    expect(spill.usedBytes).to.equal(1000);
    expect((await rejection(write(spill, bytes(1)))).message).to.equal('the limit of 1000 bytes is reached');
    expect(place.length).to.equal(400);
  });

  it('leaves a tenth of the file system free, in blocks of any size, or a gibibyte', async () => {
    const { fs, spill } = made();
    let left = 1000;
    fs.statfs = async () => ({ type: 0xef53, bsize: 512, blocks: 10_000, bavail: left });
    left = 1001;
    await write(spill, bytes(512));
    left = 1000;
    const { message } = await rejection(write(spill, bytes(1)));
    expect(message).to.equal('only 512000 bytes are free in /tmp');
    const large = made();
    const GIB = 1024 * MIB;
    large.fs.statfs = async () => ({ type: 0xef53, bsize: GIB, blocks: 1000, bavail: 1 });
    expect((await rejection(write(large.spill, bytes(1)))).message).to.match(
      /^only 1073741824 bytes are free/,
    );
  });

  it('lies in files of 4 MiB, or of an eighth of what there may be', async () => {
    const files = async (options: Partial<SpillOptions>, record: number, count: number, total?: number) => {
      const { fs, spill } = made(options);
      if (total !== undefined) fs.total = total;
      for (let i = 0; i < count; i++) await write(spill, bytes(record));
      return fs.openFiles;
    };
    expect(await files({}, MIB, 4)).to.equal(1);
    expect(await files({}, MIB, 5)).to.equal(2);
    expect(await files({ limitBytes: 8000 }, 500, 2)).to.equal(1);
    expect(await files({ limitBytes: 8000 }, 500, 3)).to.equal(2);
    expect(await files({ limitBytes: 8 * 1024 * MIB }, MIB, 4)).to.equal(1);
    expect(await files({}, 500, 3, 8000)).to.equal(2);
  });
});

describe('spill: a file of which nobody needs anything', () => {
  it('is closed, and the one that is being written stays', async () => {
    const { fs, spill } = made();
    const old = [];
    for (let i = 0; i < 4; i++) old.push(await write(spill, bytes(MIB)));
    const place = await write(spill, bytes(1));
    expect(fs.openFiles).to.equal(2);
    for (const record of old) spill.free(record);
    expect([fs.openFiles, spill.usedBytes]).to.deep.equal([1, 1]);
    await write(spill, bytes(1));
    expect([fs.openFiles, spill.usedBytes]).to.deep.equal([1, 2]);
    spill.free(place);
    expect([fs.openFiles, spill.usedBytes]).to.deep.equal([1, 2]);
  });
});

describe('spill: a file system that does not do what it should', () => {
  it('is told of where it writes nothing, and the next record has its place', async () => {
    const { fs, spill } = made();
    const { open } = fs;
    let stubborn = true;
    fs.open = async (...args) => {
      const handle = await open.apply(fs, args);
      const { write } = handle;
      handle.write = async (...what) => (stubborn ? { bytesWritten: 0 } : write(...what));
      return handle;
    };
    expect((await rejection(write(spill, bytes(5)))).message).to.equal('nothing could be written');
    expect(spill.usedBytes).to.equal(0);
    stubborn = false;
    const place = await write(spill, [Buffer.from('record')]);
    const back = Buffer.alloc(6);
    await spill.read(place, back, 0);
    expect(back.toString()).to.equal('record');
  });

  it('writes several records at once, each with a place of its own', async () => {
    const { fs, spill } = made();
    fs.atOnce = 3;
    const records = [['one', '1'], ['two'], ['three', '3', '']];
    await write(spill, bytes(7));
    const places = await spill.write(records.map((parts) => parts.map((part) => Buffer.from(part))));
    expect(places.map(({ length }) => length)).to.deep.equal([4, 3, 6]);
    expect(spill.usedBytes).to.equal(20);
    for (const [i, place] of places.entries()) {
      const back = Buffer.alloc(place.length);
      await spill.read(place, back, 0);
      expect(back.toString()).to.equal((records[i] as string[]).join(''));
    }
    for (const place of places) spill.free(place);
    expect(fs.openFiles).to.equal(1);
  });

  it('has none of several records where one of them cannot be written, when all of it has come to an end', async () => {
    const { fs, spill } = made();
    const pending: (() => void)[] = [];
    const { open } = fs;
    fs.open = async (...args) => {
      const handle = await open.apply(fs, args);
      const { write } = handle;
      handle.write = async (...what) => {
        if (what[2] === 5) throw systemError('EIO');
        await new Promise<void>((resolve) => void pending.push(resolve));
        return write(...what);
      };
      return handle;
    };
    let failed = false;
    const writing = rejection(spill.write([bytes(4), bytes(5), bytes(6)])).finally(() => {
      failed = true;
    });
    await eventually('two writes under way', () => pending.length === 2);
    pending[0]?.();
    await turns();
    expect(failed).to.equal(false);
    pending[1]?.();
    expect((await writing).message).to.match(/EIO/);
    expect([spill.usedBytes, fs.openFiles]).to.deep.equal([0, 0]);
  });

  it('is told of where a file ends early', async () => {
    const { fs, spill } = made();
    const { open } = fs;
    fs.open = async (...args) => {
      const handle = await open.apply(fs, args);
      handle.read = async () => ({ bytesRead: 0 });
      return handle;
    };
    const place = await write(spill, bytes(5));
    const error = await rejection(spill.read(place, new Uint8Array(5), 0));
    expect(error.message).to.equal('a spilled segment ended early');
  });

  it('keeps no file that it cannot unlink', async () => {
    const { fs, spill } = made();
    fs.unlink = async () => {
      throw systemError('EIO');
    };
    expect((await rejection(write(spill, bytes(5)))).message).to.match(/EIO/);
    expect(fs.openFiles).to.equal(0);
  });
});
