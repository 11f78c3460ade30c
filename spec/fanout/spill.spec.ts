import { setImmediate as turn } from 'node:timers/promises';
import { expect } from 'chai';
import type { MiniServError, Relay, RelayOptions } from '../../lib/index.js';
import { random } from '../support/random.js';
import { join, type Member, room } from '../support/room.js';
import { eventually } from '../support/waiting.js';
import { left, said } from '../support/wire.js';
import { type FakeWorld, fakeWorld, narrow, systemError } from '../support/world.js';

/** Segments of 256 bytes, four of them in memory, and a fake disk behind them. */
function smallRoom(options: RelayOptions = {}): { relay: Relay; world: FakeWorld; warnings: string[] } {
  const world = fakeWorld();
  const relay = room({
    segmentBytes: 256,
    memoryBytes: 1024,
    spillDir: '/spill',
    environment: world,
    ...options,
  });
  const warnings: string[] = [];
  relay.on('warning', ({ code }: MiniServError) => warnings.push(code));
  relay.on('spillDrained', () => warnings.push('room'));
  return { relay, world, warnings };
}

/** A room with a client that speaks, one that listens and one that has stopped reading. */
async function withLaggard(relay: Relay): Promise<[Member, Member, Member]> {
  const [speaker, listener, laggard] = [await join(relay), await join(relay), await join(relay, narrow())];
  await speaker.until('client 2 just arrived');
  laggard.halt();
  return [speaker, listener, laggard];
}

const lines = (count: number): string[] => Array.from({ length: count }, (_, i) => `${i} `.padEnd(50, 'xyz'));
const packet = (texts: string[]): string => texts.map((text) => `${text}\n`).join('');

describe('a backlog', () => {
  it('does not touch the disk below the budget', async () => {
    const { relay, world } = smallRoom({ memoryBytes: 64 * 1024 });
    const [speaker, listener, laggard] = await withLaggard(relay);
    speaker.send(packet(lines(400)));
    await listener.until(said(0, lines(400)[399] as string));
    expect(relay.stats().lagBytes.get(laggard.id)).to.be.greaterThan(20_000);
    expect(world.fs.calls).to.deep.equal([]);
  });

  it('goes past the budget into an unlinked file of a private directory', async () => {
    const { relay, world } = smallRoom();
    const [speaker] = await withLaggard(relay);
    speaker.send(packet(lines(100)));
    await eventually('segments on disk', () => relay.stats().diskBytes > 1024);
    const [made, opened, unlinked] = world.fs.calls.filter((call) => call !== 'statfs');
    expect(made).to.match(new RegExp(`^mkdtemp /spill/mini-serv-${process.pid}-$`));
    expect(opened).to.match(/^open \/spill\/mini-serv-\d+-0\/segments wx\+ 600$/);
    expect(unlinked).to.match(/^unlink \/spill\/mini-serv-\d+-0\/segments$/);
  });

  it('comes back complete, in order, and without the laggard’s own lines', async () => {
    const { relay } = smallRoom();
    const [speaker, listener, laggard] = await withLaggard(relay);
    const next = random(1);
    const expected: string[] = [];
    for (let i = 0; i < 2000; i++) {
      const who = [speaker, listener, laggard][Math.floor(next() * 3)] as Member;
      const text = `${i} `.padEnd(Math.floor(next() * 400), 'q');
      who.send(`${text}\n`);
      if (who !== laggard) expected.push(said(who.id, text));
      // Different clients' lines are in order only if each is said before the next is sent.
      await turn();
      await turn();
    }
    await eventually('all on disk', () => relay.stats().diskBytes > 50_000);
    laggard.wake();
    await laggard.hears(expected.join(''));
    await eventually('the disk to be given back', () => relay.stats().diskBytes === 0);
  });

  it('gives the space back when the laggard leaves', async () => {
    const { relay, world } = smallRoom();
    const [speaker, listener, laggard] = await withLaggard(relay);
    speaker.send(packet(lines(200)));
    await listener.until(said(0, lines(200)[199] as string));
    await eventually('segments on disk', () => relay.stats().diskBytes > 5000);
    laggard.far.destroy();
    await listener.until(left(laggard.id));
    await eventually('the disk to be given back', () => world.fs.openFiles === 0);
    expect(relay.stats()).to.include({ diskBytes: 0 });
    expect(relay.stats().memoryBytes).to.be.at.most(256 + 512);
  });

  it('is not kept for a client that left beyond what it is owed', async () => {
    const { relay, world } = smallRoom();
    // Files of 1,000 bytes.
    world.fs.total = 8000;
    const [speaker, listener, laggard] = await withLaggard(relay);
    speaker.send(packet(lines(50)));
    await listener.until(said(0, lines(50)[49] as string));
    laggard.end();
    await listener.until(left(laggard.id));
    const { diskBytes: disk } = relay.stats();
    speaker.send(packet(lines(1000)));
    speaker.send('last\n');
    await listener.until(said(0, 'last'));
    await turn();
    expect(relay.stats().diskBytes).to.be.at.most(disk + 4096);
    laggard.wake();
    await laggard.hears(said(0, ...lines(50)));
    await laggard.ended;
  });

  it('makes a new directory when another relay has swept its own away', async () => {
    const { relay, world } = smallRoom({ memoryBytes: 0, spillLimitBytes: 80_000 });
    const [speaker, listener, laggard] = await withLaggard(relay);
    speaker.send(packet(lines(20)));
    await eventually('segments on disk', () => relay.stats().diskBytes > 0);
    laggard.wake();
    await laggard.until(said(0, lines(20)[19] as string));
    laggard.halt();
    world.fs.directories.clear();
    speaker.send(packet(lines(200)));
    speaker.send('last\n');
    await listener.until(said(0, 'last'));
    await eventually('segments on disk again', () => relay.stats().diskBytes > 0);
    expect(world.fs.directories.size).to.equal(1);
    laggard.wake();
    await laggard.until(said(0, 'last'));
  });

  it('is given up by close(), which leaves nothing open', async () => {
    const { relay, world } = smallRoom();
    const [speaker] = await withLaggard(relay);
    speaker.send(packet(lines(200)));
    await eventually('segments on disk', () => relay.stats().diskBytes > 5000);
    const closed = relay.close(100);
    await eventually('the grace period', () => world.clock.pending > 0);
    world.clock.advance(100);
    await eventually('what is owed to be given up', () => {
      world.clock.advance(100);
      return world.fs.openFiles === 0;
    });
    await closed;
    expect(world.fs.directories.size).to.equal(0);
    expect(world.clock.pending).to.equal(0);
  });

  it('is held in no more files than there are descriptors for', async () => {
    const { relay, world } = smallRoom({ maxClients: 10 });
    world.fs.total = 8e6;
    await relay.listen(0);
    const [speaker] = await withLaggard(relay);
    // Files of a megabyte at first, and then of a 16th of what is there.
    speaker.send(packet(lines(60_000)));
    await eventually('segments on disk', () => relay.stats().diskBytes > 3e6);
    expect(world.fs.openFiles).to.be.at.most(8);
  });

  it('leaves nothing behind when the relay is closed while the first file is made', async () => {
    const { relay, world } = smallRoom({ memoryBytes: 0 });
    const [speaker] = await withLaggard(relay);
    let made = (): void => {};
    const unlinking = new Promise<void>((resolve) => {
      world.fs.unlink = async () => {
        resolve();
        await new Promise<void>((done) => {
          made = done;
        });
      };
    });
    speaker.send(packet(lines(100)));
    await unlinking;
    const closed = relay.close(0);
    await turn();
    made();
    await closed;
    expect(world.fs.openFiles).to.equal(0);
    expect(world.fs.directories.size).to.equal(0);
  });

  it('is warned about once where the directory is a tmpfs', async () => {
    const { relay, world, warnings } = smallRoom();
    world.fs.type = 0x01021994;
    const [speaker, listener] = await withLaggard(relay);
    speaker.send(packet(lines(400)));
    await listener.until(said(0, lines(400)[399] as string));
    await eventually('segments on disk', () => relay.stats().diskBytes > 5000);
    expect(warnings).to.deep.equal(['ERR_SPILL_TMPFS']);
  });
});

