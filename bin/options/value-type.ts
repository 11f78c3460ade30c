/**
 * The kind of value that an option or an operand has. It decides how the value is checked and parsed (`values.ts`), and what
 * the shell completes.
 */
export type ValueType =
  | 'file'
  | 'directory'
  | 'url'
  | 'port'
  | 'size'
  | 'duration'
  | 'time'
  | 'retention'
  | 'count'
  | 'choice'
  | 'transform'
  | 'case'
  | 'program';
