import type { OptionTable } from './parse-options.js';

// The tables from which the options are parsed and the help text is printed.

const TIME = 'a time such as 10:00, 2026-01-31T10:00Z, or 1h for an hour ago';

const RELAY_OPTIONS = {
  transform: {
    type: 'string',
    short: 't',
    multiple: true,
    value: 'spec',
    help: 'pass the messages of each client through a transform; repeat the option to build a chain',
  },
  'on-transform-error': {
    type: 'string',
    value: 'policy',
    help: 'when a transform fails: close (default) disconnects its client, bypass continues without it',
  },
  audit: {
    type: 'string',
    value: 'file',
    help: 'append the transcript to a file as well; SIGHUP reopens the file',
  },
  format: {
    type: 'string',
    value: 'format',
    help: 'format of the transcript: wire (the bytes that clients receive), text (with time stamps and visible control characters) or json (an object per line); default: wire, and text for --audit',
  },
  'audit-format': {
    type: 'string',
    value: 'format',
    help: 'format of the audit file, if it differs from --format',
  },
  'max-line': {
    type: 'string',
    value: 'size',
    help: 'disconnect a client that sends a longer line (default 64M)',
  },
  memory: {
    type: 'string',
    value: 'size',
    help: 'backlog that is kept in memory before the disk is used (default 64M)',
  },
  'spill-dir': {
    type: 'string',
    value: 'dir',
    help: "directory for the rest of the backlog (default: the system's temporary directory)",
  },
  'spill-limit': {
    type: 'string',
    value: 'size',
    help: 'backlog on disk at which senders have to wait (default: leave 10 % of the disk, at most 1 GiB, free)',
  },
} as const satisfies OptionTable;

export const ROOM_OPTIONS = {
  room: {
    type: 'string',
    value: 'url',
    help: 'share the room with relays on other machines through a NATS server: nats://host:4222/lobby, or tls:// for TLS',
  },
  'room-timeout': {
    type: 'string',
    value: 'time',
    help: 'exit when the NATS server is unreachable for this long (default: wait)',
  },
  'room-retention': {
    type: 'string',
    value: 'amount',
    help: 'history that the NATS server keeps: a time (1h) or a size (1GB, the default)',
  },
  'room-replicas': {
    type: 'string',
    value: 'n',
    help: 'number of NATS servers that store the room (default 1)',
  },
  'room-heartbeat': {
    type: 'string',
    value: 'time',
    help: 'heartbeat interval; a relay is declared dead after five missed heartbeats (default 1s)',
  },
  'room-creds': { type: 'string', value: 'file', help: 'NATS credentials file (or $NATS_CREDS)' },
  'room-nkey': { type: 'string', value: 'file', help: 'file with an NKey seed (or $NATS_NKEY)' },
  'room-ca': { type: 'string', value: 'file', help: 'PEM file of the trusted authorities (or $NATS_CA)' },
  'room-cert': { type: 'string', value: 'file', help: 'PEM file of the client certificate (or $NATS_CERT)' },
  'room-key': { type: 'string', value: 'file', help: 'PEM file of its private key (or $NATS_KEY)' },
} as const satisfies OptionTable;

const REPLAY_OPTIONS = {
  since: { type: 'string', value: 'time', help: `print messages from then on: ${TIME}` },
  until: { type: 'string', value: 'time', help: 'print messages up to then' },
} as const satisfies OptionTable;

const COMMON_OPTIONS = {
  verbose: {
    type: 'boolean',
    help: 'print the reason of a fatal error, and warnings about single clients, on standard error',
  },
  help: { type: 'boolean', help: 'print this help and exit' },
  version: { type: 'boolean', help: 'print the version and exit' },
} as const satisfies OptionTable;

export const OPTIONS = {
  ...RELAY_OPTIONS,
  ...ROOM_OPTIONS,
  ...REPLAY_OPTIONS,
  ...COMMON_OPTIONS,
} as const satisfies OptionTable;

/** The options by group, in the order of the help text. */
export const OPTION_GROUPS: readonly (readonly [title: string, options: OptionTable])[] = [
  ['Options', RELAY_OPTIONS],
  ['Shared rooms', ROOM_OPTIONS],
  ['Replay', REPLAY_OPTIONS],
  ['Common options', COMMON_OPTIONS],
];
