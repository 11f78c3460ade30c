import { expect } from 'chai';
import type { Format } from '../../lib/protocol/formats.js';
import { FileSink } from '../../lib/sinks/file-sink.js';
import type { Sink } from '../../lib/sinks/sink.js';
import type { Target } from '../../lib/transcript/targets.js';
import { TranscriptWriter } from '../../lib/transcript/writer.js';
import { recordsOf, toWire } from '../support/audit.js';
import { FakeDisk } from '../support/fake-disk.js';
import { FakeClock } from '../support/fake-environment.js';
import { waitTurns, within } from '../support/waiting.js';
import { relayed } from '../support/wire.js';

const TIME = Date.UTC(2026, 0, 31, 12);
const ISO = new Date(TIME).toISOString();

class Scene {
  readonly disk = new FakeDisk();
  readonly clock = new FakeClock();
  readonly writer: TranscriptWriter;

  constructor(format: Format, { target, marksEnd = false }: { target?: Target; marksEnd?: boolean } = {}) {
    const first = target ?? { sink: this.file() };
    this.writer = new TranscriptWriter({ format, target: first, position: 0, marksEnd, clock: this.clock });
  }

  /** A new file on the disk; they are numbered from 0. */
  file(): Sink {
    return new FileSink({
      fd: this.disk.open(),
      ownsDescriptor: true,
      isRegularFile: true,
      clock: this.clock,
      fs: this.disk,
    });
  }

  text(file = 0): string {
    return this.disk.content(file).toString();
  }

  start(text: string, time = TIME): Promise<void> {
    return new Promise((resolve, reject) => {
      const times = text === '' ? [] : [{ at: 0, time }];
      const bytes = text === '' ? [] : [Buffer.from(text)];
      this.writer.write(bytes, times, (error) => (error ? reject(error) : resolve()));
    });
  }

  async write(...texts: string[]): Promise<void> {
    for (const text of texts) await within(this.start(text), 'a write');
  }

  /** Starts to write to the first file, which takes only so many bytes, and waits for the first retry. */
  async stall(text: string, bytes: number): Promise<{ written: Promise<void> }> {
    this.disk.limits.set(0, bytes);
    const written = this.start(text);
    await waitTurns();
    return { written };
  }

  /** Ends the limit, and has the write retried. */
  recover(): void {
    this.disk.limits.clear();
    this.clock.advance(1000);
  }
}

const LINES = relayed(0, 'first', 'second', 'third');
const [FIRST = '', SECOND = '', THIRD = ''] = LINES.split(/(?<=\n)/);

