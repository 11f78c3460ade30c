import { expect } from 'chai';
import type { Relay, RelayOptions } from '../../lib/index.js';
import type { Format } from '../../lib/protocol/formats.js';
import { Transcript } from '../../lib/transcript/transcript.js';
import { account, recordsOf } from '../support/audit.js';
import { fakeEnvironment } from '../support/fake-environment.js';
import { Inbox } from '../support/inbox.js';
import { ManualSink } from '../support/manual-sink.js';
import { createTestRelay, join } from '../support/room.js';
import { eventually, waitTurns, within } from '../support/waiting.js';
import { arrivedNotice, joinLines, relayed } from '../support/wire.js';

interface SceneOptions {
  readonly format?: Format;
  readonly relay?: RelayOptions;
  readonly marksEnd?: boolean;
}

/** A room on a simulated clock and disk, and its transcript on a sink that starts closed. */
class Scene {
  readonly environment = fakeEnvironment();
  readonly relay: Relay;
  readonly sink = new ManualSink(false);
  readonly transcript: Transcript;
  readonly warnings: string[] = [];
  /** Everything that is sent, from another reader. */
  readonly wire = new Inbox();

  constructor({ format = 'json', relay = {}, marksEnd = false }: SceneOptions = {}) {
    this.relay = createTestRelay({ environment: this.environment, graceMs: 10, ...relay });
    this.relay.on('warning', ({ code, message }) => {
      if (code === 'ERR_TRANSCRIPT') this.warnings.push(message);
    });
    this.relay.createReadStream().on('data', (chunk: Buffer) => this.wire.push(chunk));
    this.transcript = new Transcript({
      relay: this.relay,
      name: 'standard output',
      format,
      target: { sink: this.sink },
      marksEnd,
      clock: this.environment.clock,
    });
  }

  get clock() {
    return this.environment.clock;
  }

  /** Advances the clock until the condition holds: timers of retries and of checks for a stall become due. */
  async until(what: string, holds: () => boolean): Promise<void> {
    await eventually(what, () => {
      this.clock.advance(250);
      return holds();
    });
  }

  /** Fails the write that comes next. */
  async fail(message: string): Promise<void> {
    await eventually('a write', () => this.sink.isWriting);
    this.sink.accept(new Error(message));
  }

  async close(): Promise<void> {
    const closed = this.relay.close();
    await this.until('the end of the relay', () => this.transcriptIsClosed);
    await within(closed, 'the end of the relay');
  }

  get transcriptIsClosed(): boolean {
    void this.transcript.closed.then(() => {
      this.#isClosed = true;
    });
    return this.#isClosed;
  }
  #isClosed = false;
}

const lines = (count: number, first = 0): string[] =>
  Array.from({ length: count }, (_, i) => `${first + i} `.padEnd(200, 'x'));

/** Little memory and disk, so that a transcript that lags soon fills them. */
const SMALL: RelayOptions = { memoryBytes: 4096, segmentBytes: 256, spillLimitBytes: 16 * 1024 };

