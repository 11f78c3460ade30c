import { setImmediate as turn } from 'node:timers/promises';
import { expect } from 'chai';
import type { Relay, RelayOptions } from '../../lib/index.js';
import { join, type Member, room } from '../support/room.js';
import { eventually } from '../support/waiting.js';
import { said } from '../support/wire.js';
import { type FakeWorld, fakeWorld, narrow } from '../support/world.js';

const TEXTS = Array.from({ length: 3000 }, (_, i) => `${i} `.padEnd(50, 'xyz'));
const LAST = said(0, TEXTS[2999] as string);

interface Scene {
  relay: Relay;
  world: FakeWorld;
  events: string[];
  speaker: Member;
  listener: Member;
  laggard: Member;
}

/** A speaker with some 180 KB to say, in chunks smaller than a segment, and a laggard that has stopped. */
async function scene(options: RelayOptions = {}): Promise<Scene> {
  const world = fakeWorld();
  const relay = room({
    segmentBytes: 256,
    memoryBytes: 1024,
    spillDir: '/spill',
    environment: world,
    ...options,
  });
  const events: string[] = [];
  relay.on('warning', ({ code }) => events.push(code));
  relay.on('spillDrained', () => events.push('room'));
  const [speaker, listener, laggard] = [
    await join(relay, narrow()),
    await join(relay),
    await join(relay, narrow()),
  ];
  await speaker.until('client 2 just arrived');
  laggard.halt();
  return { relay, world, events, speaker, listener, laggard };
}

/** Line by line, so that a sender can be asked to wait anywhere. */
function say(speaker: Member): void {
  for (const text of TEXTS) speaker.send(`${text}\n`);
}

async function senderWaits({ relay, world, events }: Scene, warnings = 1): Promise<void> {
  await eventually(
    'the sender to wait',
    () => relay.stats().waitingSenders === 1 && events.length === warnings,
  );
  for (let i = 0; i < 20; i++) {
    world.clock.advance(500);
    await turn();
  }
  expect(relay.stats().waitingSenders).to.equal(1);
  // What it has said by now is bounded, and stays so.
  expect(relay.stats().diskBytes).to.be.at.most(8192);
  expect(relay.stats().memoryBytes).to.be.at.most(8192);
}

async function laggardFreesTheRoom({ world, laggard, listener, events }: Scene): Promise<void> {
  laggard.wake();
  await eventually('everything to be heard', () => {
    world.clock.advance(10);
    return laggard.received.endsWith(LAST) && listener.received.endsWith(LAST);
  });
  await laggard.hears(said(0, ...TEXTS));
  await eventually('the end to be told', () => events.length === 2);
  expect(events).to.deep.equal(['ERR_SPILL_FULL', 'room']);
}

describe('a full disk', () => {
  for (const [name, prepare, options] of [
    ['an explicit limit', () => {}, { spillLimitBytes: 8192 }],
    ['ENOSPC, after a short write', (world: FakeWorld) => Object.assign(world.fs, { capacity: 8000 }), {}],
    ['what must be left free', (world: FakeWorld) => Object.assign(world.fs, { total: 9000 }), {}],
    [
      'short writes all the way',
      (world: FakeWorld) => Object.assign(world.fs, { atOnce: 100, capacity: 8000 }),
      {},
    ],
  ] as const) {
    it(`makes senders wait, and reading alone wakes them: ${name}`, async () => {
      const all = await scene(options);
      prepare(all.world);
      say(all.speaker);
      await senderWaits(all);
      expect(all.events).to.deep.equal(['ERR_SPILL_FULL']);
      // Whoever reads has had all that was said; only the saying waits.
      expect(all.relay.stats().lagBytes.get(all.listener.id)).to.equal(0);
      await laggardFreesTheRoom(all);
    });
  }

  it('lets others come, go and be heard of when there is room again', async () => {
    const all = await scene({ spillLimitBytes: 8192 });
    say(all.speaker);
    await senderWaits(all);
    const newcomer = await join(all.relay);
    newcomer.end();
    await all.listener.until('client 3 just left');
    all.laggard.far.destroy();
    await all.listener.until(LAST);
    expect(all.events).to.deep.equal(['ERR_SPILL_FULL', 'room']);
  });

  it('wakes the room by itself when somebody else frees the disk', async () => {
    const all = await scene();
    all.world.fs.capacity = 8000;
    say(all.speaker);
    await senderWaits(all);
    all.world.fs.capacity = 1e9;
    all.world.clock.advance(500);
    await all.listener.until(LAST);
    await eventually('the end to be told', () => all.events.length === 2);
  });
});

describe('a slow disk', () => {
  it('makes senders wait instead of growing memory', async () => {
    const all = await scene();
    let open = (): void => {};
    all.world.fs.gate = new Promise((resolve) => {
      open = resolve;
    });
    say(all.speaker);
    await senderWaits(all, 0);
    expect(all.events).to.deep.equal([]);
    open();
    await all.listener.until(LAST);
    all.laggard.wake();
    await all.laggard.hears(said(0, ...TEXTS));
  });
});