describe('TranscriptWriter on a full disk', () => {
  for (const format of ['wire', 'text', 'json'] as const) {
    it(`continues within a line when there is space again (${format})`, async () => {
      const whole = new Scene(format);
      await whole.write(LINES, THIRD);
      const scene = new Scene(format);
      const { written } = await scene.stall(LINES, whole.text().indexOf('second') + 3);
      scene.recover();
      await written;
      await scene.write(THIRD);
      expect(scene.text()).to.equal(whole.text());
    });

    it(`leaves the file as it is at the end, and knows the first incomplete line (${format})`, async () => {
      const whole = new Scene(format);
      await whole.write(LINES);
      const scene = new Scene(format);
      const size = whole.text().indexOf('second') + 3;
      await scene.stall(LINES, size);
      expect(await within(scene.writer.abort(), 'the end')).to.equal(FIRST.length);
      expect(scene.text()).to.equal(whole.text().slice(0, size));
    });

    it(`moves the incomplete lines to the next file, and leaves the old one as it is (${format})`, async () => {
      const whole = new Scene(format);
      await whole.write(LINES);
      const scene = new Scene(format, { marksEnd: true });
      const size = whole.text().indexOf('second') + 3;
      const { written } = await scene.stall(LINES, size);
      const moved = scene.writer.moveTo({ sink: scene.file() });
      expect(await within(moved, 'the next file')).to.equal(0);
      await within(written, 'a write');
      expect(scene.text(0)).to.equal(whole.text().slice(0, size));
      const rest = whole.text().slice(whole.text().indexOf('\n') + 1);
      const expected =
        format === 'json' ? rest.replace('"seq":1', '"seq":0').replace('"seq":2', '"seq":1') : rest;
      expect(scene.text(1)).to.equal(expected);
    });
  }

  it('records a line as missing if it started in an earlier block, when it moves to another file', async () => {
    for (const format of ['wire', 'json'] as const) {
      const scene = new Scene(format);
      await scene.write(`${FIRST}client 0: sec`);
      const { written } = await scene.stall(`ond\n${THIRD}`, 2);
      const moved = scene.writer.moveTo({ sink: scene.file() });
      expect(await within(moved, 'the next file')).to.equal(SECOND.length);
      await within(written, 'a write');
      const [gap, third] = scene.text(1).split('\n');
      if (format === 'wire') {
        expect(gap).to.equal(`server: ${SECOND.length} bytes are missing here, said from ${ISO} to ${ISO}`);
        expect(`${third}\n`).to.equal(THIRD);
      } else {
        const records = recordsOf(scene.text(1));
        expect(records[0]).to.include({ seq: 0, event: 'gap', bytes: SECOND.length, from: ISO, to: ISO });
        expect(records[1]).to.include({ seq: 1, event: 'line', text: 'third' });
      }
    }
  });

  it('stays with a file that has a part of a line until the line ends', async () => {
    const scene = new Scene('wire');
    await scene.write('client 0: a very ');
    const { written } = await scene.stall('long ', 2);
    expect(await within(scene.writer.moveTo({ sink: scene.file() }), 'an answer')).to.equal(0);
    scene.recover();
    await written;
    await scene.write(`line\n${FIRST}`);
    expect([scene.text(0), scene.text(1)]).to.deep.equal(['client 0: a very long line\n', FIRST]);
  });

  it('records a gap in the next file if the old one has no space for the record', async () => {
    const scene = new Scene('json');
    await scene.write(FIRST, 'client 0: sec');
    const end = LINES.length + 100;
    scene.writer.queueGap({ end, from: TIME, to: TIME + 1 });
    const { written } = await scene.stall('', 5);
    const moved = scene.writer.moveTo({ sink: scene.file() });
    expect(await within(moved, 'the next file')).to.equal(0);
    await within(written, 'a write');
    expect(recordsOf(scene.text(1))).to.have.length(1);
    expect(recordsOf(scene.text(1))[0]).to.include({ event: 'gap', bytes: end - FIRST.length, seq: 0 });
    expect(await scene.writer.abort()).to.equal(end);
  });

  it('records a gap once if the write of the record succeeds while the file is left', async () => {
    const scene = new Scene('wire');
    scene.writer.queueGap({ end: 50, from: TIME, to: TIME });
    const { written } = await scene.stall('', 0);
    let open = (): void => {};
    scene.disk.gate = new Promise((resolve) => {
      open = resolve;
    });
    scene.recover();
    // The retry is with the system, which answers when the file has been left.
    const moved = scene.writer.moveTo({ sink: scene.file() });
    open();
    await within(moved, 'the next file');
    await within(written, 'a write');
    expect(scene.text(0)).to.match(/^server: 50 bytes are missing here/);
    expect(scene.text(1)).to.equal('');
    expect(await scene.writer.abort()).to.equal(50);
  });

  it('does not move if it is aborted meanwhile', async () => {
    const scene = new Scene('wire');
    await scene.stall(LINES, 5);
    const next = scene.file();
    const moved = scene.writer.moveTo({ sink: next });
    const position = await within(scene.writer.abort(), 'the end');
    expect([position, await within(moved, 'an answer')]).to.deep.equal([0, 0]);
    scene.recover();
    await waitTurns();
    expect([scene.text(0), scene.text(1)]).to.deep.equal([LINES.slice(0, 5), '']);
    expect(scene.disk.closed).to.have.members([0, 1]);
  });
});

