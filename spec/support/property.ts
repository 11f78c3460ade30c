import fc from 'fast-check';

const { MINI_SERV_SEED: SEED, MINI_SERV_RUNS: RUNS } = process.env;

/**
 * Checks a property with random cases. A failure prints its seed, the smallest failing case and the command that runs
 * it again.
 *
 * @param file the spec, as `npm test` takes it: `room/room-state`
 * @param runs the number of cases, unless MINI_SERV_RUNS is set
 */
export async function checkProperty<T extends unknown[]>(
  file: string,
  runs: number,
  property: fc.IAsyncProperty<T> | fc.IProperty<T>,
): Promise<void> {
  const numRuns = Number(RUNS ?? runs);
  const details = await fc.check(property, { numRuns, ...(SEED !== undefined && { seed: Number(SEED) }) });
  if (!details.failed) return;
  const { seed, counterexample, errorInstance } = details;
  const reason = errorInstance instanceof Error ? errorInstance.message : String(errorInstance);
  const settings = `MINI_SERV_SEED=${seed} MINI_SERV_RUNS=${numRuns}`;
  throw new Error(
    `case ${details.numRuns} of seed ${seed} fails: ${reason}\n` +
      `smallest failing case: ${fc.stringify(counterexample)}\n` +
      `run it again: ${settings} npm test -- ${file}`,
    { cause: errorInstance },
  );
}
