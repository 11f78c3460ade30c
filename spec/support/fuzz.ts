import fc from 'fast-check';

/** npm run test:fuzz sets these. Without them the cases are the same in each run. */
const { FUZZ_RUNS, FUZZ_SEED, FUZZ_PATH } = process.env;
const DEFAULT_RUNS = 5000;
const DEFAULT_SEED = 42;

/**
 * Checks a property with a share of all cases. The error of a failure contains the smallest failing case, and the command
 * that repeats it.
 */
export async function checkProperty<T extends unknown[]>(
  share: number,
  property: fc.IAsyncProperty<T> | fc.IProperty<T>,
): Promise<void> {
  const runs = Number(FUZZ_RUNS ?? DEFAULT_RUNS);
  const defaultSeed = FUZZ_RUNS === undefined ? DEFAULT_SEED : undefined;
  const givenSeed = FUZZ_SEED === undefined ? defaultSeed : Number(FUZZ_SEED);
  const details = await fc.check(property, {
    numRuns: Math.max(1, Math.round(runs * share)),
    ...(givenSeed !== undefined && { seed: givenSeed }),
    ...(FUZZ_PATH !== undefined && { path: FUZZ_PATH }),
  });
  if (!details.failed) return;
  const { seed, counterexamplePath: path, counterexample, errorInstance } = details;
  const reason = errorInstance instanceof Error ? errorInstance.message : String(errorInstance);
  throw new Error(
    `failed after ${details.numRuns} runs and ${details.numShrinks} shrinks: ${reason}\n` +
      `counterexample: ${fc.stringify(counterexample)}\n` +
      `all cases again: npm run test:fuzz -- --seed ${seed} --runs ${runs}\n` +
      `this case again: npm run test:fuzz -- --seed ${seed} --path ${path} --grep <title of the spec>`,
  );
}

/** Bytes with many newlines, and with many bytes that splitters and decoders could treat wrongly. */
export const bytes: fc.Arbitrary<Buffer> = fc
  .array(
    fc.oneof(
      {
        weight: 3,
        arbitrary: fc.constantFrom('\n', '\n', '\r', '\0', 'a', 'B', ' ', '\xc3\xa9', '\xe2\x82'),
      },
      {
        weight: 1,
        arbitrary: fc.constantFrom('\x1b', '\xff', '\xf0\x9f\x98\x80', '\xe2\x80\xa8', 'secret', '\xc2\x85'),
      },
      { weight: 1, arbitrary: fc.integer({ min: 0, max: 255 }).map((byte) => String.fromCharCode(byte)) },
    ),
    { maxLength: 40 },
  )
  .map((parts) => Buffer.from(parts.join(''), 'latin1'));

/** Such bytes in chunks. An empty chunk stands for a turn of the event loop without input. */
export const chunks: fc.Arbitrary<Buffer[]> = fc
  .tuple(bytes, fc.array(fc.integer({ min: 0, max: 12 }), { maxLength: 12 }))
  .map(([all, sizes]) => {
    const parts: Buffer[] = [];
    let at = 0;
    for (const size of sizes) {
      parts.push(all.subarray(at, at + size));
      at += size;
    }
    return [...parts, all.subarray(at)];
  });
