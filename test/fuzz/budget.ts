import fc from 'fast-check'

/**
 * Tries `property` with ever new input until the time is over or it fails; then fast-check makes the input small and
 * tells the seed. What failed cannot be made small where one try goes on from the last. `FUZZ_SECONDS` is the time of each suite, `FUZZ_SEED` the seed, a number or `random`.
 */
export function fuzz<T>(
  arbitrary: fc.Arbitrary<T>,
  property: (value: T) => void,
  { keepsState = false }: { readonly keepsState?: boolean } = {},
): void {
  const seed = env('FUZZ_SEED') === 'random' ? Date.now() & 0x7fffffff : Number(env('FUZZ_SEED') ?? 20261125)
  fc.assert(fc.property(arbitrary, property), {
    seed,
    numRuns: 1_000_000_000,
    endOnFailure: keepsState,
    interruptAfterTimeLimit: fuzzSeconds * 1000,
    // Not to be tried at all in the time given is a failure; to be interrupted is not.
    markInterruptAsFailure: false,
  })
}

export const fuzzSeconds = Number(env('FUZZ_SECONDS') ?? 5)

/** For the test's own limit: making a failure small takes its time. */
export const FUZZ_TIMEOUT_MS = fuzzSeconds * 1000 + 120_000

function env(name: string): string | undefined {
  return process.env[name]
}
