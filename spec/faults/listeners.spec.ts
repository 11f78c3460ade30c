import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { PassThrough } from 'node:stream';
import { expect } from 'chai';
import { room } from '../support/room.js';
import { eventually } from '../support/waiting.js';

/** How many listeners there are on each of these, in all. */
function listeners(emitters: Iterable<PassThrough>): number {
  let sum = 0;
  for (const emitter of emitters) for (const name of emitter.eventNames()) sum += emitter.listenerCount(name);
  return sum;
}

describe('faults: listeners', () => {
  // Those of a process of its own cannot be counted: see crowds.spec.ts for its descriptors and its memory.
  it('on the hub and on the relay are as many as before when 1,000 have come and gone, half by RST, half amid a line', async () => {
    // The hub is the relay's own, and the one PassThrough that clients are piped into.
    const hubs = new Set<PassThrough>();
    const { on } = PassThrough.prototype;
    PassThrough.prototype.on = function (this: PassThrough, ...args: Parameters<typeof on>) {
      hubs.add(this);
      return on.apply(this, args);
    } as typeof on;
    const relay = room();
    PassThrough.prototype.on = on;
    expect(hubs.size).to.equal(1);
    const port = await relay.listen(0);
    const base = { hub: listeners(hubs), relay: relay.eventNames().length };
    for (let wave = 0; wave < 10; wave++) {
      const sockets = await Promise.all(Array.from({ length: 100 }, () => dial(port)));
      for (const [i, socket] of sockets.entries()) {
        socket.write(i & 2 ? 'a line\nnot finis' : 'a line\n');
        if (i & 1) socket.resetAndDestroy();
        else socket.end();
      }
      await eventually('all to be gone', () => relay.stats().clients === 0);
    }
    expect({ hub: listeners(hubs), relay: relay.eventNames().length }).to.deep.equal(base);
    expect(relay.stats()).to.deep.include({
      clients: 0,
      waitingSenders: 0,
      diskBytes: 0,
      outputLagBytes: [],
    });
  });
});

async function dial(port: number): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1' });
  socket.resume().on('error', () => {});
  await once(socket, 'connect');
  return socket;
}
