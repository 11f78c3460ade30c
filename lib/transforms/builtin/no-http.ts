import { objectTransform } from 'through2';
import type { Message } from '../../protocol/message.js';
import type { MessageTransform } from '../transform.js';
import { TransformOptions } from './options.js';

// RFC 9112, section 3: method SP request-target SP HTTP-version. A method is any token.
const REQUEST = /^[\w!#$%&'*+.^`|~-]+ \S+ HTTP\/\d+(?:\.\d+)?\r?$/;

/**
 * Refuses a client whose first line is an HTTP request. A web page that is open on this machine can post to a localhost
 * port, and each line of its request would become a message. The room sees that such a client arrives and leaves, and
 * nothing else of it. Has no options.
 *
 * @example
 * createRelay({ transforms: [noHttp()] }); // mini-serv -t no-http 4242
 *
 * @throws {MiniServError} ERR_OPTION
 */
export function noHttp(options: Record<string, never> = {}): MessageTransform {
  new TransformOptions('no-http', options, []);
  return {
    name: 'no-http',
    createStream() {
      let isFirstLine = true;
      return objectTransform((message: Message, _encoding, done) => {
        if (isFirstLine && message.kind === 'line') {
          isFirstLine = false;
          if (REQUEST.test(message.text)) {
            done(Object.assign(new Error('its first line is an HTTP request'), { code: 'ERR_REFUSED' }));
            return;
          }
        }
        done(null, message);
      });
    },
  };
}
