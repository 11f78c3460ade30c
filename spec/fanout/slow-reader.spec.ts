import { setImmediate as turn } from 'node:timers/promises';
import { expect } from 'chai';
import type { MiniServError, Relay, RelayOptions } from '../../lib/index.js';
import { type FakeEnvironment, narrowPair, systemError } from '../support/fake-environment.js';
import { random } from '../support/random.js';
import { createSmallRelay, join, type Member } from '../support/room.js';
import { eventually } from '../support/waiting.js';
import { leftNotice, relayed } from '../support/wire.js';

const TMPFS = 0x01021994;

/** A room with four segments of 256 bytes in memory, and a fake disk. */
function smallRoom(options: RelayOptions = {}): {
  relay: Relay;
  environment: FakeEnvironment;
  warnings: string[];
} {
  const { relay, environment } = createSmallRelay(options);
  const warnings: string[] = [];
  relay.on('warning', ({ code }: MiniServError) => warnings.push(code));
  return { relay, environment, warnings };
}

/** Adds a client that sends, one that reads, and one that does not read. */
async function withSlowReader(relay: Relay): Promise<[Member, Member, Member]> {
  const [sender, listener] = [await join(relay), await join(relay)];
  const slowReader = await join(relay, narrowPair());
  await sender.until('client 2 just arrived');
  slowReader.pause();
  return [sender, listener, slowReader];
}

const lines = (count: number): string[] => Array.from({ length: count }, (_, i) => `${i} `.padEnd(50, 'xyz'));
const packet = (texts: string[]): string => texts.map((text) => `${text}\n`).join('');

describe('the backlog of a slow reader', () => {
  it('stays in memory below the budget', async () => {
    const { relay, environment } = smallRoom({ memoryBytes: 64 * 1024 });
    const [sender, listener, slowReader] = await withSlowReader(relay);
    sender.send(packet(lines(400)));
    await listener.until(relayed(0, lines(400)[399] as string));
    expect(relay.stats().lagBytes.get(slowReader.id)).to.be.greaterThan(20_000);
    expect(environment.fs.calls).to.deep.equal([]);
  });

  it('goes to disk above the budget, into an unlinked file in a private directory', async () => {
    const { relay, environment } = smallRoom();
    const [sender] = await withSlowReader(relay);
    sender.send(packet(lines(100)));
    await eventually('segments on disk', () => relay.stats().diskBytes > 1024);
    const [mkdtemp, open, unlink] = environment.fs.calls.filter((call) => call !== 'statfs');
    expect(mkdtemp).to.match(new RegExp(`^mkdtemp /spill/mini-serv-${process.pid}-$`));
    expect(open).to.match(/^open \/spill\/mini-serv-\d+-0\/segments wx\+ 600$/);
    expect(unlink).to.match(/^unlink \/spill\/mini-serv-\d+-0\/segments$/);
  });

  it('is delivered completely, in order, and without the reader’s own lines', async () => {
    const { relay } = smallRoom();
    const members = await withSlowReader(relay);
    const slowReader = members[2];
    const next = random(1);
    const expected: string[] = [];
    for (let i = 0; i < 2000; i++) {
      const sender = members[Math.floor(next() * 3)] as Member;
      const text = `${i} `.padEnd(Math.floor(next() * 400), 'q');
      sender.send(`${text}\n`);
      if (sender !== slowReader) expected.push(relayed(sender.id, text));
      // The order of lines from different clients is known only if each is relayed before the next is sent.
      await turn();
      await turn();
    }
    await eventually('the backlog on disk', () => relay.stats().diskBytes > 50_000);
    slowReader.resume();
    await slowReader.receives(expected.join(''));
    await eventually('the disk space to be freed', () => relay.stats().diskBytes === 0);
  });

  it('is freed when the reader leaves', async () => {
    const { relay, environment } = smallRoom();
    const [sender, listener, slowReader] = await withSlowReader(relay);
    sender.send(packet(lines(200)));
    await listener.until(relayed(0, lines(200)[199] as string));
    await eventually('segments on disk', () => relay.stats().diskBytes > 5000);
    slowReader.far.destroy();
    await listener.until(leftNotice(slowReader.id));
    await eventually('the files to be closed', () => environment.fs.openFiles === 0);
    expect(relay.stats()).to.include({ diskBytes: 0 });
    expect(relay.stats().memoryBytes).to.be.at.most(256 + 512);
  });

  it('does not grow after the client has said goodbye', async () => {
    const { relay, environment } = smallRoom();
    // The spill files have 1,000 bytes.
    environment.fs.totalBytes = 8000;
    const [sender, listener, slowReader] = await withSlowReader(relay);
    sender.send(packet(lines(50)));
    await listener.until(relayed(0, lines(50)[49] as string));
    slowReader.end();
    await listener.until(leftNotice(slowReader.id));
    const { diskBytes } = relay.stats();
    sender.send(packet(lines(1000)));
    sender.send('last\n');
    await listener.until(relayed(0, 'last'));
    await turn();
    expect(relay.stats().diskBytes).to.be.at.most(diskBytes + 4096);
    slowReader.resume();
    await slowReader.receives(relayed(0, ...lines(50)));
    await slowReader.ended;
  });

  it('goes into a new directory if another relay has removed the first', async () => {
    const { relay, environment } = smallRoom({ memoryBytes: 0, spillLimitBytes: 80_000 });
    const [sender, listener, slowReader] = await withSlowReader(relay);
    sender.send(packet(lines(20)));
    await eventually('segments on disk', () => relay.stats().diskBytes > 0);
    slowReader.resume();
    await slowReader.until(relayed(0, lines(20)[19] as string));
    slowReader.pause();
    environment.fs.directories.clear();
    sender.send(packet(lines(200)));
    sender.send('last\n');
    await listener.until(relayed(0, 'last'));
    await eventually('segments on disk again', () => relay.stats().diskBytes > 0);
    expect(environment.fs.directories.size).to.equal(1);
    slowReader.resume();
    await slowReader.until(relayed(0, 'last'));
  });

  it('uses at most as many files as the limit of descriptors allows', async () => {
    const { relay, environment } = smallRoom({ maxClients: 10 });
    environment.fs.totalBytes = 8e6;
    await relay.listen(0);
    const [sender] = await withSlowReader(relay);
    // The spill files have 1 MB.
    sender.send(packet(lines(60_000)));
    await eventually('segments on disk', () => relay.stats().diskBytes > 3e6);
    expect(environment.fs.openFiles).to.be.at.most(8);
  });

  it('causes a warning on a tmpfs, once', async () => {
    const { relay, environment, warnings } = smallRoom();
    environment.fs.type = TMPFS;
    const [sender, listener] = await withSlowReader(relay);
    sender.send(packet(lines(400)));
    await listener.until(relayed(0, lines(400)[399] as string));
    await eventually('segments on disk', () => relay.stats().diskBytes > 5000);
    expect(warnings).to.deep.equal(['ERR_SPILL_TMPFS']);
  });
});

