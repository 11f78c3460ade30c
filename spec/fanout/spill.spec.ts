import { expect } from 'chai';
import type { SpillLocation } from '../../lib/fanout/segment.js';
import { Spill, type SpillOptions } from '../../lib/fanout/spill.js';
import type { MiniServError } from '../../lib/index.js';
import type { SpillHandle } from '../../lib/util/environment.js';
import { addCleanup } from '../support/cleanup.js';
import { FakeFileSystem, systemError } from '../support/fake-environment.js';
import { eventually, waitTurns } from '../support/waiting.js';

const MIB = 1024 * 1024;
const GIB = 1024 * MIB;
const TMPFS = 0x01021994;
const bytes = (length: number): Uint8Array[] => [new Uint8Array(length)];

function setUp(options: Partial<SpillOptions> = {}) {
  const fs = new FakeFileSystem();
  const warnings: MiniServError[] = [];
  const warn = (warning: MiniServError): void => void warnings.push(warning);
  const spill = new Spill({ fs, dir: '/tmp', limitBytes: undefined, warn, ...options });
  addCleanup(() => spill.close());
  return { fs, spill, warnings };
}

/** Changes the files that are opened from now on. */
function changeFiles(fs: FakeFileSystem, change: (handle: SpillHandle) => void): void {
  const { open } = fs;
  fs.open = async (...args) => {
    const handle = await open.apply(fs, args);
    change(handle);
    return handle;
  };
}

/** Writes one record. */
async function write(spill: Spill, parts: readonly Uint8Array[]): Promise<SpillLocation> {
  const [location] = await spill.write([parts]);
  return location as SpillLocation;
}

async function rejection(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => expect.fail('the promise was not rejected'),
    ({ message }: Error) => message,
  );
}

