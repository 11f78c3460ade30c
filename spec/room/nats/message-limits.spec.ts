import type { StreamConfig } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { expect } from 'chai';
import { MessageLimits } from '../../../lib/room/nats/message-limits.js';

const HEADERS = 512;

function createLimits(payload: number | undefined) {
  const server = { max_payload: payload };
  const connection = { info: server as { max_payload: number | undefined } | undefined };
  return { server, connection, limits: new MessageLimits(connection as NatsConnection) };
}

const config = (changes: object): StreamConfig => changes as StreamConfig;

describe('MessageLimits', () => {
  it('follow the server, and keep its last limit while the client connects', () => {
    const { server, connection, limits } = createLimits(1_048_576);
    expect(limits.maxDataBytes('a')).to.equal(1_048_576 - HEADERS);
    server.max_payload = 8192;
    expect(limits.maxDataBytes('a')).to.equal(8192 - HEADERS);
    connection.info = undefined;
    expect(limits.maxDataBytes('a')).to.equal(8192 - HEADERS);
    expect(createLimits(undefined).limits.maxDataBytes('a')).to.equal(65_536 - HEADERS);
  });

  it('follow each stream, so that it can keep some records of the largest size', () => {
    const { limits } = createLimits(1_000_000);
    limits.onStream('a', config({ max_msg_size: 2000, max_bytes: -1 }));
    expect(limits.maxDataBytes('a')).to.equal(2000 - HEADERS);
    expect(limits.maxDataBytes('b')).to.equal(1_000_000 - HEADERS);
    limits.onStream('a', config({ max_msg_size: -1, max_bytes: 40_000 }));
    expect(limits.maxDataBytes('a')).to.equal(10_000 - HEADERS);
    limits.onStream('a', config({}));
    expect(limits.maxDataBytes('a')).to.equal(1_000_000 - HEADERS);
  });

  it('find out a limit that the server does not state, and forget it with the connection', () => {
    const { limits, server } = createLimits(1_000_000);
    const publish = (): number => {
      const bytes = limits.maxDataBytes('a');
      limits.onPublish(bytes);
      limits.onViolation();
      limits.onReconnect();
      return bytes;
    };
    publish();
    expect(limits.maxDataBytes('a')).to.equal(500_000 - HEADERS);
    while (limits.problem('a') === undefined) publish();
    expect(limits.problem('a')).to.match(/^max_payload of the server, or of its account, is 976 bytes/);
    limits.onReconnect();
    expect(limits.maxDataBytes('a')).to.equal(1_000_000 - HEADERS);
    // The new server states why the message was too large.
    limits.onPublish(100_000);
    limits.onViolation();
    server.max_payload = 90_000;
    limits.onReconnect();
    expect(limits.maxDataBytes('a')).to.equal(90_000 - HEADERS);
    limits.onRefused(2000);
    expect(limits.maxDataBytes('a')).to.equal((2000 + HEADERS) / 2 - HEADERS);
  });

  it('say which limit is too small', () => {
    const { limits, server } = createLimits(1024);
    expect(limits.problem()).to.equal(undefined);
    expect(limits.problem('a')).to.equal(undefined);
    limits.onStream('a', config({ max_msg_size: 767 }));
    expect(limits.problem()).to.equal(undefined);
    expect(limits.problem('a')).to.match(
      /^the stream a limits a message to 767 bytes, .* at least 768; raise/,
    );
    server.max_payload = 1023;
    expect(limits.problem()).to.match(/^max_payload .* is 1023 bytes, .* at least 1024; raise/);
  });
});