describe('TranscriptWriter', () => {
  it('moves to another target at once if no block is being written', async () => {
    const scene = new Scene('json', { marksEnd: true });
    await scene.write(FIRST);
    await within(scene.writer.moveTo({ sink: scene.file() }), 'the next file');
    expect(recordsOf(scene.text(0)).map(({ event }) => event)).to.deep.equal(['line', 'closed']);
    await scene.write(SECOND);
    await within(scene.writer.end(), 'the end');
    expect(recordsOf(scene.text(1)).map(({ seq, event }) => `${seq} ${event}`)).to.deep.equal([
      '0 line',
      '1 closed',
    ]);
  });

  it('does not divide a line between two targets', async () => {
    for (const format of ['wire', 'json'] as const) {
      const scene = new Scene(format);
      await scene.write(`${FIRST}client 0: sec`);
      await scene.writer.moveTo({ sink: scene.file() });
      await scene.write(`ond\n${THIRD}`);
      const texts = [scene.text(0), scene.text(1)];
      const wire = format === 'wire' ? texts : texts.map((text) => toWire(recordsOf(text)).toString());
      // A line of which nothing is written yet goes to the next target.
      expect(wire).to.deep.equal(format === 'wire' ? [FIRST + SECOND, THIRD] : [FIRST, SECOND + THIRD]);
    }
  });

  it('moves to another target when the block in flight is written', async () => {
    const scene = new Scene('wire');
    const written = scene.start(LINES);
    await scene.writer.moveTo({ sink: scene.file() });
    await within(written, 'a write');
    await scene.write(FIRST);
    expect([scene.text(0), scene.text(1)]).to.deep.equal([LINES, FIRST]);
  });

  it('closes a next target that is replaced before it is used, or not used at all', async () => {
    const scene = new Scene('wire');
    await scene.write('client 0: sec');
    for (let i = 0; i < 3; i++) await scene.writer.moveTo({ sink: scene.file() });
    await within(scene.writer.end(), 'the end');
    expect(scene.disk.closed).to.have.members([0, 1, 2, 3]);
    expect(scene.text(0)).to.equal('client 0: sec');
  });

  it('records what the target needs before the first message, and ends its last line', async () => {
    const scene = new Scene('json', {
      target: { sink: { ...new Scene('json').file() } as Sink, seq: 5 },
    });
    await scene.writer.moveTo({
      sink: scene.file(),
      midLine: true,
      seq: 7,
      notes: [{ event: 'truncated', bytes: 3 }, { event: 'resumed' }],
    });
    await scene.write(FIRST);
    expect(scene.text(0).startsWith('\n')).to.equal(true);
    expect(recordsOf(scene.text(0).slice(1)).map(({ seq, event }) => `${seq} ${event}`)).to.deep.equal([
      '7 truncated',
      '8 resumed',
      '9 line',
    ]);
  });

  it('keeps a line of which only a part has come when it moves to a file that has records', async () => {
    const scene = new Scene('json');
    await scene.write(`${FIRST}client 0: sec`);
    await scene.writer.moveTo({ sink: scene.file(), seq: 3, notes: [{ event: 'resumed' }] });
    await scene.write('ond\n');
    expect(recordsOf(scene.text(1)).map(({ event, text }) => `${event} ${text ?? ''}`)).to.deep.equal([
      'resumed ',
      'line second',
    ]);
  });

  it('ends a line that a gap cuts, counts it as missing, and makes one gap of two that follow one another', async () => {
    const scene = new Scene('wire');
    await scene.write(`${FIRST}client 0: sec`);
    const position = FIRST.length;
    scene.writer.queueGap({ end: position + 10, from: TIME, to: TIME + 1 });
    scene.writer.queueGap({ end: position + 30, from: TIME + 2, to: TIME + 3 });
    await scene.write(THIRD);
    const to = new Date(TIME + 3).toISOString();
    expect(scene.text()).to.equal(
      `${FIRST}client 0: sec\nserver: 30 bytes are missing here, said from ${ISO} to ${to}\n${THIRD}`,
    );
  });

  it('records a queued gap at the end, and rejects if it cannot', async () => {
    const scene = new Scene('json', { marksEnd: true });
    scene.writer.queueGap({ end: 10, from: TIME, to: TIME });
    await within(scene.writer.end(), 'the end');
    expect(recordsOf(scene.text()).map(({ event }) => event)).to.deep.equal(['gap', 'closed']);
    const full = new Scene('json', { marksEnd: true });
    await full.write(FIRST);
    full.disk.freeBytes = 0;
    expect(await full.writer.end().catch(({ code }) => code)).to.equal('ENOSPC');
  });

  it('writes nothing to a target if there are no messages', async () => {
    const scene = new Scene('json', { marksEnd: true });
    await within(scene.writer.end(), 'the end');
    expect([scene.text(), scene.disk.closed]).to.deep.equal(['', [0]]);
  });

  it('passes on the error of a sink, and ignores the error of a write that it aborted', async () => {
    let fail = (_error: Error): void => {};
    const sink: Sink = {
      isRetrying: false,
      write: (_chunks, done) => {
        fail = done;
      },
      end: async () => {},
      destroy: async () => {
        fail(new Error('write ECANCELED'));
        return 0;
      },
    };
    const failed = new Scene('wire', { target: { sink } });
    const written = failed.start(LINES);
    fail(new Error('EPIPE'));
    expect(await written.catch(({ message }: Error) => message)).to.equal('EPIPE');
    const aborted = new Scene('wire', { target: { sink } });
    let isAnswered = false;
    void aborted.start(LINES).finally(() => {
      isAnswered = true;
    });
    expect(await aborted.writer.abort()).to.equal(0);
    await waitTurns();
    expect(isAnswered).to.equal(false);
  });
});
