import fc from 'fast-check';

/** How many runs there are in all, shared out among the properties, and what they begin with. */
const { FUZZ_RUNS = '20000', FUZZ_SEED, FUZZ_PATH } = process.env;

/**
 * Tries a property with its share of all the runs. A failure says with which seed it comes again, and the smallest
 * case that was found.
 */
export async function holds<T extends unknown[]>(
  share: number,
  property: fc.IAsyncProperty<T> | fc.IProperty<T>,
): Promise<void> {
  const numRuns = Math.max(1, Math.round(Number(FUZZ_RUNS) * share));
  const details = await fc.check(property, {
    numRuns,
    ...(FUZZ_SEED !== undefined && { seed: Number(FUZZ_SEED) }),
    ...(FUZZ_PATH !== undefined && { path: FUZZ_PATH }),
  });
  if (!details.failed) return;
  const { seed, counterexamplePath: path, counterexample, errorInstance } = details;
  const reason = errorInstance instanceof Error ? errorInstance.message : String(errorInstance);
  throw new Error(
    `after ${details.numRuns} runs and ${details.numShrinks} shrinks: ${reason}\n` +
      `counterexample: ${fc.stringify(counterexample)}\n` +
      `again: npm run test:fuzz -- --seed ${seed} --runs ${FUZZ_RUNS}; that case alone: --seed ${seed} --path ${path} --grep <spec>`,
  );
}

/** Bytes in which newlines, and what a splitter or a decoder could stumble over, are as frequent as all others. */
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

/** The same, cut into chunks; an empty one stands for a moment in which nothing comes. */
export const chunks: fc.Arbitrary<Buffer[]> = fc
  .tuple(bytes, fc.array(fc.integer({ min: 0, max: 12 }), { maxLength: 12 }))
  .map(([all, sizes]) => {
    const cut: Buffer[] = [];
    let at = 0;
    for (const size of sizes) {
      cut.push(all.subarray(at, at + size));
      at += size;
    }
    return [...cut, all.subarray(at)];
  });
