/** The built-in transforms, each with the options that `-t` can give it, for help texts and completion. */
export const TRANSFORMS: Readonly<Record<string, readonly string[]>> = {
  filter: ['keep', 'drop', 'keepKind', 'dropKind', 'keepClient', 'dropClient'],
  log: ['to', 'format'],
  replace: ['pattern', 'with'],
  timestamp: ['format'],
  rate: ['lines', 'burst', 'excess'],
  escape: [],
  'no-http': [],
};
