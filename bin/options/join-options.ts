import type { Option } from './option.js';

/** The options of `mini-serv join`. */
export const JOIN_OPTIONS = [
  {
    name: 'reconnect',
    commands: ['join'],
    group: 'Options',
    text: 'on a terminal, wait for the relay and connect again when the connection is lost',
  },
] as const satisfies readonly Option[];
