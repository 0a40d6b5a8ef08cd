import { setTimeout as pause } from 'node:timers/promises'

const POLL_MS = 5

/** Waits until `condition` holds (returns something truthy) and gives that back; fails after the deadline, saying what was awaited. */
export async function eventually<T>(
  what: string,
  condition: () => T | Promise<T>,
  deadlineMs = 5_000,
): Promise<NonNullable<T>> {
  const end = performance.now() + deadlineMs
  for (;;) {
    const got = await condition()
    if (got) return got
    if (performance.now() > end) throw new Error(`not within ${deadlineMs} ms: ${what}`)
    await pause(POLL_MS)
  }
}
