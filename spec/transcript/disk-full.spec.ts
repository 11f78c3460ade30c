// The same with a simulated disk, and in all its variants, is in writer.spec.ts and in writer-random.ts.
import { mkdir, readFile, rename, rm, stat, symlink, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { expect } from 'chai';
import { verifyAudit } from '../../lib/transcript/verify.js';
import { account } from '../support/audit.js';
import { smallDisk } from '../support/disk.js';
import { folder } from '../support/modules.js';
import { describeWith } from '../support/tools.js';
import { eventually } from '../support/waiting.js';
import { AuditScene } from './scene.js';

const PAGE_BYTES = 4096;
const DISK_PAGES = 64;

const verify = async (bytes: Buffer) => {
  const reported: string[] = [];
  return { ...(await verifyAudit(Readable.from([bytes]), (line) => reported.push(line))), reported };
};

/** Lines of an odd length, so that the disk is full within a line. */
const lines = (count: number): string[] => Array.from({ length: count }, (_, i) => `${i} `.padEnd(307, 'x'));

/** A disk on which only so many pages are free, and the file that takes the rest. */
async function fullDisk(freePages: number): Promise<{ disk: string; ballast: string }> {
  const disk = (await smallDisk(`${DISK_PAGES * PAGE_BYTES}`)) as string;
  const ballast = join(disk, 'ballast');
  await writeFile(ballast, Buffer.alloc((DISK_PAGES - freePages) * PAGE_BYTES));
  return { disk, ballast };
}

describeWith('tmpfs', 'auditTo() on a full disk', () => {
  for (const format of ['wire', 'json'] as const) {
    it(`continues when there is space again, and nothing is missing (${format})`, async () => {
      const { disk, ballast } = await fullDisk(3);
      const scene = await AuditScene.open(join(disk, 'audit'), format);
      await scene.visit(...lines(100));
      await scene.untilWarning('audit: write failed (ENOSPC: no space left on device, write); retrying');
      const before = (await stat(scene.path)).size;
      await truncate(ballast, (DISK_PAGES - 5) * PAGE_BYTES);
      await eventually('two more pages', async () => (await stat(scene.path)).size > before);
      await rm(ballast);
      await scene.untilWarning('audit: writing again');
      await scene.close();
      const bytes = await readFile(scene.path);
      const whole = scene.wire.bytes.length;
      expect(account(format, [bytes], scene.wire.bytes)).to.deep.equal({ end: whole, missing: 0 });
      if (format === 'json') expect(await verify(bytes)).to.include({ isComplete: true });
    });
  }

  it('leaves the file as it is if the disk is still full at the end, which verify reports', async () => {
    const { disk, ballast } = await fullDisk(3);
    const scene = await AuditScene.open(join(disk, 'audit'), 'json');
    await scene.visit(...lines(100));
    await scene.untilWarning('retrying');
    const full = await readFile(scene.path);
    await scene.end();
    expect((await readFile(scene.path)).equals(full)).to.equal(true);
    const { end } = account('json', [full], scene.wire.bytes);
    const missing = scene.wire.bytes.length - end;
    expect(scene.warnings.at(-1)).to.contain(
      `audit: incomplete: the last ${missing} bytes of messages are missing`,
    );
    const { isComplete, summary, reported } = await verify(full);
    expect(isComplete).to.equal(false);
    expect(summary).to.match(/^incomplete: 1 fault in \d+ records .*, not closed/);
    expect(reported).to.have.length(1);
    expect(reported[0]).to.match(/incomplete: the audit ends after \d+ bytes of this record$/);
    // The next relay records that the line was truncated, and continues.
    await rm(ballast);
    const next = await AuditScene.open(scene.path, 'json');
    await next.visit('hello');
    await next.close();
    const after = await verify(await readFile(scene.path));
    expect(after.summary).to.match(/, closed$/);
    expect(after.reported.join('\n')).to.match(
      /truncated after \d+ bytes\n.*resumed at .*it was not closed before that/,
    );
  });

  it('moves to another disk on reopen(), and nothing is missing in the two files together', async () => {
    for (const format of ['wire', 'json'] as const) {
      const { disk } = await fullDisk(3);
      const dir = await folder({});
      await mkdir(join(dir, 'large'));
      await symlink(disk, join(dir, 'log'));
      const scene = await AuditScene.open(join(dir, 'log', 'audit'), format);
      await scene.visit(...lines(100));
      await scene.untilWarning('retrying');
      await rm(join(dir, 'log'));
      await symlink(join(dir, 'large'), join(dir, 'log'));
      await scene.audit.reopen();
      await scene.visit('hello');
      await scene.close();
      const files = [await readFile(join(disk, 'audit')), await readFile(scene.path)];
      const whole = scene.wire.bytes.length;
      expect(account(format, files, scene.wire.bytes)).to.deep.equal({ end: whole, missing: 0 });
      if (format === 'json') expect(await verify(files[1] as Buffer)).to.include({ isComplete: true });
    }
  });

  it('closes a deleted file on reopen(), so that its space is free again', async () => {
    const { disk } = await fullDisk(8);
    const scene = await AuditScene.open(join(disk, 'audit'), 'wire');
    await scene.visit(...lines(150));
    await scene.untilWarning('retrying');
    await rm(scene.path);
    await scene.audit.reopen();
    await eventually('the new file', async () => (await stat(scene.path)).size > PAGE_BYTES);
    await rename(scene.path, join(disk, 'old'));
    await scene.end();
  });
});
