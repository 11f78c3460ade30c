import { SECRET_VARIABLES } from '../room-arguments.js';
import type { Option } from './option.js';
import { TRANSFORMS } from './transforms.js';
import type { ValueType } from './value-type.js';
import { joinWords } from './values.js';

/** A paragraph about values, for each text about a command that has options with these types of values. */
interface Note {
  readonly types: readonly ValueType[];
  readonly text: string;
}

// A no-break space keeps a command in one line. Texts for people show it as a space.
const NOTES: readonly Note[] = [
  {
    types: ['transform'],
    text:
      `A spec is name or name=options. The name is a built-in transform (${Object.keys(TRANSFORMS).join(', ')}), ` +
      'a package, or the path of a file such as ./shout.mjs. Options are key=value,key=value (key:value is the same) ' +
      'or a JSON object. Quote a value that contains ,key= itself: ' +
      `-t\u00a0'replace=pattern:"a,b=c",with:d'. The option of exec is a command: -t\u00a0'exec=sed\u00a0-u\u00a0s/a/b/'.`,
  },
  {
    types: ['size', 'retention'],
    text: 'Sizes are in bytes, or end in K, M, G or T (powers of 1024).',
  },
  { types: ['duration', 'time', 'retention'], text: 'Times end in ms, s, m, h or d: 500ms, 30s, 1.5h.' },
  {
    types: ['transform', 'case'],
    text: 'Only terminals get colours. NO_COLOR and FORCE_COLOR are obeyed; if both are set, FORCE_COLOR decides.',
  },
];

const SECRETS = `User names, passwords and tokens for NATS are read from ${joinWords(Object.values(SECRET_VARIABLES), 'and')}.`;

/** Returns the paragraphs about values of the options. */
export function notesOn(options: readonly Option[]): string[] {
  const types = new Set(options.map(({ type }) => type));
  const notes = NOTES.filter((note) => note.types.some((type) => types.has(type))).map(({ text }) => text);
  return options.some(({ env }) => env?.startsWith('NATS_')) ? [...notes, SECRETS] : notes;
}
