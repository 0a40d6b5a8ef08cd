import type { Clock } from '../ports.ts'
import { idleHoldSeconds } from '../session/damping.ts'

/** When a peer whose last connection has ended is tried again: later with every failure (RFC 4271, section 8.1.1). */
export class Retry {
  readonly #clock: Clock
  readonly #random: () => number
  #failures = 0
  #cancel: (() => void) | undefined

  constructor(clock: Clock, random: () => number) {
    this.#clock = clock
    this.#random = random
  }

  get waiting(): boolean {
    return this.#cancel !== undefined
  }

  failed(): void {
    this.#failures++
  }

  succeeded(): void {
    this.#failures = 0
  }

  /** Calls `start` when it is time. */
  begin(start: () => void): void {
    this.stop()
    const ms = idleHoldSeconds(this.#failures) * 1000 * (0.75 + this.#random() / 4)
    this.#cancel = this.#clock.after(ms, () => {
      this.#cancel = undefined
      start()
    })
  }

  stop(): void {
    this.#cancel?.()
    this.#cancel = undefined
  }
}
