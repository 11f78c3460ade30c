import type { Rank } from '../../lib/conformance/case.js';
import type { Option } from './option.js';

const RANKS = ['subject', 'exam', 'practice', 'beyond'] as const satisfies readonly Rank[];

/** The options of `mini-serv conformance`. */
export const CONFORMANCE_OPTIONS = [
  {
    name: 'rank',
    commands: ['conformance'],
    group: 'Options',
    type: 'choice',
    value: 'rank',
    choices: RANKS,
    defaultText: 'run all cases, and require `subject` and `exam`',
    text: 'run the cases up to this rank (`subject`, `exam`, `practice` or `beyond`), and require all of them',
  },
  {
    name: 'only',
    commands: ['conformance'],
    group: 'Options',
    type: 'case',
    value: 'name',
    repeatable: true,
    defaultText: 'all cases',
    text: 'run the case with this name, or all cases whose names contain it, and require them; separate several names by commas, or repeat the option',
  },
  {
    name: 'timeout',
    commands: ['conformance'],
    group: 'Options',
    type: 'duration',
    value: 'time',
    min: '100ms',
    max: '10m',
    example: '5s',
    default: '5s',
    text: 'time to wait for the next byte that should be received',
  },
  {
    name: 'list',
    commands: ['conformance'],
    group: 'Options',
    text: 'list the cases, each with the paragraph of the subject that it comes from, and run none of them',
  },
  { name: 'json', commands: ['conformance'], group: 'Options', text: 'print the report as one JSON object' },
] as const satisfies readonly Option[];
