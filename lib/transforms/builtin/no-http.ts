import { objectTransform } from 'through2';
import type { Message } from '../../protocol/message.js';
import type { TransformFactory } from '../factory.js';
import { named } from '../transform-name.js';
import { TransformOptions } from './options.js';

// RFC 9112, section 3: method SP request-target SP HTTP-version. A method is a token, in any case of letters.
const REQUEST = /^[\w!#$%&'*+.^`|~-]+ \S+ HTTP\/\d+(?:\.\d+)?\r?$/;

/**
 * Refuses a connection whose first line is an HTTP request: a web page that somebody on this machine looks at
 * can post to a localhost port, and each line of its request would be said in the room. It is the first line
 * that tells, so the room hears that such a client arrived and left, and nothing else of it. No options.
 *
 * It also shows how a transform refuses its client: with an error whose `code` is `ERR_REFUSED`.
 *
 * @example
 * createRelay({ transforms: [noHttp()] }); // mini-serv -t no-http 4242
 *
 * @throws {MiniServError} ERR_OPTION
 */
export function noHttp(options: Record<string, never> = {}): TransformFactory {
  new TransformOptions('no-http', options, []);
  return named('no-http', () => {
    let first = true;
    return objectTransform((message: Message, _encoding, done) => {
      if (first && message.kind === 'line') {
        first = false;
        if (REQUEST.test(message.text)) {
          done(Object.assign(new Error('its first line is an HTTP request'), { code: 'ERR_REFUSED' }));
          return;
        }
      }
      done(null, message);
    });
  });
}
