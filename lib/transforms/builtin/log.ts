import type { Writable } from 'node:stream';
import { objectTransform } from 'through2';
import type { Message } from '../../protocol/message.js';
import { logSink } from '../../sinks/log-sink.js';
import { escapeText } from '../../util/escape.js';
import type { TransformFactory } from '../factory.js';
import { named } from '../transform-name.js';
import { TransformOptions } from './options.js';

export interface LogOptions {
  /**
   * Where to write: `'stderr'`, the path of a file that is appended to, or a stream; the caller owns a stream,
   * and listens for its errors. Default: standard error.
   */
  readonly to?: Writable | string;
  /**
   * How a message is written, without its newline. `text` is for people: its time, and the line as it goes out,
   * with control characters made visible. `json` is an object of `time` and what the message has.
   * Default: text on standard error, else JSON.
   */
  readonly format?: 'text' | 'json' | ((message: Message) => string);
  /** The time, in milliseconds since 1970. Default: `Date.now`. */
  readonly now?: () => number;
}

/**
 * Writes each message on its way, at this place in the chain: what a filter before it drops, it does not see. A
 * log that is slow makes those wait who say something; one that has failed or ended is given up. (A record
 * that can never hold up the room is the relay's `output`.)
 *
 * @example
 * createRelay({ transforms: [log({ to: 'room.log' })] }); // mini-serv -t log=to:room.log 4242
 *
 * @throws {MiniServError} ERR_OPTION, also if the file cannot be opened
 */
export function log(options: LogOptions = {}): TransformFactory {
  const read = new TransformOptions('log', options, ['to', 'format', 'now']);
  const { to = 'stderr', now = Date.now, format: own } = options;
  if (typeof now !== 'function') return read.refuse('now', 'a function that gives milliseconds');
  if (to === '' || (typeof to !== 'string' && typeof to?.write !== 'function')) {
    return read.refuse('to', 'stderr, the path of a file, or a stream');
  }
  const time = (): string => new Date(now()).toISOString();
  const formats = {
    text: (message: Message) => `${time()} ${escapeText(toText(message))}`,
    json: (message: Message) => JSON.stringify({ time: time(), ...message }),
  };
  const format =
    typeof own === 'function'
      ? own
      : formats[read.choice('format', to === 'stderr' ? ['text', 'json'] : ['json', 'text'])];
  const sink = typeof to === 'string' ? open(read, to) : to;

  return named('log', () =>
    objectTransform((message: Message, _encoding, done) => {
      if (!sink.writable) {
        done(null, message);
        return;
      }
      const line = `${format(message)}\n`;
      if (sink.writableLength >= sink.writableHighWaterMark) {
        sink.write(line, () => done(null, message));
      } else {
        sink.write(line);
        done(null, message);
      }
    }),
  );
}

function open(read: TransformOptions<'to'>, to: string): Writable {
  try {
    return logSink(to);
  } catch (error) {
    return read.refuse('to', `a file that can be written to (${(error as Error).message})`);
  }
}

function toText(message: Message): string {
  if (message.kind === 'line') return `client ${message.client}: ${message.text}`;
  return `server: client ${message.client} just ${message.kind}`;
}
