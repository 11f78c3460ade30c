// The order in which docs/api.md lists the public exports.

/** Interfaces whose methods are those of node:fs/promises and need no description. */
export const AS_IN_NODE = ['FileSystem', 'SpillHandle'];

/** Members that classes have from Node or from the language. */
export const OMITTED_MEMBERS = /^(?:emit|name|\[.*)$/;

/** @type {readonly { title: string; text: string; names: readonly string[] }[]} */
export const SECTIONS = [
  {
    title: 'Relays',
    text: 'A relay is a room and its clients.',
    names: [
      'createRelay',
      'RelayOptions',
      'Relay',
      'ReadStreamOptions',
      'Format',
      'ClientHandle',
      'InheritedSocket',
    ],
  },
  {
    title: 'Events',
    text: "A relay is an `EventEmitter`. Example: `relay.on('joined', (client) => …)`.",
    names: ['RelayEvents'],
  },
  {
    title: 'Statistics',
    text: '`relay.stats()` and `relay.clientStats()` return these numbers.',
    names: ['RelayStats', 'EngineState', 'ClientStats'],
  },
  {
    title: 'Errors',
    text: 'Every error that mini-serv itself creates is a `MiniServError` with a stable `code`.',
    names: ['MiniServError', 'ErrorCode'],
  },
  {
    title: 'Transforms',
    text: 'A transform reads the messages of one client and can change or drop them. [transforms.md](transforms.md) explains how to write one.',
    names: [
      ...['MessageTransform', 'MessageFunction', 'MessageAnswer', 'MessageGenerator', 'StreamTransform'],
      ...['Message', 'ClientInfo'],
      ...['loadTransforms', 'LoadOptions', 'TransformSpec'],
      ...['filter', 'FilterOptions', 'replace', 'ReplaceOptions', 'rate', 'RateOptions'],
      ...['timestamp', 'TimestampOptions', 'log', 'LogOptions', 'escape', 'exec', 'ExecOptions', 'noHttp'],
    ],
  },
  {
    title: 'Transcripts',
    text: '[transcript.md](transcript.md) explains the formats and how an audit file survives failures.',
    names: ['auditTo', 'AuditOptions', 'Audit', 'escapeControls', 'EscapeOptions', 'escapeText'],
  },
  {
    title: 'Shared rooms',
    text: '[rooms.md](rooms.md) explains how relays on several machines share a room.',
    names: ['openRoom', 'RoomOptions', 'Retention', 'Credentials'],
  },
  {
    title: 'Other engines',
    text: 'With these, a shared room can be carried by an engine other than NATS JetStream.',
    names: [
      'joinRoom',
      'SharedLogOptions',
      'Engine',
      'EngineReader',
      'EventLog',
      'EventLogReader',
      'RoomStateReader',
      'LogEvent',
    ],
  },
  {
    title: 'Simulations',
    text: 'A simulation can replace the clock and the file system of a relay.',
    names: ['Environment', 'Clock', 'FileSystem', 'SpillHandle'],
  },
];
