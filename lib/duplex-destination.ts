import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Destination } from './reader.js';

/**
 * A client's connection as a reader's destination. A socket hands the bytes to the kernel and so may share the
 * log's; any other Duplex may keep what it is given, and gets a copy.
 */
export function duplexDestination(duplex: Duplex): Destination {
  const shares: boolean = duplex.constructor === Socket;
  return {
    most: undefined,
    timed: false,
    send(bytes, done) {
      if (!duplex.writable) {
        done(new Error('the connection is gone'));
      } else if (!shares) {
        duplex.write(Buffer.concat(bytes), done);
      } else {
        const last = bytes.length - 1;
        if (last > 0) duplex.cork();
        for (let i = 0; i < last; i++) duplex.write(bytes[i]);
        duplex.write(bytes[last], done);
        if (last > 0) duplex.uncork();
      }
    },
    finish: () => void duplex.end(),
    fail: (error) => void duplex.destroy(error),
  };
}