describe('reading a backlog back', () => {
  async function spilled(): Promise<ReturnType<typeof smallRoom> & { members: [Member, Member, Member] }> {
    const made = smallRoom();
    const members = await withLaggard(made.relay);
    members[0].send(packet(lines(200)));
    await members[1].until(said(0, lines(200)[199] as string));
    await eventually('segments on disk', () => made.relay.stats().diskBytes > 5000);
    return { ...made, members };
  }

  it('honours short reads', async () => {
    const { world, members } = await spilled();
    world.fs.atOnce = 7;
    members[2].wake();
    await members[2].hears(said(0, ...lines(200)));
  });

  it('is tried again after an error', async () => {
    const { world, members, warnings } = await spilled();
    world.fs.readErrors = [systemError('EIO'), systemError('EIO')];
    members[2].wake();
    await eventually('the disk to be read again', () => {
      world.clock.advance(1000);
      return world.fs.readErrors.length === 0;
    });
    await eventually('all of it', () => {
      world.clock.advance(1000);
      return members[2].received === said(0, ...lines(200));
    });
    expect(warnings).to.deep.equal([]);
  });

  it('is not tried again once the relay is closed', async () => {
    const { relay, world, members } = await spilled();
    world.fs.readErrors = Array.from({ length: 100 }, () => systemError('EIO'));
    members[2].wake();
    await eventually('a read to fail', () => world.fs.readErrors.length < 100);
    await relay.close(0);
    await eventually('nothing to be left to do', () => world.clock.pending === 0);
  });

  it('ends that reader alone when it fails for good, and never gives it wrong bytes', async () => {
    const { relay, world, members, warnings } = await spilled();
    const [speaker, listener, laggard] = members;
    world.fs.readErrors = Array.from({ length: 100 }, () => systemError('EIO'));
    laggard.wake();
    await eventually('the end of the laggard', () => {
      world.clock.advance(1000);
      return warnings.length > 0;
    });
    await listener.until(left(laggard.id));
    speaker.send('after\n');
    await listener.until(said(0, 'after'));
    expect(warnings).to.deep.equal(['ERR_SPILL_READ']);
    expect(said(0, ...lines(200)).startsWith(laggard.received)).to.equal(true);
    expect(relay.stats().diskBytes).to.equal(0);
  });
});
