import type { Writable } from 'node:stream';
import { objectTransform } from 'through2';
import type { Message } from '../../protocol/message.js';
import { logSink } from '../../sinks/log-sink.js';
import { escapeText, toSafeJson } from '../../util/escape-text.js';
import type { MessageTransform } from '../transform.js';
import { TransformOptions } from './options.js';

/** Options of {@link log}. */
export interface LogOptions {
  /**
   * Where to write: `'stderr'`, the path of a file to append to, or a stream. The owner of a stream has to handle its
   * errors. Default: `'stderr'`.
   */
  readonly to?: Writable | string;
  /**
   * How to write a message, without the newline. `text`: the time and the line as the room receives it, with control
   * characters made visible. `json`: an object with `time` and the fields of the message. Default: `text` for
   * `'stderr'`, otherwise `json`.
   */
  readonly format?: 'text' | 'json' | ((message: Message) => string);
  /** Returns the time in milliseconds since 1970. Default: `Date.now`. */
  readonly now?: () => number;
}

/**
 * Writes the messages that reach its place in the chain. Senders wait while the log is slow; a log that has failed or
 * ended is no longer written to. (Use `auditTo` for a record that never delays the room.)
 *
 * @example
 * createRelay({ transforms: [log({ to: 'room.log' })] }); // mini-serv -t log=to:room.log 4242
 *
 * @throws {MiniServError} ERR_OPTION, also if the file cannot be opened
 */
export function log(options: LogOptions = {}): MessageTransform {
  const read = new TransformOptions('log', options, ['to', 'format', 'now']);
  const { to = 'stderr', now = Date.now } = options;
  if (typeof now !== 'function') return read.reject('now', 'a function that returns milliseconds');
  if (to === '' || (typeof to !== 'string' && typeof to?.write !== 'function')) {
    return read.reject('to', 'stderr, the path of a file, or a stream');
  }
  const time = (): string => new Date(now()).toISOString();
  const formats = {
    text: (message: Message) => prefixLines(`${time()} `, toText(message)),
    json: (message: Message) => toSafeJson({ time: time(), ...message }),
  };
  const format =
    typeof options.format === 'function'
      ? options.format
      : formats[read.choice('format', to === 'stderr' ? ['text', 'json'] : ['json', 'text'])];
  const sink = typeof to === 'string' ? openSink(read, to) : to;

  return {
    name: 'log',
    createStream: () =>
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
  };
}

function openSink(read: TransformOptions<'to'>, to: string): Writable {
  try {
    return logSink(to);
  } catch (error) {
    return read.reject('to', `a file that can be written to (${(error as Error).message})`);
  }
}

function toText(message: Message): string {
  return message.kind === 'line'
    ? prefixLines(`client ${message.client}: `, escapeText(message.text))
    : `server: client ${message.client} just ${message.kind}`;
}

/** A text with newlines becomes several lines of the room. */
function prefixLines(prefix: string, lines: string): string {
  return prefix + lines.replace(/\n(?=[^\n])/g, `\n${prefix}`);
}
