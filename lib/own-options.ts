/**
 * Every option that Node's streams, sockets and servers look at. One that is not given would be looked for on
 * Object.prototype too, where a dependency of somebody's transform, or what a client has sent to a careless one, may
 * have left something.
 */
const ABSENT = Object.fromEntries(
  [
    ...['highWaterMark', 'readableHighWaterMark', 'writableHighWaterMark'],
    ...['objectMode', 'readableObjectMode', 'writableObjectMode'],
    ...[
      'encoding',
      'defaultEncoding',
      'decodeStrings',
      'emitClose',
      'autoDestroy',
      'captureRejections',
      'signal',
    ],
    ...['construct', 'read', 'write', 'writev', 'final', 'destroy', 'transform', 'flush'],
    ...['readable', 'writable', 'allowHalfOpen', 'maxLength', 'skipOverflow'],
    ...['handle', '_handle', 'fd', 'onread', 'manualStart', 'pauseOnCreate', 'pauseOnConnect'],
    ...['noDelay', 'keepAlive', 'keepAliveInitialDelay', 'blockList'],
    ...['path', 'ipv6Only', 'exclusive', 'reusePort', 'readableAll', 'writableAll'],
  ].map((name) => [name, undefined]),
);

/** These options and no others, also when they are copied: all that there are besides are there, and undefined. */
export function ownOptions<Options extends object>(options: Options): Options {
  return { ...ABSENT, ...options };
}

/** The options that somebody has given us, without what all objects inherit. */
export function bare<Options extends object>(options: Options): Options {
  return Object.assign(Object.create(null), options);
}
