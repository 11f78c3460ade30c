import { Socket } from 'node:net';
import { DuplexSink } from './duplex-sink.js';
import type { Sink } from './sink.js';

/** A pipe or a socket. Not through `fs`: one that is full would keep one of libuv's few threads. */
export function pipeSink(fd: number): Sink {
  const socket = new Socket({ fd, readable: false, writable: true });
  // Each write tells its own.
  socket.on('error', () => {});
  const destination = new DuplexSink(socket);
  return {
    maxBytes: undefined,
    write: (bytes, done) => destination.send(bytes, done),
    end: () =>
      new Promise((resolve) => {
        socket.once('close', resolve);
        socket.end(() => socket.destroy());
      }),
    destroy: () => void socket.destroy(),
  };
}