describe('Transcript', () => {
  it('writes everything up to the end of the relay, and then marks the end', async () => {
    const scene = new Scene({ marksEnd: true });
    scene.sink.open();
    const member = await join(scene.relay);
    member.send('hello\n');
    await scene.wire.until('hello\n');
    await scene.close();
    expect(recordsOf(scene.sink.text).map(({ event }) => event)).to.deep.equal(['arrived', 'line', 'closed']);
    expect(scene.warnings).to.deep.equal([]);
  });

  it('warns if the last record cannot be written', async () => {
    const scene = new Scene({ marksEnd: true });
    scene.sink.open();
    scene.sink.endError = new Error('ENOSPC');
    await join(scene.relay);
    await scene.close();
    expect(scene.warnings).to.deep.equal(['standard output: cannot write the last record (ENOSPC)']);
  });

  it('is closed at once if the relay is', async () => {
    const relay = createTestRelay();
    await relay.close();
    const target = { sink: new ManualSink() };
    await within(new Transcript({ relay, name: 'x', format: 'wire', target }).closed, 'the end');
  });

  it('warns once how much is missing if the relay ends during a write, which then fails', async () => {
    const scene = new Scene({ format: 'wire' });
    const member = await join(scene.relay);
    member.send('never written\n');
    await scene.wire.until('never written\n');
    await scene.close();
    const bytes = (arrivedNotice(0) + relayed(0, 'never written')).length;
    expect(scene.warnings).to.deep.equal([
      `standard output: incomplete: the last ${bytes} bytes of messages are missing`,
    ]);
    expect(scene.sink.state.isDestroyed).to.equal(true);
  });

  it('gives up after a failed write with one warning, and the room continues', async () => {
    const scene = new Scene();
    const [sender, receiver] = [await join(scene.relay), await join(scene.relay)];
    await scene.fail('write EPIPE');
    expect(scene.transcript.hasFailed).to.equal(true);
    sender.send('hello\n');
    await receiver.until(relayed(0, 'hello'));
    await scene.close();
    expect(scene.warnings).to.deep.equal([
      'standard output: write failed (write EPIPE); nothing more is written to it',
    ]);
  });

  it('continues in another target after a failed write, and records what is missing', async () => {
    const scene = new Scene();
    const member = await join(scene.relay);
    await scene.fail('write EPIPE');
    member.send('missing\n');
    await scene.wire.until('missing\n');
    const next = new ManualSink();
    await within(scene.transcript.moveTo({ sink: next }), 'the next target');
    member.send('written\n');
    await eventually('the next line', () => next.text.includes('written'));
    const [gap, line] = recordsOf(next.text);
    expect(gap).to.include({
      seq: 0,
      event: 'gap',
      bytes: (arrivedNotice(0) + relayed(0, 'missing')).length,
    });
    expect(line).to.include({ seq: 1, event: 'line', text: 'written' });
    await scene.close();
  });

  it('records no gap in the next target if nothing was sent meanwhile', async () => {
    const scene = new Scene();
    const next = new ManualSink();
    scene.sink.open();
    const member = await join(scene.relay);
    await eventually('the arrival', () => scene.sink.text !== '');
    scene.sink.isOpen = false;
    member.send('first\n');
    await eventually('a write', () => scene.sink.isWriting);
    scene.sink.accept();
    await scene.transcript.moveTo({ sink: next });
    member.send('second\n');
    await eventually('the next line', () => next.text.includes('second'));
    expect(recordsOf(next.text).map(({ event }) => event)).to.deep.equal(['line']);
  });

  it('warns of a line that is left out when it moves to another target', async () => {
    const scene = new Scene({ relay: { segmentBytes: 64 } });
    const member = await join(scene.relay);
    await eventually('the arrival', () => scene.sink.isWriting);
    scene.sink.accept();
    member.send(`${'x'.repeat(100_000)}\n`);
    await scene.wire.until('x\n');
    // Blocks without the end of the line are only held, so the write is that of the whole line.
    await eventually('a write', () => scene.sink.isWriting);
    scene.sink.isRetrying = true;
    const next = new ManualSink();
    await within(scene.transcript.moveTo({ sink: next }), 'the next target');
    const bytes = relayed(0, 'x'.repeat(100_000)).length;
    expect(scene.warnings).to.deep.equal([
      `standard output: incomplete: a line of ${bytes} bytes is missing, and recorded as a gap`,
    ]);
    await eventually('the record', () => next.text !== '');
    expect(recordsOf(next.text)[0]).to.include({ event: 'gap', bytes });
  });

  it('closes a target that it is given after the end', async () => {
    const scene = new Scene();
    scene.sink.open();
    await scene.close();
    const next = new ManualSink();
    await scene.transcript.moveTo({ sink: next });
    expect(next.state.isDestroyed).to.equal(true);
  });

  it('stops writing when it is destroyed', async () => {
    const scene = new Scene();
    await join(scene.relay);
    scene.transcript.destroy();
    await waitTurns();
    expect([scene.sink.state.isDestroyed, scene.sink.text]).to.deep.equal([true, '']);
  });
});

