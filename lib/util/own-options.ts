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

/**
 * The options that somebody has given us, also those that theirs inherit (from a class, from defaults), without what
 * all objects do. What is inherited is not enumerable: a class may have more than options.
 */
export function bare<Options extends object>(options: Options): Options {
  const own = Object.create(null);
  for (let from = parent(options); from !== null && from !== Object.prototype; from = parent(from)) {
    for (const name of Object.getOwnPropertyNames(from)) {
      if (name in own) continue;
      Object.defineProperty(own, name, {
        value: options[name as keyof Options],
        writable: true,
        configurable: true,
      });
    }
  }
  for (const name of Object.keys(options ?? {})) {
    const value = options[name as keyof Options];
    Object.defineProperty(own, name, { value, writable: true, configurable: true, enumerable: true });
  }
  return own;
}

function parent(of: unknown): object | null {
  return typeof of === 'object' && of !== null ? Object.getPrototypeOf(of) : null;
}
