// The sections of the man page that do not follow from the tables of the command. Each item is a term with its text.

export const SIGNALS = [
  [
    'SIGINT, SIGTERM',
    'Delivers for up to two seconds what clients are owed, and exits. A second signal exits at once.',
  ],
  [
    'SIGHUP',
    'Reopens the audit file, for log rotation. Without an audit, it ends a relay that runs on a terminal, and is ignored otherwise.',
  ],
  ['SIGUSR2', 'Prints one line of statistics on standard error.'],
];

export const ENVIRONMENT = [
  ['NATS_USER, NATS_PASSWORD', 'User name and password for the NATS server.'],
  ['NATS_TOKEN', 'A token for the NATS server, instead of a user.'],
  ['TMPDIR', 'Directory for the backlog on disk, unless --spill-dir is given.'],
  ['NO_COLOR, FORCE_COLOR', 'Switch colours off or on.'],
  ['LISTEN_PID, LISTEN_FDS', 'The socket that systemd passes to the relay (socket activation).'],
  [
    'NOTIFY_SOCKET',
    'The socket on which the relay notifies systemd that it is ready, and that it begins to end.',
  ],
  ['COLUMNS', 'Width of help texts, up to 100 columns, if standard output is not a terminal.'],
];

export const FILES = [
  [
    '$TMPDIR/mini-serv-*',
    'Directories of the backlog that slow readers still need. Their files have no name while they are in use, so nothing remains in them after the relay has ended.',
  ],
];

export const SEE_ALSO = 'nc(1), nats-server(8), logrotate(8)';