describe('Spill', () => {
  it('writes several records at once, and reads each of them back in spite of short writes and reads', async () => {
    const { fs, spill } = setUp();
    fs.maxTransferBytes = 3;
    const records = [['one', '1'], ['two'], ['three', '3', '']];
    await write(spill, bytes(7));
    const locations = await spill.write(records.map((parts) => parts.map((part) => Buffer.from(part))));
    expect(locations.map(({ length }) => length)).to.deep.equal([4, 3, 6]);
    expect(spill.usedBytes).to.equal(20);
    for (const [i, location] of locations.entries()) {
      const record = Buffer.alloc(location.length);
      await spill.read(location, record, 0);
      expect(record.toString()).to.equal((records[i] as string[]).join(''));
    }
    for (const location of locations) spill.free(location);
    expect(fs.openFiles).to.equal(1);
  });

  it('keeps none of several records if a write fails, and fails only after all writes have ended', async () => {
    const { fs, spill } = setUp();
    const pending: (() => void)[] = [];
    changeFiles(fs, (handle) => {
      const { write } = handle;
      handle.write = async (...args) => {
        if (args[2] === 5) throw systemError('EIO');
        await new Promise<void>((resolve) => void pending.push(resolve));
        return write(...args);
      };
    });
    let hasFailed = false;
    const writing = rejection(spill.write([bytes(4), bytes(5), bytes(6)])).finally(() => {
      hasFailed = true;
    });
    await eventually('two writes in progress', () => pending.length === 2);
    pending[0]?.();
    await waitTurns();
    expect(hasFailed).to.equal(false);
    pending[1]?.();
    expect(await writing).to.match(/EIO/);
    expect([spill.usedBytes, fs.openFiles]).to.deep.equal([0, 0]);
  });

  it('fails if the file system writes nothing, and reuses the space for the next record', async () => {
    const { fs, spill } = setUp();
    let writesNothing = true;
    changeFiles(fs, (handle) => {
      const { write } = handle;
      handle.write = async (...args) => (writesNothing ? { bytesWritten: 0 } : write(...args));
    });
    expect(await rejection(write(spill, bytes(5)))).to.equal('the file system wrote nothing');
    expect(spill.usedBytes).to.equal(0);
    writesNothing = false;
    const location = await write(spill, [Buffer.from('record')]);
    const record = Buffer.alloc(6);
    await spill.read(location, record, 0);
    expect(record.toString()).to.equal('record');
  });

  it('fails if a file ends too early', async () => {
    const { fs, spill } = setUp();
    changeFiles(fs, (handle) => {
      handle.read = async () => ({ bytesRead: 0 });
    });
    const location = await write(spill, bytes(5));
    expect(await rejection(spill.read(location, new Uint8Array(5), 0))).to.equal(
      'a spill file ended too early',
    );
  });

  it('closes a file when none of its records is needed, but not the one that is being written', async () => {
    const { fs, spill } = setUp();
    const old = [];
    for (let i = 0; i < 4; i++) old.push(await write(spill, bytes(MIB)));
    const location = await write(spill, bytes(1));
    expect(fs.openFiles).to.equal(2);
    for (const record of old) spill.free(record);
    expect([fs.openFiles, spill.usedBytes]).to.deep.equal([1, 1]);
    await write(spill, bytes(1));
    expect([fs.openFiles, spill.usedBytes]).to.deep.equal([1, 2]);
    spill.free(location);
    expect([fs.openFiles, spill.usedBytes]).to.deep.equal([1, 2]);
  });

  it('starts a new file at 4 MiB, or at an eighth of what may be on disk', async () => {
    const files = async (options: Partial<SpillOptions>, record: number, count: number, total?: number) => {
      const { fs, spill } = setUp(options);
      if (total !== undefined) fs.totalBytes = total;
      for (let i = 0; i < count; i++) await write(spill, bytes(record));
      return fs.openFiles;
    };
    expect(await files({}, MIB, 4)).to.equal(1);
    expect(await files({}, MIB, 5)).to.equal(2);
    expect(await files({ limitBytes: 8000 }, 500, 2)).to.equal(1);
    expect(await files({ limitBytes: 8000 }, 500, 3)).to.equal(2);
    expect(await files({ limitBytes: 8 * GIB }, MIB, 4)).to.equal(1);
    expect(await files({}, 500, 3, 8000)).to.equal(2);
  });

  it('checks its directory when it is prepared only if the user has chosen it', async () => {
    const { fs, spill } = setUp();
    fs.access = async () => {
      throw systemError('EACCES');
    };
    await spill.prepare(false);
    expect(fs.calls).to.deep.equal([]);
    expect(await rejection(spill.prepare(true))).to.match(/EACCES/);
    fs.access = async () => {};
    await spill.prepare(true);
    expect(fs.calls).to.deep.equal(['statfs']);
  });

  it('warns once if its directory is on a tmpfs', async () => {
    const { fs, spill, warnings } = setUp();
    fs.type = TMPFS;
    await spill.prepare(true);
    await spill.prepare(true);
    expect(warnings.map(({ code, message }) => [code, message])).to.deep.equal([
      [
        'ERR_SPILL_TMPFS',
        '/tmp is on a tmpfs, so the backlog on disk takes memory: choose another spill directory',
      ],
    ]);
  });

  it('warns about a tmpfs at the first write if there is a limit, which needs no measurement', async () => {
    const { fs, spill, warnings } = setUp({ limitBytes: 1000 });
    fs.type = TMPFS;
    await write(spill, bytes(1));
    expect(warnings.map(({ code }) => code)).to.deep.equal(['ERR_SPILL_TMPFS']);
  });

  it('closes its files and removes its directory when it is closed', async () => {
    const { fs, spill } = setUp();
    await write(spill, bytes(1));
    await spill.close();
    expect([fs.openFiles, fs.directories.size]).to.deep.equal([0, 0]);
  });
});

describe('Spill: the limit', () => {
  it('is the number of bytes that was given', async () => {
    const { spill } = setUp({ limitBytes: 1000 });
    await write(spill, bytes(600));
    const location = await write(spill, bytes(400));
    expect(spill.usedBytes).to.equal(1000);
    expect(await rejection(write(spill, bytes(1)))).to.equal('the limit of 1000 bytes is reached');
    expect(location.length).to.equal(400);
  });

  it('leaves a tenth of the file system free by default', async () => {
    const { fs, spill } = setUp();
    let freeBlocks = 1001;
    fs.statfs = async () => ({ type: 0xef53, bsize: 512, blocks: 10_000, bavail: freeBlocks });
    await write(spill, bytes(512));
    freeBlocks = 1000;
    expect(await rejection(write(spill, bytes(1)))).to.equal('only 512000 bytes are free in /tmp');
  });

  it('leaves 1 GiB of a large file system free by default', async () => {
    const { fs, spill } = setUp();
    fs.statfs = async () => ({ type: 0xef53, bsize: GIB, blocks: 1000, bavail: 1 });
    expect(await rejection(write(spill, bytes(1)))).to.match(/^only 1073741824 bytes are free/);
  });
});
