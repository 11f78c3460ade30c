import type { Writable } from 'node:stream';
import { objectTransform } from 'through2';
import type { Message } from '../message.js';
import type { TransformFactory } from '../transform.js';

export interface LogOptions {
  /** Where to write; the caller owns it, and listens for its errors. */
  readonly to: Writable;
  /** How a message is written, without its newline. Default: JSON. */
  readonly format?: (message: Message) => string;
}

/**
 * Writes each message to a stream on its way, at this place in the chain. A log that is slow makes the client
 * wait, and nobody else; one that has failed or ended is given up.
 *
 * @example
 * createRelay({ transforms: [log({ to: createWriteStream('room.log', { flags: 'a' }) })] });
 */
export function log({ to, format = JSON.stringify }: LogOptions): TransformFactory {
  return () =>
    objectTransform((message: Message, _encoding, done) => {
      if (!to.writable) done(null, message);
      else to.write(`${format(message)}\n`, () => done(null, message));
    });
}
