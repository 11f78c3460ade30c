import { objectTransform } from 'through2';
import type { Message } from '../../protocol/message.js';
import type { MessageTransform } from '../transform.js';
import { TransformOptions } from './options.js';

/** Options of {@link timestamp}. */
export interface TimestampOptions {
  /** `iso`: 2026-01-31T12:34:56.789Z; `time`: 12:34:56, in UTC; `unix`: 1769862896.789. Default: iso. */
  readonly format?: 'iso' | 'time' | 'unix';
  /** Returns the time in milliseconds since 1970. Default: `Date.now`. */
  readonly now?: () => number;
}

const FORMATS = {
  iso: (now: number) => new Date(now).toISOString(),
  time: (now: number) => new Date(now).toISOString().slice(11, 19),
  unix: (now: number) => (now / 1000).toFixed(3),
};

/**
 * Prefixes the text of each line with the time at which it passes.
 *
 * @example
 * createRelay({ transforms: [timestamp({ format: 'time' })] }); // mini-serv -t timestamp=format:time 4242
 *
 * @throws {MiniServError} ERR_OPTION
 */
export function timestamp(options: TimestampOptions = {}): MessageTransform {
  const read = new TransformOptions('timestamp', options, ['format', 'now']);
  const format = FORMATS[read.choice('format', ['iso', 'time', 'unix'])];
  const { now = Date.now } = options;
  if (typeof now !== 'function') return read.reject('now', 'a function that returns milliseconds');

  return {
    name: 'timestamp',
    createStream: () =>
      objectTransform((message: Message, _encoding, done) => {
        if (message.kind !== 'line') done(null, message);
        else done(null, { ...message, text: `${format(now())} ${message.text}` });
      }),
  };
}
