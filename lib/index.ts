export { type ErrorCode, MiniServError } from './errors.js';
export type { Message } from './message.js';
export type { RelayOptions } from './options.js';
export { createRelay, type Relay, type RelayEvents, type RelayStats } from './relay.js';
export type { ClientInfo, MessageGenerator, TransformFactory } from './transform.js';
export { type FilterOptions, filter } from './transforms/filter.js';
export { type LogOptions, log } from './transforms/log.js';
export type { Clock, FileSystem, SpillHandle, World } from './world.js';
