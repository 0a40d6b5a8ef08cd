import type { Clock } from '../ports.ts'

/** Notices that nothing is heard of a peer (the HoldTimer of RFC 4271, section 10); cheap to tell that something was. */
export class HoldWatch {
  readonly #clock: Clock
  #heardAt = 0
  #cancel: (() => void) | undefined

  constructor(clock: Clock) {
    this.#clock = clock
  }

  heard(): void {
    this.#heardAt = this.#clock.now()
  }

  start(seconds: number, expired: () => void): void {
    this.stop()
    this.heard()
    let running = true
    let cancelTimer = this.#clock.after(seconds * 1000, () => look(true))
    const look = (mercy: boolean) => {
      if (!running) return
      const left = this.#heardAt + seconds * 1000 - this.#clock.now()
      if (left > 0) cancelTimer = this.#clock.after(left, () => look(true))
      // Input that waits to be read counts as life.
      else if (mercy) this.#clock.soon(() => look(false))
      else expired()
    }
    this.#cancel = () => {
      running = false
      cancelTimer()
    }
  }

  stop(): void {
    this.#cancel?.()
    this.#cancel = undefined
  }
}
