// Whatever becomes of the disk, and when: each byte that was said is in an audit, or counted as missing.
import { mkdir, readFile, rename, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable, Writable } from 'node:stream';
import { expect } from 'chai';
import { type Audit, auditTo, type Format } from '../../lib/index.js';
import { verifyAudit } from '../../lib/transcript/verify.js';
import { recordsOf, toWire } from '../support/audit.js';
import { canMount, smallDisk } from '../support/disk.js';
import { Inbox } from '../support/inbox.js';
import { folder } from '../support/modules.js';
import { random } from '../support/random.js';
import { join as enter, room } from '../support/room.js';
import { eventually } from '../support/waiting.js';

const PAGE = 4096;

/** Goes through an audit beside all that was said; gives how far it comes, and how much of that is missing. */
function follow(format: Format, files: readonly Buffer[], wire: Buffer): { at: number; missing: number } {
  let at = 0;
  let missing = 0;
  const skip = (bytes: number): void => {
    at += bytes;
    missing += bytes;
  };
  const same = (bytes: Buffer): boolean => wire.subarray(at, at + bytes.length).equals(bytes);
  for (const [i, file] of files.entries()) {
    if (format === 'json') {
      for (const record of recordsOf(file)) {
        const bytes = toWire([record]);
        if (record.event === 'gap') skip(record.bytes as number);
        else if (same(bytes)) at += bytes.length;
        else throw new Error(`file ${i}, at byte ${at}: ${JSON.stringify(record).slice(0, 200)}`);
      }
      continue;
    }
    const lines = file.toString('latin1').split('\n').slice(0, -1);
    for (const [j, line] of lines.entries()) {
      const gap = /^server: (\d+) bytes are missing/.exec(line)?.[1];
      const next = lines[j + 1]?.startsWith('server: ') && /bytes are missing/.test(lines[j + 1] as string);
      if (gap !== undefined) skip(Number(gap));
      else if (same(Buffer.from(`${line}\n`, 'latin1'))) at += line.length + 1;
      // A line that a gap cuts is ended before it.
      else if (next && same(Buffer.from(line, 'latin1'))) at += line.length;
      else throw new Error(`file ${i}, line ${j}, at byte ${at}: ${line.slice(0, 200)}`);
    }
  }
  return { at, missing };
}

async function scene(seed: number, format: Format): Promise<void> {
  const next = random(seed);
  const pick = (most: number): number => Math.floor(next() * most);
  const [small, large, dir] = [(await smallDisk('512k')) as string, await folder({}), await folder({})];
  await symlink(small, join(dir, 'log'));
  await mkdir(join(dir, 'spill'));
  const relay = room({
    memoryBytes: 64 * 1024,
    segmentBytes: 8 * 1024,
    spillDir: join(dir, 'spill'),
    spillLimitBytes: 400_000,
    // As long as a busy machine needs to read the transcript, and no longer for an audit whose disk is full.
    graceMs: 1000,
  });
  const path = join(dir, 'log', 'audit');
  const warnings: string[] = [];
  relay.on('warning', ({ message }) => warnings.push(message));
  const said = new Inbox();
  relay
    .createReadStream()
    .pipe(new Writable({ write: (chunk: Buffer, _encoding, done) => done(void said.push(chunk)) }));
  const audit: Audit = await auditTo(relay, path, { format });
  const files: string[] = [];
  const ballast = join(small, 'ballast');
  await writeFile(ballast, '');
  const member = await enter(relay);
  let where = small;
  for (let step = 0; step < 40; step++) {
    const what = pick(12);
    if (what < 6) {
      const lines = Array.from({ length: pick(200) }, () =>
        'é"\xff x'.repeat(pick(next() < 0.02 ? 20_000 : 40)),
      );
      member.send(Buffer.from(`${lines.join('\n')}\n`, pick(2) === 0 ? 'utf8' : 'latin1'));
    } else if (what < 8) {
      await truncate(ballast, 0);
      // As much as there is room for.
      await writeFile(ballast, Buffer.alloc(pick(128) * PAGE)).catch(() => {});
    } else if (what === 8) {
      await truncate(ballast, 0);
    } else if (what === 9) {
      const old = join(where, `old.${files.length}`);
      await eventually('the last one to be opened', () =>
        rename(path, old).then(
          () => true,
          () => false,
        ),
      );
      files.push(old);
      if (pick(2) === 0) {
        where = where === small ? large : small;
        await rm(join(dir, 'log'));
        await symlink(where, join(dir, 'log'));
      }
      const reopened = audit.reopen();
      if (pick(2) === 0) await reopened;
    } else {
      await new Promise((resolve) => setTimeout(resolve, pick(700)));
    }
  }
  await eventually('the transcript to be read', () => relay.stats().outputLagBytes[0] === 0);
  await relay.close();
  await audit.closed;
  const contents = await Promise.all(
    [...files, path].map((file) =>
      readFile(file).catch((error) => (error.code === 'ENOENT' ? Buffer.alloc(0) : Promise.reject(error))),
    ),
  );
  const wire = said.bytes;
  const { at, missing } = follow(format, contents, wire);
  // A disk without any room at all cannot even say that.
  if (at !== wire.length) expect(contents.at(-1)?.length, `${at} of ${wire.length}`).to.be.below(600);
  if (missing > 0) expect(warnings.join('\n')).to.match(/is not whole|left out/);
  if (format !== 'json') return;
  for (const bytes of contents) {
    const told: string[] = [];
    await verifyAudit(Readable.from([bytes]), (line) => told.push(line));
    for (const line of told) expect(line).to.contain('bytes of what was said are missing');
  }
}

describe('an audit, whatever becomes of its disk', () => {
  before('needs a disk that is full soon', function () {
    if (!canMount()) this.skip();
  });

  const { SEEDS = '1,2,104' } = process.env;
  for (const seed of SEEDS.split(',').map(Number)) {
    for (const format of ['json', 'wire'] as const) {
      it(`has or counts every byte (${format}, seed ${seed})`, async () => {
        await scene(seed, format);
      });
    }
  }
});
