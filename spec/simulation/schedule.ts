import fc from 'fast-check';
import { TRANSFORMS, type TransformKind } from './transforms.js';

/** The room in which a schedule takes place. Sizes are in bytes. */
export interface Setup {
  /** Of what the world does by itself between the steps. */
  readonly seed: number;
  readonly segmentSize: number;
  /** The memory for closed segments, in segments. */
  readonly memory: number;
  readonly window: number;
  /** In segments; undefined: none. */
  readonly spillLimit: number | undefined;
  readonly maxLine: number | undefined;
  /** What the kernel holds of what the relay writes to a client. */
  readonly capacity: number;
  readonly transform: TransformKind;
  /** The message at which a transform that fails does so. */
  readonly failsAt: number;
  readonly bypass: boolean;
  readonly clients: number;
  readonly transcripts: number;
  /** The relay is closed in the middle of it, and not when all have come to rest. */
  readonly cutShort: boolean;
}

/** One thing that happens. `who` is counted round among the clients that there are. */
export type Step =
  | { readonly do: 'turn'; readonly times: number }
  | { readonly do: 'connect'; readonly reading: boolean }
  | {
      readonly do: 'send';
      readonly who: number;
      readonly lines: number;
      readonly longest: number;
      /** Bytes of a line behind them that is not terminated. */
      readonly partial: number;
    }
  | { readonly do: 'stop' | 'resume' | 'fin' | 'rst'; readonly who: number }
  | { readonly do: 'take'; readonly who: number; readonly bytes: number }
  | { readonly do: 'pass'; readonly ms: number }
  | { readonly do: 'jump'; readonly ms: number }
  | { readonly do: 'disk'; readonly is: 'slow' | 'full' | 'short' | 'well' }
  | { readonly do: 'fail'; readonly what: 'read' | 'write' | 'open'; readonly times: number }
  | { readonly do: 'transcript'; readonly reading: boolean }
  | { readonly do: 'release'; readonly answers: number };

export interface Schedule {
  readonly setup: Setup;
  readonly steps: readonly Step[];
}

const who = fc.nat(7);

const setup: fc.Arbitrary<Setup> = fc.record({
  seed: fc.nat(),
  segmentSize: fc.constantFrom(16, 17, 64, 128, 256),
  memory: fc.constantFrom(0, 1, 2, 4, 10, 40),
  window: fc.constantFrom(1, 32, 256, 4096),
  spillLimit: fc.constantFrom(undefined, undefined, undefined, 0, 4, 16, 100),
  maxLine: fc.constantFrom(undefined, undefined, undefined, undefined, 40),
  capacity: fc.constantFrom(1, 16, 64, 512),
  transform: fc.constantFrom('none', 'none', 'none', ...(Object.keys(TRANSFORMS) as TransformKind[])),
  failsAt: fc.nat(12),
  bypass: fc.boolean(),
  clients: fc.integer({ min: 1, max: 5 }),
  transcripts: fc.constantFrom(0, 0, 1, 2),
  cutShort: fc.nat(9).map((n) => n === 9),
});

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 24,
    arbitrary: fc.record({ do: fc.constant('turn' as const), times: fc.integer({ min: 1, max: 6 }) }),
  },
  {
    weight: 26,
    arbitrary: fc.record({
      do: fc.constant('send' as const),
      who,
      lines: fc.constantFrom(0, 1, 1, 2, 5, 30),
      longest: fc.constantFrom(0, 8, 8, 20, 60),
      partial: fc.constantFrom(0, 0, 0, 3, 200),
    }),
  },
  { weight: 7, arbitrary: fc.record({ do: fc.constant('stop' as const), who }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('resume' as const), who }) },
  {
    weight: 5,
    arbitrary: fc.record({ do: fc.constant('take' as const), who, bytes: fc.integer({ min: 1, max: 600 }) }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('fin' as const), who }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('rst' as const), who }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('connect' as const), reading: fc.boolean() }) },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('pass' as const),
      ms: fc.constantFrom(1, 10, 60, 250, 3000, 30_000),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('jump' as const),
      ms: fc.constantFrom(-86_400_000, -1, 1, 3_600_000),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('disk' as const),
      is: fc.constantFrom('slow', 'full', 'short', 'well'),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('fail' as const),
      what: fc.constantFrom('read', 'write', 'open'),
      times: fc.integer({ min: 1, max: 5 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('transcript' as const), reading: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('release' as const), answers: fc.nat(20) }) },
) as fc.Arbitrary<Step>;

/** Rooms, and what happens in them. */
export const schedules: fc.Arbitrary<Schedule> = fc.record({
  setup,
  steps: fc.array(step, { minLength: 1, maxLength: 80, size: 'max' }),
});
