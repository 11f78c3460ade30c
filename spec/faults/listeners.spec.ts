import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { PassThrough } from 'node:stream';
import { expect } from 'chai';
import type { Relay } from '../../lib/index.js';
import { createTestRelay } from '../support/room.js';
import { eventually } from '../support/waiting.js';

const WAVES = 10;
const CLIENTS_PER_WAVE = 100;

/** A relay and its hub, which is the only PassThrough that a relay creates. */
function roomWithHub(): { relay: Relay; hub: PassThrough } {
  const hubs = new Set<PassThrough>();
  const { on } = PassThrough.prototype;
  PassThrough.prototype.on = function (this: PassThrough, ...args: Parameters<typeof on>) {
    hubs.add(this);
    return on.apply(this, args);
  } as typeof on;
  const relay = createTestRelay();
  PassThrough.prototype.on = on;
  const [hub, ...others] = hubs;
  if (hub === undefined || others.length > 0) throw new Error(`expected one hub, got ${hubs.size}`);
  return { relay, hub };
}

function countListeners(hub: PassThrough): number {
  return hub.eventNames().reduce((sum, name) => sum + hub.listenerCount(name), 0);
}

async function dial(port: number): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1' });
  socket.resume().on('error', () => {});
  await once(socket, 'connect');
  return socket;
}

describe('faults: clients that come and go', () => {
  it('leave no listeners on the hub and on the relay: 1,000 clients, half by RST, half in the middle of a line', async () => {
    const { relay, hub } = roomWithHub();
    const port = await relay.listen(0);
    let left = 0;
    relay.on('left', () => left++);
    const before = { hub: countListeners(hub), relay: relay.eventNames().length };
    for (let wave = 1; wave <= WAVES; wave++) {
      const sockets = await Promise.all(Array.from({ length: CLIENTS_PER_WAVE }, () => dial(port)));
      for (const [i, socket] of sockets.entries()) {
        socket.write(i & 2 ? 'a line\nnot finis' : 'a line\n');
        if (i & 1) socket.resetAndDestroy();
        else socket.end();
      }
      await eventually('all clients to have left', () => left === wave * CLIENTS_PER_WAVE);
    }
    await eventually('all connections to be closed', () => relay.stats().clients === 0);
    expect({ hub: countListeners(hub), relay: relay.eventNames().length }).to.deep.equal(before);
    expect(relay.stats()).to.deep.include({ waitingSenders: 0, diskBytes: 0, outputLagBytes: [] });
  });
});
