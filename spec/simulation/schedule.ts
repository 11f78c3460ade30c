import fc from 'fast-check';
import { TRANSFORMS, type TransformKind } from './simulated-transforms.js';

/** The room in which a schedule takes place. */
export interface Setup {
  /** The seed of everything that the environment does between the steps. */
  readonly seed: number;
  readonly segmentBytes: number;
  readonly memorySegments: number;
  readonly windowBytes: number;
  /** Undefined: no limit. */
  readonly spillLimitSegments: number | undefined;
  readonly maxLineBytes: number | undefined;
  /** The kernel's buffer for what the relay writes to a client. */
  readonly socketBytes: number;
  readonly transform: TransformKind;
  /** The number of messages before the one at which a failing transform fails. */
  readonly failsAt: number;
  readonly bypass: boolean;
  readonly clients: number;
  readonly transcripts: number;
  /** Whether the relay is closed after the steps, before the room has come to rest. */
  readonly closesEarly: boolean;
}

/** One step. `client` is taken modulo the number of clients. */
export type Step =
  | { readonly action: 'turn'; readonly times: number }
  | { readonly action: 'connect'; readonly reads: boolean }
  | {
      readonly action: 'send';
      readonly client: number;
      readonly lines: number;
      readonly maxBytes: number;
      /** The length of an incomplete line after the others. */
      readonly incompleteBytes: number;
    }
  | { readonly action: 'stopReading' | 'resumeReading' | 'fin' | 'rst'; readonly client: number }
  | { readonly action: 'receive'; readonly client: number; readonly bytes: number }
  | { readonly action: 'advanceClock'; readonly ms: number }
  | { readonly action: 'setDate'; readonly ms: number }
  | { readonly action: 'disk'; readonly state: 'slow' | 'full' | 'short' | 'normal' }
  | { readonly action: 'failDisk'; readonly operation: 'read' | 'write' | 'open'; readonly times: number }
  | { readonly action: 'addTranscript'; readonly reads: boolean }
  | { readonly action: 'releaseTransforms'; readonly results: number };

export interface Schedule {
  readonly setup: Setup;
  readonly steps: readonly Step[];
}

/** A schedule in words, one step per line. */
export function describeSchedule({ setup, steps }: Schedule): string {
  const words = (fields: object): string =>
    Object.entries(fields)
      .map(([name, value]) => (name === 'action' ? value : `${name} ${value}`))
      .join(', ');
  return [`room: ${words(setup)}`, ...steps.map((step, i) => `${i + 1}. ${words(step)}`)].join('\n');
}

const setup: fc.Arbitrary<Setup> = fc.record({
  seed: fc.nat(),
  segmentBytes: fc.constantFrom(16, 17, 64, 128, 256),
  memorySegments: fc.constantFrom(0, 1, 2, 4, 10, 40),
  windowBytes: fc.constantFrom(1, 32, 256, 4096),
  spillLimitSegments: fc.constantFrom(undefined, undefined, undefined, 0, 4, 16, 100),
  maxLineBytes: fc.constantFrom(undefined, undefined, undefined, undefined, 40),
  socketBytes: fc.constantFrom(1, 16, 64, 512),
  transform: fc.constantFrom('none', 'none', 'none', ...(Object.keys(TRANSFORMS) as TransformKind[])),
  failsAt: fc.nat(12),
  bypass: fc.boolean(),
  clients: fc.integer({ min: 1, max: 5 }),
  transcripts: fc.constantFrom(0, 0, 1, 2),
  closesEarly: fc.nat(9).map((n) => n === 9),
});

const client = fc.nat(7);
const action = <A extends Step['action']>(name: A) => fc.constant(name);

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 24, arbitrary: fc.record({ action: action('turn'), times: fc.integer({ min: 1, max: 6 }) }) },
  {
    weight: 26,
    arbitrary: fc.record({
      action: action('send'),
      client,
      lines: fc.constantFrom(0, 1, 1, 2, 5, 30),
      maxBytes: fc.constantFrom(0, 8, 8, 20, 60),
      incompleteBytes: fc.constantFrom(0, 0, 0, 3, 200),
    }),
  },
  { weight: 7, arbitrary: fc.record({ action: action('stopReading'), client }) },
  { weight: 6, arbitrary: fc.record({ action: action('resumeReading'), client }) },
  {
    weight: 5,
    arbitrary: fc.record({ action: action('receive'), client, bytes: fc.integer({ min: 1, max: 600 }) }),
  },
  { weight: 2, arbitrary: fc.record({ action: action('fin'), client }) },
  { weight: 2, arbitrary: fc.record({ action: action('rst'), client }) },
  { weight: 3, arbitrary: fc.record({ action: action('connect'), reads: fc.boolean() }) },
  {
    weight: 5,
    arbitrary: fc.record({
      action: action('advanceClock'),
      ms: fc.constantFrom(1, 10, 60, 250, 3000, 30_000),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ action: action('setDate'), ms: fc.constantFrom(-86_400_000, -1, 1, 3_600_000) }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      action: action('disk'),
      state: fc.constantFrom('slow', 'full', 'short', 'normal'),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      action: action('failDisk'),
      operation: fc.constantFrom('read', 'write', 'open'),
      times: fc.integer({ min: 1, max: 5 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ action: action('addTranscript'), reads: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ action: action('releaseTransforms'), results: fc.nat(20) }) },
) as fc.Arbitrary<Step>;

export const schedules: fc.Arbitrary<Schedule> = fc.record({
  setup,
  steps: fc.array(step, { minLength: 1, maxLength: 80, size: 'max' }),
});
