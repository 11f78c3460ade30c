// A program that uses every export of the package. It is compiled with each compiler and resolution, and then run.
import { Duplex, PassThrough, type Readable, type Transform } from 'node:stream';
import {
  type Audit,
  type AuditOptions,
  auditTo,
  type ClientHandle,
  type ClientInfo,
  type Clock,
  type Credentials,
  createRelay,
  type Engine,
  type EngineReader,
  type Environment,
  type ErrorCode,
  type EventLog,
  type EventLogReader,
  type ExecOptions,
  // biome-ignore lint/suspicious/noShadowRestrictedNames: this is its name
  escape,
  escapeControls,
  escapeText,
  exec,
  type FileSystem,
  type FilterOptions,
  type Format,
  filter,
  type InheritedSocket,
  joinRoom,
  type LoadOptions,
  type LogEvent,
  type LogOptions,
  loadTransforms,
  log,
  type Message,
  type MessageAnswer,
  type MessageFunction,
  type MessageGenerator,
  type MessageTransform,
  MiniServError,
  noHttp,
  openRoom,
  type RateOptions,
  type ReadStreamOptions,
  Relay,
  type RelayEvents,
  type RelayOptions,
  type RelayStats,
  type ReplaceOptions,
  type Retention,
  type RoomOptions,
  type RoomStateReader,
  rate,
  replace,
  type SharedLogOptions,
  type SpillHandle,
  type StreamTransform,
  type TimestampOptions,
  type TransformSpec,
  timestamp,
} from 'mini-serv';

// Exports that are not used below.
export * from 'mini-serv';

const upper: MessageFunction = (message: Message, client: ClientInfo): MessageAnswer =>
  message.kind === 'line' ? { ...message, text: `${client.id} ${message.text.toUpperCase()}` } : message;
const same: MessageGenerator = async function* (messages) {
  for await (const message of messages) yield message;
};
const stream: StreamTransform = {
  name: 'stream',
  createStream: (client) => new PassThrough({ objectMode: true, highWaterMark: client.id + 1 }),
};
const filterOptions: FilterOptions = { drop: /secret/, dropClient: [1, 2], keepKind: 'line' };
const logOptions: LogOptions = { to: new PassThrough().resume(), format: (message) => message.kind };
const rateOptions: RateOptions = { lines: 10, burst: 5, excess: 'wait' };
const replaceOptions: ReplaceOptions = { pattern: /a/g, with: 'b' };
const timestampOptions: TimestampOptions = { format: 'iso', now: () => Date.now() };
const execOptions: ExecOptions = { file: 'cat', args: ['-u'] };
export const transforms: readonly MessageTransform[] = [
  upper,
  same,
  stream,
  (message) => (message.kind === 'left' ? null : [message, message]),
  async function* (messages, { id }) {
    for await (const message of messages) if (message.client === id) yield message;
  },
  escape(),
  exec(execOptions),
  filter(filterOptions),
  log(logOptions),
  noHttp(),
  rate(rateOptions),
  replace(replaceOptions),
  timestamp(timestampOptions),
];

export async function loadAll(specs: readonly TransformSpec[], options: LoadOptions): Promise<RelayOptions> {
  const loaded: MessageTransform[] = await loadTransforms(['no-http', ...specs], options);
  const { signal } = new AbortController();
  return { transforms: loaded, signal, maxLineBytes: 1024, onTransformError: 'bypass', environment: {} };
}

export async function share(
  url: string,
  credentials: Credentials,
  onLog: (log: EventLog) => void,
): Promise<void> {
  const retention: Retention = { ms: 1000 };
  const onWarning = (warning: MiniServError): ErrorCode => warning.code;
  const options: RoomOptions = { ...credentials, retention, replicas: 3, onWarning };
  onLog(await openRoom(url, options));
}

export async function shareOver(engine: Engine, clock: Clock): Promise<EventLog> {
  const options: SharedLogOptions = { engine, clock, name: 'mine' };
  const room = await joinRoom(options);
  const event: LogEvent = { kind: 'connected', token: 1 };
  room.append(event);
  return room;
}

export function watch(
  engine: Engine,
  reader: EngineReader,
  log: EventLog,
  next: EventLogReader,
): RoomStateReader {
  engine.read(1, reader);
  log.read(next);
  return next;
}

export function simulate(clock: Clock, fs: FileSystem, handle: SpillHandle): Environment {
  void handle.close();
  return { clock, fs };
}

export function observe(relay: Relay): (keyof RelayEvents)[] {
  relay.on('line', (client: number, text: string) => text.repeat(client));
  relay.once('left', (client, reason) => reason?.message ?? client.toFixed());
  relay.on('warning', ({ code }) => code === 'ERR_TRANSFORM');
  return ['joined', 'close'];
}

async function main(): Promise<void> {
  const relay: Relay = createRelay({ transforms: [upper] });
  observe(relay);
  const format: Format = 'json';
  const options: ReadStreamOptions = { format };
  const output: Readable = relay.createReadStream(options);
  const view: Transform = escapeControls();
  output.pipe(view).resume();
  const auditOptions: AuditOptions = { format: 'text' };
  const audit: Audit = await auditTo(relay, '/dev/null', auditOptions);
  const duplex: Duplex = Duplex.from(new PassThrough());
  const handle: ClientHandle = relay.handle(duplex);
  const id: number = await handle.id;
  const stats: RelayStats = relay.stats();
  const socket: InheritedSocket | number = 0;
  const port: number = await relay.listen(socket);
  await handle.close();
  await relay.close();
  await audit.closed;
  const error = new MiniServError('ERR_STATE', escapeText('\u0007'));
  console.log(id, stats.clients, port > 0, relay instanceof Relay && error instanceof Error, error.message);
}

void main();
