import { objectTransform } from 'through2';
import type { Message } from '../../protocol/message.js';
import { type Clock, nodeEnvironment } from '../../util/environment.js';
import type { MessageTransform } from '../transform.js';
import { TransformOptions } from './options.js';

/** Options of {@link rate}. */
export interface RateOptions {
  /** How many lines per second each client can send. */
  readonly lines: number | string;
  /** How many lines a client can send at once after a pause. Default: as many as in a second, and at least 1. */
  readonly burst?: number | string;
  /** Whether lines in excess wait, and their client with them, or are dropped. Default: wait. */
  readonly excess?: 'wait' | 'drop';
  /** Default: the real clock. */
  readonly clock?: Pick<Clock, 'now' | 'setTimer'>;
}

/** Differences below this are rounding errors of the sums of intervals. */
const ROUNDING_MS = 0.0005;

/**
 * Limits how many lines per second each client can send. Lines in excess wait: the relay reads this client more slowly,
 * and neither loses a line nor delays another client. Notices pass, in order.
 *
 * @example
 * createRelay({ transforms: [rate({ lines: 10 })] }); // mini-serv -t rate=lines:10,excess:drop 4242
 *
 * @throws {MiniServError} ERR_OPTION
 */
export function rate(options: RateOptions): MessageTransform {
  const read = new TransformOptions('rate', options, ['lines', 'burst', 'excess', 'clock']);
  const lines = read.number('lines', 0.001) ?? read.reject('lines', 'a number of lines per second');
  const burst = read.number('burst', 1) ?? Math.max(1, lines);
  const dropsExcess = read.choice('excess', ['wait', 'drop']) === 'drop';
  const { clock = nodeEnvironment.clock } = options;
  const intervalMs = 1000 / lines;

  return {
    name: 'rate',
    createStream() {
      // A token bucket, stored as the time at which it will be full again.
      let fullAt = clock.now();
      let cancelTimer = (): void => {};
      const stream = objectTransform((message: Message, _encoding, done) => {
        if (message.kind !== 'line') {
          done(null, message);
          return;
        }
        const now = clock.now();
        const waitMs = Math.max(fullAt, now) - now - (burst - 1) * intervalMs;
        const isInExcess = waitMs > ROUNDING_MS;
        if (isInExcess && dropsExcess) {
          done();
          return;
        }
        fullAt = Math.max(fullAt, now) + intervalMs;
        if (isInExcess) cancelTimer = clock.setTimer(waitMs, () => done(null, message));
        else done(null, message);
      });
      stream.once('close', () => cancelTimer());
      return stream;
    },
  };
}
