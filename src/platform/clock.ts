import type { Clock } from '../../bgp/ports.ts'

/** What `setTimeout` can wait at most; longer waits are made of several. */
const LONGEST_TIMEOUT_MS = 2_147_483_647

export const systemClock: Clock = {
  now: () => performance.now(),
  wallTime: () => Date.now(),
  after,
  // Immediates run after the poll phase, in which all input that is ready is read.
  soon: (work) => void setImmediate(work),
}

function after(ms: number, fire: () => void): () => void {
  let timer: NodeJS.Timeout
  const arm = (left: number): void => {
    timer =
      left > LONGEST_TIMEOUT_MS
        ? setTimeout(arm, LONGEST_TIMEOUT_MS, left - LONGEST_TIMEOUT_MS)
        : setTimeout(fire, Math.ceil(left))
  }
  arm(ms)
  return () => clearTimeout(timer)
}
