import { objectTransform } from 'through2';
import { type Message, toBytes } from '../../protocol/message.js';
import { escapeBytes, escapeText } from '../../util/escape.js';
import type { TransformFactory } from '../factory.js';
import { named } from '../transform-name.js';
import { TransformOptions } from './options.js';

/**
 * Makes control characters visible (`\x1b`, `\r`, `\u202e`, and `\xff` for what is no valid UTF-8), so that no
 * client can move the cursor of another's terminal or forge a notice in it. Tabs stay. It has no options.
 *
 * @example
 * createRelay({ transforms: [escape()] }); // mini-serv -t escape 4242
 *
 * @throws {MiniServError} ERR_OPTION
 */
// biome-ignore lint/suspicious/noShadowRestrictedNames: in code it has the name that it has in a shell
export function escape(options: Record<string, never> = {}): TransformFactory {
  new TransformOptions('escape', options, []);
  return named('escape', () => {
    return objectTransform((message: Message, _encoding, done) => {
      if (message.kind !== 'line') done(null, message);
      // A text has U+FFFD where its bytes are no UTF-8, and one of those alone can be a control character.
      else if (message.text.includes('\ufffd'))
        done(null, { ...message, text: escapeBytes(toBytes(message)) });
      else done(null, { ...message, text: escapeText(message.text) });
    });
  });
}
