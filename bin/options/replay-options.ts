import type { Option } from './option.js';

/** The options of `mini-serv replay`. */
export const REPLAY_OPTIONS = [
  {
    name: 'since',
    commands: ['replay'],
    group: 'Options',
    type: 'time',
    value: 'time',
    defaultText: 'the first message',
    text: 'print messages from then on: a time such as 10:00, 2026-01-31T10:00Z, or 1h for an hour ago',
  },
  {
    name: 'until',
    commands: ['replay'],
    group: 'Options',
    type: 'time',
    value: 'time',
    defaultText: 'now',
    text: 'print messages up to then',
  },
  {
    name: 'timeout',
    commands: ['replay'],
    group: 'Options',
    type: 'duration',
    value: 'time',
    min: '1ms',
    max: '24d',
    example: '10s',
    default: '10s',
    text: 'fail if the NATS server is unreachable, or takes longer than this for an answer',
  },
] as const satisfies readonly Option[];
