import { objectTransform } from 'through2';
import type { Message } from '../../protocol/message.js';
import type { MessageTransform } from '../transform.js';
import { TransformOptions } from './options.js';

/** Options of {@link replace}. */
export interface ReplaceOptions {
  /** Every match in a line is replaced, with or without the flag `g`. */
  readonly pattern: RegExp | string;
  /** The replacement, in which `$1`, `$<name>` and `$&` work as in `String.replace`. Default: nothing. */
  readonly with?: string;
}

/**
 * Replaces every match of a regular expression in each line. A line without a match keeps its bytes.
 *
 * @example
 * createRelay({ transforms: [replace({ pattern: /\d{16}/, with: '****' })] });
 * // mini-serv -t 'replace=pattern:\d{16},with:****' 4242
 *
 * @throws {MiniServError} ERR_OPTION
 */
export function replace(options: ReplaceOptions): MessageTransform {
  const read = new TransformOptions('replace', options, ['pattern', 'with']);
  const pattern = read.pattern('pattern') ?? read.reject('pattern', 'a regular expression');
  const every = new RegExp(pattern, `${pattern.flags.replace('g', '')}g`);
  const { with: replacement = '' } = options;
  if (typeof replacement !== 'string') return read.reject('with', 'text');

  return {
    name: 'replace',
    createStream: () =>
      objectTransform((message: Message, _encoding, done) => {
        if (message.kind !== 'line') done(null, message);
        else done(null, { ...message, text: message.text.replace(every, replacement) });
      }),
  };
}
