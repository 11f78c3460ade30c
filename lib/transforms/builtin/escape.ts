import { objectTransform } from 'through2';
import { type Message, toBytes } from '../../protocol/message.js';
import { escapeBytes, escapeText } from '../../util/escape-text.js';
import type { MessageTransform } from '../transform.js';
import { TransformOptions } from './options.js';

/**
 * Makes control characters and invisible characters visible (`\x1b`, `\r`, `\u200b`, and `\xff` for invalid UTF-8), so that
 * no client can move the cursor in the terminal of another client. Tabs are kept. Has no options.
 *
 * @example
 * createRelay({ transforms: [escape()] }); // mini-serv -t escape 4242
 *
 * @throws {MiniServError} ERR_OPTION
 */
// biome-ignore lint/suspicious/noShadowRestrictedNames: the transform has the same name in code as in `-t escape`
export function escape(options: Record<string, never> = {}): MessageTransform {
  new TransformOptions('escape', options, []);
  return {
    name: 'escape',
    createStream: () =>
      objectTransform((message: Message, _encoding, done) => {
        if (message.kind !== 'line') done(null, message);
        // The text has U+FFFD in the place of each invalid byte, and such a byte can be a C1 control character.
        else if (message.text.includes('\ufffd'))
          done(null, { ...message, text: escapeBytes(toBytes(message)) });
        else done(null, { ...message, text: escapeText(message.text) });
      }),
  };
}