describe('Transcript that lags', () => {
  for (const format of ['wire', 'json'] as const) {
    it(`leaves messages out if it stalls while the spill limit is reached, and records the gap (${format})`, async () => {
      const scene = new Scene({ format, relay: SMALL });
      const member = await join(scene.relay);
      member.send(joinLines(lines(400)));
      await scene.until('messages to be left out', () => scene.warnings.length === 1);
      scene.sink.open();
      await eventually(
        'the record of the gap',
        () => scene.sink.text.includes('missing') || scene.sink.text.includes('"gap"'),
      );
      member.send('last\n');
      await eventually('the last line', () => scene.sink.text.includes('last'));
      await scene.wire.until('last\n');
      const { end, missing } = account(format, [Buffer.from(scene.sink.text)], scene.wire.bytes);
      expect(end).to.equal(scene.wire.bytes.length);
      expect(missing).to.be.above(0);
      expect(scene.warnings).to.deep.equal([
        'standard output: stalled while the spill limit is reached; leaving messages out until it takes data again',
      ]);
      await scene.close();
    });
  }

  it('leaves nothing out in the first five seconds of a stall', async () => {
    const scene = new Scene({ relay: SMALL });
    const member = await join(scene.relay);
    member.send(joinLines(lines(400)));
    await eventually('the spill limit to be reached', () => scene.relay.stats().waitingSenders > 0);
    for (let waitedMs = 0; waitedMs < 4750; waitedMs += 250) {
      scene.clock.advance(250);
      await waitTurns(2);
    }
    expect(scene.warnings).to.deep.equal([]);
    scene.sink.open();
    await scene.until('the last line', () => scene.sink.text.includes('"399 '));
    expect(account('json', [Buffer.from(scene.sink.text)], scene.wire.bytes).missing).to.equal(0);
  });

  it('leaves nothing out while a client lags as far behind', async () => {
    const scene = new Scene({ relay: SMALL });
    const sender = await join(scene.relay);
    const reader = await join(scene.relay);
    reader.pause();
    sender.send(joinLines(lines(600)));
    await eventually('the spill limit to be reached', () => scene.relay.stats().waitingSenders > 0);
    for (let waitedMs = 0; waitedMs < 10_000; waitedMs += 250) {
      scene.clock.advance(250);
      await waitTurns(2);
    }
    expect(scene.warnings).to.deep.equal([]);
    reader.resume();
    scene.sink.open();
    await scene.until('the last line', () => scene.sink.text.includes('"599 '));
    expect(account('json', [Buffer.from(scene.sink.text)], scene.wire.bytes).missing).to.equal(0);
  });

  it('records the gap and continues if its backlog cannot be read back from disk', async () => {
    const scene = new Scene({ relay: { segmentBytes: 256, memoryBytes: 1024 } });
    const codes: string[] = [];
    scene.relay.on('warning', ({ code }) => codes.push(code));
    const member = await join(scene.relay);
    member.send(joinLines(lines(100)));
    await scene.wire.until('client 0: 99 ');
    await eventually('a spill', () => scene.relay.stats().diskBytes > 0);
    scene.environment.fs.readErrors = Array.from({ length: 1000 }, () => new Error('EIO'));
    scene.sink.open();
    await scene.until('the failure', () => codes.includes('ERR_SPILL_READ'));
    member.send('after\n');
    await scene.wire.until('after\n');
    await eventually('the next line', () => scene.sink.text.includes('"after"}\n'));
    const records = recordsOf(scene.sink.text);
    expect(records.map(({ seq }) => seq)).to.deep.equal(records.map((_, i) => i));
    expect(records.filter(({ event }) => event === 'gap')).to.have.length(1);
    const { end } = account('json', [Buffer.from(scene.sink.text)], scene.wire.bytes);
    expect(end).to.equal(scene.wire.bytes.length);
  });

  it('records a gap at the end if its backlog cannot be read back while the relay closes', async () => {
    const scene = new Scene({ relay: { segmentBytes: 256, memoryBytes: 1024 }, marksEnd: true });
    const member = await join(scene.relay);
    member.send(joinLines(lines(100)));
    await scene.wire.until('client 0: 99 ');
    await eventually('a spill', () => scene.relay.stats().diskBytes > 0);
    scene.environment.fs.readErrors = Array.from({ length: 1000 }, () => new Error('EIO'));
    const closed = scene.relay.close(60_000);
    scene.sink.open();
    await scene.until('the end', () => scene.sink.state.isEnded);
    await within(closed, 'the end of the relay');
    const events = recordsOf(scene.sink.text).map(({ event }) => event);
    expect(events.slice(-2)).to.deep.equal(['gap', 'closed']);
    const { end } = account('json', [Buffer.from(scene.sink.text)], scene.wire.bytes);
    expect(end).to.equal(scene.wire.bytes.length);
  });
});
