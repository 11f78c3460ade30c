// A whole relay on a real small disk: what happens to the disk, and when, is random.
import { mkdir, readFile, rename, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { expect } from 'chai';
import { verifyAudit } from '../../lib/transcript/verify.js';
import { account } from '../support/audit.js';
import { smallDisk } from '../support/disk.js';
import { folder } from '../support/modules.js';
import { random } from '../support/random.js';
import { join as joinRoom } from '../support/room.js';
import { describeWith } from '../support/tools.js';
import { eventually } from '../support/waiting.js';
import { AuditScene } from './scene.js';

const PAGE_BYTES = 4096;
const STEPS = 40;

async function useDiskRandomly(seed: number, format: 'wire' | 'json'): Promise<void> {
  const next = random(seed);
  const pick = (limit: number): number => Math.floor(next() * limit);
  const [small, large, dir] = [(await smallDisk('512k')) as string, await folder({}), await folder({})];
  await symlink(small, join(dir, 'log'));
  await mkdir(join(dir, 'spill'));
  const scene = await AuditScene.open(join(dir, 'log', 'audit'), format, {
    memoryBytes: 64 * 1024,
    segmentBytes: 8 * 1024,
    spillDir: join(dir, 'spill'),
    spillLimitBytes: 400_000,
  });
  const old: string[] = [];
  const ballast = join(small, 'ballast');
  await writeFile(ballast, '');
  const member = await joinRoom(scene.relay);
  let where = small;
  for (let step = 0; step < STEPS; step++) {
    const what = pick(12);
    if (what < 6) {
      const lines = Array.from({ length: pick(200) }, () =>
        'é"\xff x'.repeat(pick(next() < 0.02 ? 20_000 : 40)),
      );
      member.send(Buffer.from(`${lines.join('\n')}\n`, pick(2) === 0 ? 'utf8' : 'latin1'));
    } else if (what < 8) {
      await truncate(ballast, 0);
      // As much as fits.
      await writeFile(ballast, Buffer.alloc(pick(128) * PAGE_BYTES)).catch(() => {});
    } else if (what === 8) {
      await truncate(ballast, 0);
    } else if (what === 9) {
      const path = join(where, `old.${old.length}`);
      await eventually('the last file to be opened', () =>
        rename(scene.path, path).then(
          () => true,
          () => false,
        ),
      );
      old.push(path);
      if (pick(2) === 0) {
        where = where === small ? large : small;
        await rm(join(dir, 'log'));
        await symlink(where, join(dir, 'log'));
      }
      const reopened = scene.audit.reopen();
      if (pick(2) === 0) await reopened;
    } else {
      await new Promise((resolve) => setTimeout(resolve, pick(700)));
    }
  }
  await eventually('the room to be read', () => scene.relay.stats().outputLagBytes[1] === 0);
  await scene.end();
  const files = await Promise.all(
    [...old, scene.path].map((path) => readFile(path).catch(() => Buffer.alloc(0))),
  );
  const { end, missing } = account(format, files, scene.wire.bytes);
  const warnings = scene.warnings.join('\n');
  const atEnd = Number(/the last (\d+) bytes of messages are missing/.exec(warnings)?.[1] ?? 0);
  expect(end + atEnd).to.equal(scene.wire.bytes.length);
  if (missing > 0) expect(warnings).to.match(/leaving messages out|a line of/);
  if (format !== 'json') return;
  for (const bytes of files) {
    await verifyAudit(Readable.from([bytes]), (line) => {
      expect(line, line).to.match(/bytes of messages are missing|incomplete: the audit ends after/);
    });
  }
}

describeWith('tmpfs', 'auditTo() on a disk that is full now and then', () => {
  const { MINI_SERV_SEED: only } = process.env;
  for (const seed of only === undefined ? [1, 2, 104] : [Number(only)]) {
    for (const format of ['json', 'wire'] as const) {
      it(`accounts for every byte (${format}, seed ${seed})`, () => useDiskRandomly(seed, format));
    }
  }
});
