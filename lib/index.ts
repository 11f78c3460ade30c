export type { Format } from './protocol/formats.js';
export type { Message } from './protocol/message.js';
export type { ClientHandle } from './relay/client-handle.js';
export type { RelayEvents } from './relay/events.js';
export type { InheritedSocket } from './relay/listener.js';
export type { RelayOptions } from './relay/options.js';
export type { ReadStreamOptions } from './relay/read-stream.js';
export { createRelay, Relay } from './relay/relay.js';
export type { ClientStats, EngineState, RelayStats } from './relay/stats.js';
export type { EventLog, EventLogReader, LogEvent, RoomStateReader } from './room/event-log.js';
export { joinRoom, openRoom } from './room/open-room.js';
export type { Credentials, Retention, RoomOptions } from './room/options.js';
export type { Engine, EngineReader } from './room/shared/engine.js';
export type { SharedLogOptions } from './room/shared/options.js';
export { type Audit, type AuditOptions, auditTo } from './transcript/audit.js';
export { escape } from './transforms/builtin/escape.js';
export { type ExecOptions, exec } from './transforms/builtin/exec.js';
export { type FilterOptions, filter } from './transforms/builtin/filter.js';
export { type LogOptions, log } from './transforms/builtin/log.js';
export { noHttp } from './transforms/builtin/no-http.js';
export { type RateOptions, rate } from './transforms/builtin/rate.js';
export { type ReplaceOptions, replace } from './transforms/builtin/replace.js';
export { type TimestampOptions, timestamp } from './transforms/builtin/timestamp.js';
export { type LoadOptions, loadTransforms } from './transforms/loader/load.js';
export type { TransformSpec } from './transforms/loader/spec.js';
export type {
  ClientInfo,
  MessageAnswer,
  MessageFunction,
  MessageGenerator,
  MessageTransform,
  StreamTransform,
} from './transforms/transform.js';
export type { Clock, Environment, FileSystem, SpillHandle } from './util/environment.js';
export { type ErrorCode, MiniServError } from './util/errors.js';
export { type EscapeOptions, escapeControls } from './util/escape.js';
export { escapeText } from './util/escape-text.js';
