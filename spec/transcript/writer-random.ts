import { Readable } from 'node:stream';
import { expect } from 'chai';
import { FileSink } from '../../lib/sinks/file-sink.js';
import { verifyAudit } from '../../lib/transcript/verify.js';
import { TranscriptWriter } from '../../lib/transcript/writer.js';
import { account } from '../support/audit.js';
import { FakeDisk } from '../support/fake-disk.js';
import { FakeClock } from '../support/fake-environment.js';
import { random } from '../support/random.js';
import { waitTurns } from '../support/waiting.js';
import { relayedBytes } from '../support/wire.js';

const TIME = Date.UTC(2026, 0, 31, 12);
const BLOCKS = 30;

/** Writes random lines, in random blocks, to a disk that is full now and then, and moves between files meanwhile. */
async function writeRandomly(format: 'wire' | 'json', seed: number): Promise<void> {
  const next = random(seed);
  const pick = (limit: number): number => Math.floor(next() * limit);
  const lines = Array.from({ length: 60 }, () =>
    Buffer.from(
      Array.from({ length: pick(next() < 0.05 ? 5000 : 60) }, () => pick(256)).filter((b) => b !== 10),
    ),
  );
  const wire = relayedBytes(pick(20), ...lines);
  const disk = new FakeDisk();
  const clock = new FakeClock();
  const openFile = () => {
    const fd = disk.open();
    return new FileSink({ fd, ownsDescriptor: true, isRegularFile: true, clock, fs: disk });
  };
  let files = 1;
  const target = { sink: openFile() };
  const writer = new TranscriptWriter({ format, target, position: 0, marksEnd: format === 'json', clock });

  let isWriting = true;
  const disturb = async (): Promise<void> => {
    while (isWriting) {
      await waitTurns(1 + pick(4));
      if (pick(2) === 0) clock.advance(1000);
      disk.freeBytes = pick(3) === 0 ? pick(200) : Number.POSITIVE_INFINITY;
      disk.maxWriteBytes = 1 + pick(2000);
      if (pick(6) !== 0) continue;
      const sink = openFile();
      files++;
      await writer.moveTo({ sink });
    }
  };
  const disturbing = disturb();

  let at = 0;
  for (let i = 0; i < BLOCKS && at < wire.length; i++) {
    if (pick(8) === 0) {
      // The end of the log, up to which a reader skips, is always the end of a line.
      at = wire.indexOf('\n', Math.min(at + pick(500), wire.length - 1)) + 1;
      writer.queueGap({ end: at, from: TIME, to: TIME });
      if (pick(2) === 0) await write(Buffer.alloc(0));
      continue;
    }
    const bytes = wire.subarray(at, at + 1 + pick(1500));
    await write(bytes);
    at += bytes.length;
  }
  const isAborted = pick(2) === 0;
  if (isAborted) void write(wire.subarray(at));
  else {
    const rest = wire.subarray(at, wire.indexOf('\n', at) + 1);
    await write(rest);
    at += rest.length;
  }
  await waitTurns(pick(20));
  isWriting = false;
  await disturbing;
  disk.freeBytes = Number.POSITIVE_INFINITY;
  if (!isAborted) clock.advance(1000);
  const position = isAborted ? await writer.abort() : await writer.end().then(() => undefined);

  const contents = Array.from({ length: files }, (_, fd) => disk.content(fd));
  const { end } = account(format, contents, wire);
  expect(end).to.equal(position ?? at);
  if (format !== 'json') return;
  for (const content of contents) {
    await verifyAudit(Readable.from([content]), (line) => {
      expect(line, line).to.match(/bytes of messages are missing|incomplete: the audit ends after/);
    });
  }

  function write(bytes: Buffer): Promise<void> {
    const times = bytes.length === 0 ? [] : [{ at: 0, time: TIME }];
    return new Promise((resolve, reject) => {
      writer.write(bytes.length === 0 ? [] : [bytes], times, (error) => (error ? reject(error) : resolve()));
    });
  }
}

/** Declares the specs for so many seeds; MINI_SERV_SEED runs a single one. */
export function describeRandomWrites(file: string, seeds: number): void {
  describe('TranscriptWriter, with random blocks, full disks and rotations', () => {
    const { MINI_SERV_SEED: only } = process.env;
    const list = only === undefined ? Array.from({ length: seeds }, (_, seed) => seed) : [Number(only)];
    for (const format of ['wire', 'json'] as const) {
      it(`accounts for every byte (${format}, ${list.length} seeds)`, async () => {
        const attempts = list.map((seed) =>
          writeRandomly(format, seed).catch((cause: Error) => {
            const again = `run it again: MINI_SERV_SEED=${seed} npm test -- ${file}`;
            throw new Error(`seed ${seed} fails: ${cause.message}\n${again}`, { cause });
          }),
        );
        await Promise.all(attempts);
      });
    }
  });
}
