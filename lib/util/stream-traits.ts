import type { EventEmitter } from 'node:events';

/** The properties of a stream of any library. Streams of readable-stream 2 and 3 and of streamx lack some of Node's. */
export interface StreamTraits {
  readonly isReadable: boolean;
  readonly isWritable: boolean;
  /** Whether a side carries objects. Undefined where the stream does not tell. */
  readonly readsObjects: boolean | undefined;
  readonly writesObjects: boolean | undefined;
  /** The encoding to which it decodes what is read, if it has one. */
  readonly encoding: string | undefined;
  readonly isDestroyed: boolean;
  /** Whether everything was read, and whether nothing more can be written. */
  readonly hasReadEnd: boolean;
  readonly hasWriteEnd: boolean;
  /** Whether another stream is piped into it. */
  readonly isPipeEnd: boolean;
  readonly isStreamx: boolean;
  /** Whether it has the properties that Node's own streams have had since version 16. */
  readonly isCurrent: boolean;
}

/** The libraries to use instead of one whose streams do not tell whether they carry objects. */
export const KNOWN_LIBRARIES = 'node:stream, readable-stream 2 or later, or streamx';

interface Side {
  readonly objectMode?: boolean;
  readonly encoding?: string | null;
  readonly ended?: boolean;
  readonly ending?: boolean;
  readonly endEmitted?: boolean;
  readonly pipeline?: object | null;
}

interface Properties {
  readonly [name: string]: unknown;
  readonly _readableState?: Side | null;
  readonly _writableState?: Side | null;
}

/** Returns undefined for a value that is not a stream. */
export function traitsOf(value: unknown): StreamTraits | undefined {
  const stream = (value ?? {}) as Properties;
  const has = (...names: string[]): boolean => names.every((name) => typeof stream[name] === 'function');
  const isStreamx = typeof stream._duplexState === 'number';
  const reading = stream._readableState ?? {};
  const writing = stream._writableState ?? {};
  // Each stream of Node has pipe(), also one that can only be written to.
  const isReadable = has('pipe') && (stream.readable !== undefined || stream.writable === undefined);
  const isWritable = has('write');
  if (!isReadable && !isWritable) return undefined;
  return {
    isReadable,
    isWritable,
    readsObjects: (stream.readableObjectMode as boolean | undefined) ?? reading.objectMode,
    writesObjects: (stream.writableObjectMode as boolean | undefined) ?? writing.objectMode,
    encoding: reading.encoding ?? undefined,
    isDestroyed: [stream.destroyed, stream.destroying, stream._destroyed].includes(true),
    hasReadEnd: [reading.endEmitted, isStreamx && reading.ended, stream.readable === false].includes(true),
    hasWriteEnd: [writing.ending, writing.ended, stream.writable === false].includes(true),
    // Node and readable-stream listen for this event on the destination of a pipe.
    isPipeEnd:
      (has('listenerCount') && (value as EventEmitter).listenerCount('unpipe') > 0) ||
      writing.pipeline != null,
    isStreamx,
    isCurrent: typeof stream.writableNeedDrain === 'boolean',
  };
}
