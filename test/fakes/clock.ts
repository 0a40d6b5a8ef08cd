import type { Clock } from '../../bgp/ports.ts'

/** A run that takes more steps than this without time moving is a livelock. */
const STEP_LIMIT = 5_000_000
const EPOCH = Date.UTC(2030, 0, 1)

interface Timer {
  readonly at: number
  readonly order: number
  readonly fire: () => void
}

/** Time that moves only when a test says so: timers fire in the order of their time, then of their making. */
export class FakeClock implements Clock {
  #now = 0
  #made = 0
  #timers: Timer[] = []
  #soon: (() => void)[] = []

  now(): number {
    return this.#now
  }

  wallTime(): number {
    return EPOCH + this.#now
  }

  after(ms: number, fire: () => void): () => void {
    const timer = { at: this.#now + Math.max(0, ms), order: this.#made++, fire }
    // Kept sorted; most timers are made later than those that wait, so the search runs from the end.
    let i = this.#timers.length
    while (i > 0 && this.#timers[i - 1]!.at > timer.at) i--
    this.#timers.splice(i, 0, timer)
    return () => {
      const at = this.#timers.indexOf(timer)
      if (at >= 0) this.#timers.splice(at, 1)
    }
  }

  soon(work: () => void): void {
    this.#soon.push(work)
  }

  /** Timers that wait. */
  get pending(): number {
    return this.#timers.length
  }

  /** Runs what is due now, and what follows from it, without moving time. */
  runUntilIdle(): void {
    for (let steps = 0; this.#step(this.#now); steps++) {
      if (steps > STEP_LIMIT) throw new Error('the work never ends: something schedules itself without time moving')
    }
  }

  /** Moves time by `ms`, stopping at every timer on the way. */
  advance(ms: number): void {
    const end = this.#now + ms
    this.runUntilIdle()
    while (this.#timers.length > 0 && this.#timers[0]!.at <= end) {
      this.#now = this.#timers[0]!.at
      this.runUntilIdle()
    }
    this.#now = end
  }

  /** Moves time from timer to timer until `condition` holds; throws when it does not within `ms`. */
  runUntil(condition: () => boolean, ms = 60_000): void {
    const end = this.#now + ms
    this.runUntilIdle()
    while (!condition()) {
      const next = this.#timers[0]
      if (next === undefined || next.at > end) throw new Error(`condition not met within ${ms} ms: ${condition}`)
      this.#now = next.at
      this.runUntilIdle()
    }
  }

  #step(until: number): boolean {
    const work = this.#soon
    if (work.length > 0) {
      this.#soon = []
      for (const each of work) each()
      return true
    }
    const timer = this.#timers[0]
    if (timer === undefined || timer.at > until) return false
    this.#timers.shift()
    timer.fire()
    return true
  }
}
