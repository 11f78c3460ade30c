import type { Rank } from '../../lib/conformance/case.js';
import type { Subject } from '../../lib/conformance/subject.js';
import type { Option } from './option.js';

const RANKS = ['subject', 'exam', 'practice', 'beyond'] as const satisfies readonly Rank[];

const SUBJECTS = ['common', 'poll', 'newline', '4096'] as const satisfies readonly Subject[];

/** The formats of reports, each a module in lib/conformance/reporters. */
export const REPORTER_NAMES = ['text', 'json', 'tap', 'junit', 'github', 'markdown', 'html'] as const;

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
    name: 'subject',
    commands: ['conformance'],
    group: 'Options',
    type: 'choice',
    value: 'text',
    choices: SUBJECTS,
    default: 'common',
    text: 'the text that your school has: `common`, `poll` (the function poll is allowed as well), `newline` (a message always ends with a newline) or `4096` (and has at most 4,096 characters)',
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
    name: 'jobs',
    commands: ['conformance'],
    group: 'Options',
    type: 'count',
    value: 'number',
    min: '1',
    max: '64',
    defaultText: 'depends on the number of processors',
    text: 'run up to this many cases at the same time',
  },
  {
    name: 'random',
    commands: ['conformance'],
    group: 'Options',
    type: 'count',
    value: 'number',
    min: '1',
    max: '1000000',
    text: 'also try this many random sessions, and shorten one that fails',
  },
  {
    name: 'seed',
    commands: ['conformance'],
    group: 'Options',
    type: 'count',
    value: 'number',
    min: '0',
    max: '4294967295',
    requires: 'random',
    defaultText: 'a random number, which the report shows',
    text: 'repeat the random sessions that a report has shown with this number',
  },
  {
    name: 'bail',
    commands: ['conformance'],
    group: 'Options',
    text: 'stop at the first required case that fails',
  },
  {
    name: 'watch',
    commands: ['conformance'],
    group: 'Options',
    text: 'run again when the program or its source changes, beginning with the cases that failed',
  },
  {
    name: 'explain',
    commands: ['conformance'],
    group: 'Options',
    type: 'case',
    value: 'case',
    repeatable: true,
    defaultText: 'the first failure of each cause, if it is required',
    text: 'explain this case if it fails, or each failure with `all`; separate several names by commas, or repeat the option',
  },
  {
    name: 'reporter',
    commands: ['conformance'],
    group: 'Options',
    type: 'choice',
    value: 'format',
    choices: REPORTER_NAMES,
    repeatable: true,
    default: 'text',
    text: 'write the report as `text` for people, or as `json`, `tap`, `junit`, `github`, `markdown` or `html`; repeat the option for several reports',
  },
  {
    name: 'output',
    commands: ['conformance'],
    group: 'Options',
    type: 'file',
    value: 'file',
    repeatable: true,
    defaultText: 'standard output, which is also `-`',
    text: 'write the report of the --reporter before this option to a file; if all reports go to files, a `text` report is printed as well',
  },
  {
    name: 'list',
    commands: ['conformance'],
    group: 'Options',
    text: 'list the cases, each with the paragraph of the subject that it comes from, and run none of them',
  },
  {
    name: 'json',
    commands: ['conformance'],
    group: 'Options',
    text: 'print the report as one JSON object, like --reporter json; with --list, print the list as JSON',
  },
] as const satisfies readonly Option[];
