import * as jetstream from '@nats-io/jetstream';
import * as transport from '@nats-io/transport-node';
import { expect } from 'chai';
import { Consumer } from '../../../lib/room/nats/consumer.js';
import { SimulatedTime } from '../../support/simulated-time.js';

/** A consumer that reads from sequence 5 of a simulated stream, and a list of what it does. */
async function startConsumer() {
  const time = new SimulatedTime();
  const actions: string[] = [];
  let callback: (error: Error | null, message: transport.Msg) => void = () => {};
  const connection = {
    subscribe: (_subject: string, options: { callback: typeof callback }) => {
      callback = options.callback;
      return { isClosed: () => false, unsubscribe: () => actions.push('unsubscribe') };
    },
    publish: (subject: string) => actions.push(`publish ${subject}`),
  } as unknown as transport.NatsConnection;
  let isRefusing = false;
  const jsm = {
    consumers: {
      add: async (_stream: string, { opt_start_seq: from }: { opt_start_seq: number }) => {
        if (isRefusing) throw new Error('no answer');
        actions.push(`start ${from}`);
      },
    },
  } as unknown as jetstream.JetStreamManager;
  const consumer = new Consumer({
    packages: { transport, jetstream },
    connection,
    jsm,
    clock: time.clock,
    stream: 'stream',
    fromSequence: 5,
    onRecord: (sequence) => {
      actions.push(`record ${sequence}`);
      if (sequence % 100 === 0) consumer.pause();
    },
    onGap: (sequence) => actions.push(`gap ${sequence}`),
    onStall: () => actions.push('stall'),
  });
  const record = (sequence: number, delivered: number, prefix = ''): void =>
    callback(null, {
      reply: `$JS.ACK.${prefix}stream.consumer.1.${sequence}.${delivered}.1700000000000000000.0`,
    } as transport.Msg);
  const control = (headers: Record<string, string>, reply = '', code = 100): void =>
    callback(null, {
      reply,
      headers: { code, get: (name: string) => headers[name] ?? '' },
      respond: () => actions.push('respond'),
    } as unknown as transport.Msg);
  await consumer.start();
  return { time, actions, consumer, record, control, refuse: () => (isRefusing = true) };
}

describe('Consumer', () => {
  it('reads records in order, also from a server with a domain', async () => {
    const { actions, record } = await startConsumer();
    record(5, 1);
    record(6, 2, 'domain.account.');
    expect(actions).to.deep.equal(['start 5', 'record 5', 'record 6']);
  });

  it('reports a gap if the stream no longer has the next record', async () => {
    const { actions, record } = await startConsumer();
    record(7, 1);
    expect(actions).to.deep.equal(['start 5', 'gap 7']);
  });

  it('stops if a message was lost or repeated, and restarts after the last record', async () => {
    const { actions, consumer, record } = await startConsumer();
    record(5, 1);
    record(7, 3);
    record(8, 4);
    expect(actions.slice(2)).to.deep.equal(['unsubscribe', 'stall']);
    await consumer.start();
    record(4, 1);
    expect(actions.slice(4)).to.deep.equal(['start 6', 'unsubscribe', 'stall']);
  });

  it('answers flow control, and notices from a heartbeat that a message was lost', async () => {
    const { actions, control, record } = await startConsumer();
    control({}, 'flow.control');
    control({ 'Nats-Consumer-Stalled': 'flow.control' });
    record(5, 1);
    control({ 'Nats-Last-Consumer': '1' });
    control({ 'Nats-Last-Consumer': '9' }, '', 503);
    expect(actions).to.deep.equal(['start 5', 'respond', 'publish flow.control', 'record 5']);
    control({ 'Nats-Last-Consumer': '2' });
    expect(actions.slice(4)).to.deep.equal(['unsubscribe', 'stall']);
  });

  it('stops after three missed heartbeats, unless it is paused', async () => {
    const { time, actions, consumer, control } = await startConsumer();
    await time.advance(2900);
    control({});
    consumer.pause();
    await time.advance(10_000);
    expect(actions).to.deep.equal(['start 5']);
    consumer.resume();
    await time.advance(3100);
    expect(actions.slice(1)).to.deep.equal(['unsubscribe', 'stall']);
  });

  it('holds messages and flow control while it is paused', async () => {
    const { actions, consumer, record, control } = await startConsumer();
    consumer.nextSequence = 99;
    record(99, 1);
    consumer.pause();
    record(100, 2);
    record(101, 3);
    control({}, 'flow.control');
    expect(actions.slice(1)).to.deep.equal(['record 99']);
    // Reading record 100 pauses the consumer again.
    consumer.resume();
    expect(actions.slice(2)).to.deep.equal(['record 100']);
    consumer.resume();
    expect(actions.slice(3)).to.deep.equal(['record 101', 'respond']);
  });

  it('rejects if the engine does not answer', async () => {
    const { actions, consumer, refuse } = await startConsumer();
    refuse();
    let error: unknown;
    await consumer.start().catch((reason: unknown) => {
      error = reason;
    });
    expect(error).to.include({ message: 'no answer' });
    expect(actions).to.deep.equal(['start 5', 'unsubscribe', 'unsubscribe']);
  });
});
