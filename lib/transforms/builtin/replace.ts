import { objectTransform } from 'through2';
import type { Message } from '../../protocol/message.js';
import type { TransformFactory } from '../factory.js';
import { named } from '../transform-name.js';
import { TransformOptions } from './options.js';

export interface ReplaceOptions {
  /** Every match of it in a line is replaced, whether it has a `g` flag or not. */
  readonly pattern: RegExp | string;
  /** What stands in its place; `$1`, `$<name>` and `$&` as `String.replace` has them. Default: nothing. */
  readonly with?: string;
}

/**
 * Replaces what matches in each line. A line in which nothing matches stays byte for byte as it is.
 *
 * @example
 * createRelay({ transforms: [replace({ pattern: /\d{16}/, with: '****' })] });
 * // mini-serv -t 'replace=pattern:\d{16},with:****' 4242
 *
 * @throws {MiniServError} ERR_OPTION
 */
export function replace(options: ReplaceOptions): TransformFactory {
  const read = new TransformOptions('replace', options, ['pattern', 'with']);
  const pattern = read.pattern('pattern');
  if (pattern === undefined) return read.refuse('pattern', 'a regular expression');
  const every = new RegExp(pattern, `${pattern.flags.replace('g', '')}g`);
  const { with: replacement = '' } = options;
  if (typeof replacement !== 'string') return read.refuse('with', 'a text');

  return named('replace', () => {
    return objectTransform((message: Message, _encoding, done) => {
      if (message.kind !== 'line') done(null, message);
      else done(null, { ...message, text: message.text.replace(every, replacement) });
    });
  });
}
