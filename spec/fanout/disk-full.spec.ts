import { setImmediate as turn } from 'node:timers/promises';
import { expect } from 'chai';
import type { Relay, RelayOptions } from '../../lib/index.js';
import { type FakeEnvironment, narrowPair } from '../support/fake-environment.js';
import { createSmallRelay, join, type Member } from '../support/room.js';
import { eventually } from '../support/waiting.js';
import { relayed } from '../support/wire.js';

const LINES = Array.from({ length: 3000 }, (_, i) => `${i} `.padEnd(50, 'xyz'));
const LAST = relayed(0, LINES[2999] as string);
const MAX_DISK_BYTES = 8000;

interface Scene {
  relay: Relay;
  environment: FakeEnvironment;
  /** ERR_SPILL_FULL for each warning, and `drained`. */
  events: string[];
  sender: Member;
  listener: Member;
  slowReader: Member;
}

/** A room with small segments, a client that sends, one that reads, and one that does not read. */
async function setUp(options: RelayOptions = {}): Promise<Scene> {
  const { relay, environment } = createSmallRelay(options);
  const events: string[] = [];
  relay.on('warning', ({ code }) => events.push(code));
  relay.on('spillDrained', () => events.push('drained'));
  const sender = await join(relay, narrowPair());
  const listener = await join(relay);
  const slowReader = await join(relay, narrowPair());
  await sender.until('client 2 just arrived');
  slowReader.pause();
  return { relay, environment, events, sender, listener, slowReader };
}

/** Sends some 180 KB line by line, so that the sender can be made to wait after each line. */
function sendAll(sender: Member): void {
  for (const line of LINES) sender.send(`${line}\n`);
}

async function untilSenderWaits({ relay, environment, events }: Scene, warnings = 1): Promise<void> {
  await eventually(
    'the sender to wait',
    () => relay.stats().waitingSenders === 1 && events.length === warnings,
  );
  for (let i = 0; i < 20; i++) {
    environment.clock.advance(500);
    await turn();
  }
  expect(relay.stats().waitingSenders).to.equal(1);
  expect(relay.stats().diskBytes).to.be.at.most(8192);
  expect(relay.stats().memoryBytes).to.be.at.most(8192);
}

describe('a room whose disk is full', () => {
  for (const [reason, prepare, options] of [
    ['the limit is reached', () => {}, { spillLimitBytes: 8192 }],
    [
      'a write fails with ENOSPC',
      ({ fs }: FakeEnvironment) => Object.assign(fs, { capacityBytes: MAX_DISK_BYTES }),
      {},
    ],
    [
      'the rest of the file system must be left free',
      ({ fs }: FakeEnvironment) => Object.assign(fs, { totalBytes: 9000 }),
      {},
    ],
    [
      'short writes end with ENOSPC',
      ({ fs }: FakeEnvironment) =>
        Object.assign(fs, { maxTransferBytes: 100, capacityBytes: MAX_DISK_BYTES }),
      {},
    ],
  ] as const) {
    it(`makes senders wait, and resumes when a slow reader frees space, if ${reason}`, async () => {
      const scene = await setUp(options);
      const { relay, environment, events, sender, listener, slowReader } = scene;
      prepare(environment);
      sendAll(sender);
      await untilSenderWaits(scene);
      expect(events).to.deep.equal(['ERR_SPILL_FULL']);
      // A client that reads has received everything.
      expect(relay.stats().lagBytes.get(listener.id)).to.equal(0);
      slowReader.resume();
      await eventually('all lines to be received', () => {
        environment.clock.advance(10);
        return slowReader.received.endsWith(LAST) && listener.received.endsWith(LAST);
      });
      await slowReader.receives(relayed(0, ...LINES));
      await eventually('the end of the wait to be reported', () => events.length === 2);
      expect(events).to.deep.equal(['ERR_SPILL_FULL', 'drained']);
    });
  }

  it('accepts and removes clients, and notifies the others when there is space again', async () => {
    const scene = await setUp({ spillLimitBytes: 8192 });
    sendAll(scene.sender);
    await untilSenderWaits(scene);
    const newcomer = await join(scene.relay);
    newcomer.end();
    await scene.listener.until('client 3 just left');
    scene.slowReader.far.destroy();
    await scene.listener.until(LAST);
    expect(scene.events).to.deep.equal(['ERR_SPILL_FULL', 'drained']);
  });

  it('resumes by itself when space is freed by another program', async () => {
    const scene = await setUp();
    const { environment, events } = scene;
    environment.fs.capacityBytes = MAX_DISK_BYTES;
    sendAll(scene.sender);
    await untilSenderWaits(scene);
    environment.fs.capacityBytes = 1e9;
    environment.clock.advance(500);
    await scene.listener.until(LAST);
    await eventually('the end of the wait to be reported', () => events.length === 2);
  });
});

describe('a room whose disk is slow', () => {
  it('makes senders wait instead of using more memory', async () => {
    const scene = await setUp();
    const { environment, events, sender, listener, slowReader } = scene;
    let releaseWrites = (): void => {};
    environment.fs.gate = new Promise((resolve) => {
      releaseWrites = resolve;
    });
    sendAll(sender);
    await untilSenderWaits(scene, 0);
    expect(events).to.deep.equal([]);
    releaseWrites();
    await listener.until(LAST);
    slowReader.resume();
    await slowReader.receives(relayed(0, ...LINES));
  });
});
