import type { Clock } from '../ports.ts'
import type { LimitExceeded } from './prefix-limits.ts'

/** A peer that went over its limits stays down: for a time, or until the operator says otherwise. */
export class Halt {
  readonly #clock: Clock
  #because: string | undefined
  #cancel: (() => void) | undefined

  constructor(clock: Clock) {
    this.#clock = clock
  }

  get because(): string | undefined {
    return this.#because
  }

  /** `over` is called when the time is. */
  begin({ why, restartSeconds }: LimitExceeded, over: () => void): void {
    this.lift()
    this.#because = why
    if (restartSeconds === undefined) return
    this.#cancel = this.#clock.after(restartSeconds * 1000, () => {
      this.lift()
      over()
    })
  }

  lift(): void {
    this.#because = undefined
    this.#cancel?.()
    this.#cancel = undefined
  }
}
