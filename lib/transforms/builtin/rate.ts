import { objectTransform } from 'through2';
import type { Message } from '../../protocol/message.js';
import { type Clock, nodeEnvironment } from '../../util/environment.js';
import type { TransformFactory } from '../factory.js';
import { named } from '../transform-name.js';
import { TransformOptions } from './options.js';

export interface RateOptions {
  /** How many lines a second each client may say. */
  readonly lines: number | string;
  /** How many it may say at once after a silence. Default: as many as in a second, and at least one. */
  readonly burst?: number | string;
  /** What becomes of lines in excess: they wait, and their client with them, or are dropped. Default: wait. */
  readonly excess?: 'wait' | 'drop';
  /** Default: the real one. */
  readonly clock?: Pick<Clock, 'now' | 'setTimer'>;
}

/**
 * Limits how many lines a second each client may say. Excess waits: the client is read no faster, and nothing
 * is lost; nobody else waits. Notices pass, in their place.
 *
 * @example
 * createRelay({ transforms: [rate({ lines: 10 })] }); // mini-serv -t rate=lines:10,excess:drop 4242
 *
 * @throws {MiniServError} ERR_OPTION
 */
export function rate(options: RateOptions): TransformFactory {
  const read = new TransformOptions('rate', options, ['lines', 'burst', 'excess', 'clock']);
  const lines = read.number('lines', 0.001) ?? read.refuse('lines', 'a number of lines a second');
  const most = read.number('burst', 1) ?? Math.max(1, lines);
  const drops = read.choice('excess', ['wait', 'drop']) === 'drop';
  const { clock = nodeEnvironment.clock } = options;
  const interval = 1000 / lines;

  return named('rate', () => {
    // A bucket of allowances, filled as time goes by: told by the time at which it will be full again.
    let full = clock.now();
    let cancel = (): void => {};
    const stage = objectTransform((message: Message, _encoding, done) => {
      if (message.kind !== 'line') {
        done(null, message);
        return;
      }
      const now = clock.now();
      const wait = Math.max(full, now) - now - (most - 1) * interval;
      // Half a microsecond for the rounding of sums.
      if (wait > 0.0005 && drops) {
        done();
        return;
      }
      full = Math.max(full, now) + interval;
      if (wait > 0.0005) cancel = clock.setTimer(wait, () => done(null, message));
      else done(null, message);
    });
    stage.once('close', () => cancel());
    return stage;
  });
}
