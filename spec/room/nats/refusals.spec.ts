import * as jetstream from '@nats-io/jetstream';
import * as transport from '@nats-io/transport-node';
import { expect } from 'chai';
import { Refusals } from '../../../lib/room/nats/refusals.js';
import { MiniServError } from '../../../lib/util/errors.js';
import { SimulatedTime } from '../../support/simulated-time.js';

const packages = { transport, jetstream };

function createRefusals({ info }: { info?: object } = { info: { jetstream: true } }) {
  const time = new SimulatedTime();
  const connection = { info } as unknown as transport.NatsConnection;
  return { time, refusals: new Refusals(packages, connection, time.clock) };
}

function answer(code: number, status = 400): Error {
  const error = { err_code: code, code: status, description: 'an answer' };
  return new jetstream.JetStreamApiError(error);
}

/** An error of the client, which does not export its class. */
function notEnabled(cause?: Error): Error {
  const error = new Error('jetstream is not enabled', { cause });
  error.name = 'JetStreamNotEnabled';
  return error;
}

describe('Refusals', () => {
  it('waits for a cluster that is starting, and for a server that does not answer', async () => {
    const { time, refusals } = createRefusals();
    for (const code of [10004, 10005, 10007, 10008, 10009, 10041, 10071, 10164]) {
      for (let i = 0; i < 3; i++) {
        expect(refusals.judge(answer(code, 503), 'x'), `${code}`).to.equal(undefined);
        await time.advance(60_000);
      }
    }
    const errors = [new Error('the connection is lost'), new transport.TimeoutError(), notEnabled()];
    for (const error of errors) {
      expect(refusals.judge(error, 'x')).to.equal(undefined);
      expect(refusals.isLimit(error)).to.equal(false);
    }
  });

  it('waits while the same message is being stored, and while the stream is busy or is updated', () => {
    const { refusals } = createRefusals();
    for (const [code, status] of [
      [10158, 409],
      [10167, 429],
      [10124, 400],
      [10226, 400],
    ] as const) {
      expect(refusals.judge(answer(code, status), 'x'), `${code}`).to.equal(undefined);
    }
  });

  it('tells a message that is too large from other refusals', () => {
    const { refusals } = createRefusals();
    const tooLarge = transport.InvalidArgumentError.format('payload', 'max_payload size exceeded');
    for (const error of [answer(10054), tooLarge]) {
      expect(refusals.isLimit(error)).to.equal(true);
      expect(refusals.judge(error, 'x')).to.equal(undefined);
    }
    const others = [answer(10077, 503), transport.InvalidArgumentError.format('subject', 'is empty')];
    for (const error of others) expect(refusals.isLimit(error)).to.equal(false);
  });

  it('refuses at once what waiting does not change, and says what to do', () => {
    const { refusals } = createRefusals();
    for (const [code, advice] of [
      [10002, /the account is full: .*raise/],
      [10047, /64 MiB for snapshots: lower --room-retention/],
      [10052, /change the limits for streams/],
      [10113, /set --room-retention to a size/],
      [10122, /64 MiB for snapshots: lower --room-retention/],
      [10077, /the stream is full: raise its limits/],
      [10027, /raise max_streams/],
      [10060, /delete that stream/],
      [10074, /--room-replicas 1/],
      [10109, /is sealed/],
      [10999, /see the log of the server/],
    ] as const) {
      const error = refusals.judge(answer(code), 'the records');
      expect(error).to.include({ code: 'ERR_ROOM_REFUSED' });
      expect(error?.message).to.match(/^the engine refuses the records: an answer \(JetStream error /);
      expect(error?.message).to.match(advice);
    }
    const final = new MiniServError('ERR_ROOM_FOREIGN', 'final');
    expect(refusals.judge(final, 'x')).to.equal(final);
  });

  it('refuses after a while what only a starting server or an earlier connection causes', async () => {
    for (const [error, ms] of [
      [answer(10023, 503), 3000],
      [answer(10026), 15_000],
      [answer(10988, 500), 15_000],
      [notEnabled(answer(10039, 503)), 3000],
    ] as const) {
      const { time, refusals } = createRefusals();
      expect(refusals.judge(error, 'x')).to.equal(undefined);
      await time.advance(ms - 1);
      expect(refusals.judge(error, 'x')).to.equal(undefined);
      refusals.onSuccess('x');
      expect(refusals.judge(error, 'x')).to.equal(undefined);
      await time.advance(ms - 1);
      refusals.onSuccess('another request');
      expect(refusals.judge(error, 'x')).to.equal(undefined);
      await time.advance(1);
      expect(refusals.judge(error, 'x')).to.include({ code: 'ERR_ROOM_REFUSED' });
    }
  });

  it('waits as long again after a reconnection', async () => {
    const { time, refusals } = createRefusals();
    expect(refusals.judge(answer(10026), 'x')).to.equal(undefined);
    await time.advance(20_000);
    refusals.onReconnect();
    expect(refusals.judge(answer(10026), 'x')).to.equal(undefined);
  });

  it('refuses a server without JetStream, unless it belongs to a cluster or is not known', async () => {
    for (const [info, isRefused] of [
      [{}, true],
      [{ jetstream: true }, false],
      [{ cluster: 'rooms' }, false],
      [undefined, false],
    ] as [object, boolean][]) {
      const { time, refusals } = createRefusals({ info });
      refusals.judge(notEnabled(), 'x');
      await time.advance(5000);
      expect(refusals.judge(notEnabled(), 'x') !== undefined, JSON.stringify(info)).to.equal(isRefused);
    }
  });
});