describe('close() with a backlog on disk', () => {
  it('gives the backlog up after the grace period, and leaves no file, directory or timer', async () => {
    const { relay, environment } = smallRoom();
    const [sender] = await withSlowReader(relay);
    sender.send(packet(lines(200)));
    await eventually('segments on disk', () => relay.stats().diskBytes > 5000);
    const closed = relay.close(100);
    await eventually('the timer of the grace period', () => environment.clock.pending > 0);
    environment.clock.advance(100);
    await eventually('the files to be closed', () => {
      environment.clock.advance(100);
      return environment.fs.openFiles === 0;
    });
    await closed;
    expect(environment.fs.directories.size).to.equal(0);
    expect(environment.clock.pending).to.equal(0);
  });

  it('leaves no file or directory while the first file is being created', async () => {
    const { relay, environment } = smallRoom({ memoryBytes: 0 });
    const [sender] = await withSlowReader(relay);
    let finishUnlink = (): void => {};
    const unlinking = new Promise<void>((resolve) => {
      environment.fs.unlink = async () => {
        resolve();
        await new Promise<void>((done) => {
          finishUnlink = done;
        });
      };
    });
    sender.send(packet(lines(100)));
    await unlinking;
    const closed = relay.close(0);
    await turn();
    finishUnlink();
    await closed;
    expect(environment.fs.openFiles).to.equal(0);
    expect(environment.fs.directories.size).to.equal(0);
  });
});

describe('a backlog that is read back from disk', () => {
  async function spilled() {
    const all = smallRoom();
    const [sender, listener, slowReader] = await withSlowReader(all.relay);
    sender.send(packet(lines(200)));
    await listener.until(relayed(0, lines(200)[199] as string));
    await eventually('segments on disk', () => all.relay.stats().diskBytes > 5000);
    return { ...all, sender, listener, slowReader };
  }

  it('is complete although reads are short', async () => {
    const { environment, slowReader } = await spilled();
    environment.fs.maxTransferBytes = 7;
    slowReader.resume();
    await slowReader.receives(relayed(0, ...lines(200)));
  });

  it('is complete, and nothing is reported, if a failed read succeeds when it is repeated', async () => {
    const { environment, slowReader, warnings } = await spilled();
    environment.fs.readErrors = [systemError('EIO'), systemError('EIO')];
    slowReader.resume();
    await eventually('reads to fail', () => {
      environment.clock.advance(1000);
      return environment.fs.readErrors.length === 0;
    });
    await eventually('all lines', () => {
      environment.clock.advance(1000);
      return slowReader.received === relayed(0, ...lines(200));
    });
    expect(warnings).to.deep.equal([]);
  });

  it('is not read again once the relay is closed', async () => {
    const { relay, environment, slowReader } = await spilled();
    environment.fs.readErrors = Array.from({ length: 100 }, () => systemError('EIO'));
    slowReader.resume();
    await eventually('a read to fail', () => environment.fs.readErrors.length < 100);
    await relay.close(0);
    await eventually('no timer to be left', () => environment.clock.pending === 0);
  });

  it('disconnects only its own reader if reads fail for good, and never delivers wrong bytes', async () => {
    const { relay, environment, sender, listener, slowReader, warnings } = await spilled();
    environment.fs.readErrors = Array.from({ length: 100 }, () => systemError('EIO'));
    slowReader.resume();
    await eventually('the reader to be disconnected', () => {
      environment.clock.advance(1000);
      return warnings.length > 0;
    });
    await listener.until(leftNotice(slowReader.id));
    sender.send('after\n');
    await listener.until(relayed(0, 'after'));
    expect(warnings).to.deep.equal(['ERR_SPILL_READ']);
    expect(relayed(0, ...lines(200)).startsWith(slowReader.received)).to.equal(true);
    expect(relay.stats().diskBytes).to.equal(0);
  });
});
