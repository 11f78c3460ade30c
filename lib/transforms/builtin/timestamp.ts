import { objectTransform } from 'through2';
import type { Message } from '../../protocol/message.js';
import type { TransformFactory } from '../factory.js';
import { named } from '../transform-name.js';
import { TransformOptions } from './options.js';

export interface TimestampOptions {
  /** `iso`: 2026-01-31T12:34:56.789Z; `time`: 12:34:56, in UTC; `unix`: 1769862896.789. Default: iso. */
  readonly format?: 'iso' | 'time' | 'unix';
  /** The time, in milliseconds since 1970. Default: `Date.now`. */
  readonly now?: () => number;
}

const FORMATS = {
  iso: (now: number) => new Date(now).toISOString(),
  time: (now: number) => new Date(now).toISOString().slice(11, 19),
  unix: (now: number) => (now / 1000).toFixed(3),
};

/**
 * Puts the time at which a line came through before its text.
 *
 * @example
 * createRelay({ transforms: [timestamp({ format: 'time' })] }); // mini-serv -t timestamp=format:time 4242
 *
 * @throws {MiniServError} ERR_OPTION
 */
export function timestamp(options: TimestampOptions = {}): TransformFactory {
  const read = new TransformOptions('timestamp', options, ['format', 'now']);
  const format = FORMATS[read.choice('format', ['iso', 'time', 'unix'])];
  const { now = Date.now } = options;
  if (typeof now !== 'function') return read.refuse('now', 'a function that gives milliseconds');

  return named('timestamp', () => {
    return objectTransform((message: Message, _encoding, done) => {
      if (message.kind !== 'line') done(null, message);
      else done(null, { ...message, text: `${format(now())} ${message.text}` });
    });
  });
}
