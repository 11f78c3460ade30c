import * as jetstream from '@nats-io/jetstream';
import * as transport from '@nats-io/transport-node';
import { expect } from 'chai';
import { MessageLimits } from '../../../lib/room/nats/message-limits.js';
import { Refusals } from '../../../lib/room/nats/refusals.js';
import { StreamReader } from '../../../lib/room/nats/stream-reader.js';
import { namesOf } from '../../../lib/room/nats/streams.js';
import { SimulatedTime } from '../../support/simulated-time.js';

const NAMES = namesOf('lobby');

/** A reader of a simulated stream, and what it reports. */
function createReader() {
  const time = new SimulatedTime();
  const stream = {
    config: { subjects: [NAMES.recordSubject], retention: 'limits', discard: 'old' },
    created: 'monday',
    state: { first_seq: 1, last_seq: 5 },
  };
  let exists = true;
  let deliver: (message: transport.Msg) => void = () => {};
  const errors: { publish?: Error; consumer?: Error } = {};
  const starts: number[] = [];
  const info = { server_id: 'one', max_payload: 1_000_000, jetstream: true };
  const connection = {
    info,
    subscribe: (
      _subject: string,
      { callback }: { callback: (error: null, message: transport.Msg) => void },
    ) => {
      deliver = (message) => callback(null, message);
      return { isClosed: () => false, unsubscribe: () => {} };
    },
  } as unknown as transport.NatsConnection;
  const jsm = {
    streams: {
      info: async () => {
        if (!exists) throw Object.assign(new Error('stream not found'), { code: 10059 });
        return stream;
      },
      getMessage: async () => null,
    },
    consumers: {
      add: async (_name: string, { opt_start_seq: from }: { opt_start_seq: number }) => {
        if (errors.consumer !== undefined) throw errors.consumer;
        starts.push(from);
      },
    },
  } as unknown as jetstream.JetStreamManager;
  const packages = { transport, jetstream };
  const events: string[] = [];
  const reader = new StreamReader({
    packages,
    connection,
    jetstream: {
      publish: async () => {
        if (errors.publish !== undefined) throw errors.publish;
      },
    } as unknown as jetstream.JetStreamClient,
    jsm,
    clock: time.clock,
    names: NAMES,
    created: 'monday',
    fromSequence: 1,
    settleMs: 1000,
    limits: new MessageLimits(connection),
    refusals: new Refusals(packages, connection, time.clock),
    isConnected: () => true,
    onRecord: (sequence) => events.push(`record ${sequence}`),
    onStart: () => events.push('start'),
    onOutage: ({ message }) => events.push(`outage ${message}`),
    onLost: ({ code, message }) => events.push(`lost ${code} ${message}`),
  });
  const record = (sequence: number): void => {
    const reply = `$JS.ACK.stream.consumer.1.${sequence}.${sequence}.1700000000000000000.0`;
    deliver({ reply, data: Buffer.from('x') } as unknown as transport.Msg);
  };
  /** Lets time pass in which the engine sends only heartbeats. */
  const idle = async (seconds: number): Promise<void> => {
    for (let i = 0; i < seconds; i++) {
      await time.advance(1000);
      deliver({ reply: '', headers: { code: 100, get: () => '' } } as unknown as transport.Msg);
    }
  };
  const remove = (): void => {
    exists = false;
  };
  return { time, stream, info, errors, starts, events, reader, record, idle, remove };
}

describe('StreamReader', () => {
  it('gives up if the stream was created again or stays away', async () => {
    const again = createReader();
    again.stream.created = 'tuesday';
    await again.reader.start();
    expect(again.events).to.deep.equal([
      'lost ERR_ROOM_FOREIGN the stream MINISERV-ROOM_lobby of the room was created again',
    ]);
    const missing = createReader();
    missing.remove();
    void missing.reader.start();
    await missing.time.advance(2000);
    expect(missing.events).to.deep.equal([
      'lost ERR_ROOM_FOREIGN the stream MINISERV-ROOM_lobby of the room is missing',
    ]);
  });

  it('gives up if lost records are too large to be stored again', async () => {
    const { errors, events, reader, record, stream } = createReader();
    await reader.start();
    record(1);
    stream.state.last_seq = 0;
    errors.publish = transport.InvalidArgumentError.format('payload', 'max_payload size exceeded');
    await reader.start();
    expect(events.slice(0, 2)).to.deep.equal(['start', 'record 1']);
    expect(events.at(-1)).to.match(/^lost ERR_ROOM_REFUSED the engine has lost records .* raise max_payload/);
  });

  it('reports an outage while the engine has no consumer for it, and then gives up', async () => {
    const { errors, events, reader, time } = createReader();
    const answer = { err_code: 10026, code: 400, description: 'maximum consumers limit reached' };
    errors.consumer = new jetstream.JetStreamApiError(answer);
    void reader.start();
    await time.advance(14_000);
    expect(new Set(events)).to.deep.equal(new Set(['outage maximum consumers limit reached']));
    await time.advance(2000);
    expect(events.at(-1)).to.match(/^lost ERR_ROOM_REFUSED .*JetStream error 10026.*raise max_consumers/);
  });

  it('waits for the other relays after the server was restarted', async () => {
    const { info, events, reader, time } = createReader();
    await reader.start();
    info.server_id = 'two';
    void reader.start();
    await time.advance(900);
    expect(events).to.deep.equal(['start']);
    await time.advance(200);
    expect(events).to.deep.equal(['start', 'start']);
  });

  it('looks for an acknowledged record that does not come, until it is stopped', async () => {
    const { reader, record, idle, starts, time } = createReader();
    await reader.start();
    reader.expect(2);
    await idle(11);
    expect(starts).to.deep.equal([1, 1, 1]);
    record(1);
    record(2);
    await idle(20);
    expect(starts).to.have.length(3);
    reader.expect(9);
    reader.stop();
    await time.advance(20_000);
    expect(starts).to.have.length(3);
  });

  it('gives up if max_payload has become too small, or records were deleted before it read them', async () => {
    const small = createReader();
    small.info.max_payload = 500;
    await small.reader.start();
    expect(small.events).to.have.length(1);
    expect(small.events[0]).to.match(/^lost ERR_ROOM_REFUSED max_payload .* is 500 bytes/);
    const { events, reader, record, stream, starts, time } = createReader();
    await reader.start();
    record(1);
    reader.expect(1);
    await time.advance(6000);
    const { length } = starts;
    // Records 2 to 5 were acknowledged, and deleted before they were delivered.
    stream.state.first_seq = 6;
    reader.expect(5);
    reader.expect(5);
    await time.advance(6000);
    expect(starts.length).to.be.at.least(length);
    expect(events.at(-1)).to.match(/^lost ERR_ROOM_GAP .* has to read record 2, .* only 6 and later/);
  });
});
