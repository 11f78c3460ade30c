import { getDefaultHighWaterMark, Writable } from 'node:stream';
import type { Sink } from './sink.js';

/**
 * Wraps a sink in a Writable. Chunks that arrive while the sink is busy become one write.
 *
 * @param open called before the first write
 * @param highWaterMark bytes of waiting chunks at which `write()` returns false
 */
export function sinkStream(
  open: () => Promise<Pick<Sink, 'write' | 'end'>>,
  highWaterMark: number = getDefaultHighWaterMark(false),
): Writable {
  let opening: ReturnType<typeof open> | undefined;
  return new Writable({
    highWaterMark,
    writev(chunks, callback) {
      opening ??= open();
      opening.then(
        (sink) =>
          sink.write(
            chunks.map(({ chunk }) => chunk as Buffer),
            callback,
          ),
        callback,
      );
    },
    final(callback) {
      if (opening === undefined) callback();
      else opening.then((sink) => sink.end()).then(() => callback(), callback);
    },
  });
}
