/**
 * The built-in transforms for help texts and completion: the options that `-t` can give them, or the placeholder of text
 * that is not divided into options.
 */
export const TRANSFORMS: Readonly<Record<string, readonly string[] | string>> = {
  filter: ['keep', 'drop', 'keepKind', 'dropKind', 'keepClient', 'dropClient'],
  log: ['to', 'format'],
  replace: ['pattern', 'with'],
  timestamp: ['format'],
  rate: ['lines', 'burst', 'excess'],
  escape: [],
  exec: 'command',
  'no-http': [],
};
