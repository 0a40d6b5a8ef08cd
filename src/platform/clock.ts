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

/** The runtime counts from the begin of its turn, so a timer may ring early: what is left is waited for again. */
function after(ms: number, fire: () => void): () => void {
  const due = performance.now() + ms
  const ring = (): void => {
    const left = due - performance.now()
    if (left <= 0) fire()
    else timer = setTimeout(ring, timeout(left))
  }
  let timer = setTimeout(ring, timeout(ms))
  return () => clearTimeout(timer)
}

function timeout(ms: number): number {
  return Math.min(Math.ceil(ms), LONGEST_TIMEOUT_MS)
}
