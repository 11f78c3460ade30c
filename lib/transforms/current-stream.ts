import { Duplex } from 'node:stream';
import { type StreamTraits, traitsOf } from '../util/stream-traits.js';
import { toError } from '../util/to-error.js';
import { guardMethods } from './guard-methods.js';

/** A stream of readable-stream 2 or 3, of a package built on them, or of streamx. */
interface ForeignDuplex extends NodeJS.EventEmitter {
  allowHalfOpen?: boolean;
  readonly destroying?: boolean;
  readonly _readableState?: { readonly length?: number };
  readonly _writableState?: { afterWrite?: (error?: Error | null) => void };
  write(chunk: unknown, onWritten?: (error?: Error | null) => void): boolean;
  end(): void;
  read(): unknown;
  pause(): void;
  resume(): void;
  destroy?(error?: Error): void;
}

/**
 * Returns a stream of Node's own that works as the given one, in object mode. A stream that has the properties of Node's
 * own streams is returned as it is.
 *
 * Older streams and streamx have no `writableLength`, no `errored` and no `readableEnded`, do not destroy themselves at
 * their end, or do not call back for a write.
 */
export function toCurrentStream(stream: object): Duplex {
  const { isCurrent, isStreamx } = traitsOf(stream) as StreamTraits;
  return isCurrent ? (stream as Duplex) : wrap(stream as ForeignDuplex, isStreamx);
}

function wrap(foreign: ForeignDuplex, isStreamx: boolean): Duplex {
  /** The callback of the write or of the end in progress. There is one at a time. */
  let onDone: ((error?: Error | null) => void) | null = null;
  let isReading = false;
  let isPaused = false;
  let hasEnded = false;
  let hasFinished = false;
  let isDestroying = false;

  const done = (): void => {
    const callback = onDone;
    onDone = null;
    callback?.();
  };
  /** Takes what the stream has emitted: after its failure this is still valid. */
  const drain = (): void => {
    // Only a stream of streamx never produces more when it is read.
    const length = isStreamx ? Number.POSITIVE_INFINITY : (foreign._readableState?.length ?? 0);
    for (let left = length; left > 0 && foreign.read() !== null; left--);
  };
  const fail = (error: unknown): void => {
    duplex.destroy(toError(error));
  };
  const guarded = (call: () => void): void => {
    try {
      call();
    } catch (error) {
      fail(error);
    }
  };
  const onWritten = (error?: Error | null): void => {
    if (error) fail(error);
    else done();
  };
  const onData = (chunk: unknown): void => {
    isPaused = !duplex.push(chunk);
    if (isPaused) foreign.pause();
  };

  // Taken before it is guarded: what it throws is to be the error of the duplex.
  const destroyForeign = foreign.destroy;
  const duplex = new Duplex({
    objectMode: true,
    read() {
      guarded(() => {
        if (!isReading) foreign.on('data', onData);
        isReading = true;
        isPaused = false;
        foreign.resume();
      });
    },
    write(chunk: unknown, _encoding, callback) {
      onDone = callback;
      guarded(() => void (isStreamx ? foreign.write(chunk) : foreign.write(chunk, onWritten)));
    },
    final(callback) {
      if (hasFinished) {
        callback();
        return;
      }
      onDone = callback;
      guarded(() => foreign.end());
    },
    destroy(error, callback) {
      onDone = null;
      try {
        destroyForeign?.call(foreign, error ?? undefined);
        callback(error);
      } catch (reason) {
        callback(error ?? (reason as Error));
      }
    },
  });

  guardMethods(foreign, fail);
  const { destroy } = duplex;
  duplex.destroy = (error) => {
    if (isDestroying) return duplex;
    isDestroying = true;
    if (isReading) drain();
    return destroy.call(duplex, error);
  };
  foreign.on('error', fail);
  foreign.on('end', () => {
    hasEnded = true;
    duplex.push(null);
  });
  foreign.on('finish', () => {
    hasFinished = true;
    done();
  });
  foreign.on('close', () => {
    if (!hasEnded || !hasFinished) duplex.destroy();
  });
  const writable = foreign._writableState;
  if (isStreamx && writable?.afterWrite !== undefined) {
    // streamx has no callbacks for writes. It calls this function after each of them, and when it is destroyed.
    const { afterWrite } = writable;
    writable.afterWrite = (error) => {
      if (error) fail(error);
      afterWrite(error);
      if (foreign.destroying === true) return;
      // Unlike Node, streamx forgets what it has emitted when it is destroyed.
      if (isReading && !isPaused) drain();
      done();
    };
  }
  foreign.allowHalfOpen = true;
  return duplex;
}
