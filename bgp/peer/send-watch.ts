import type { Clock, Connection } from '../ports.ts'

/** RFC 9687, section 5: the longer one of 8 minutes and twice the hold time. */
const LEAST_SECONDS = 480
/** Looks this often within that time. */
const LOOKS = 8

/** Notices that a peer takes nothing of what waits for it (the SendHoldTimer of RFC 9687). */
export class SendWatch {
  readonly #clock: Clock
  #written = 0
  #taken = 0
  #takenAt = 0
  #cancel: (() => void) | undefined

  constructor(clock: Clock) {
    this.#clock = clock
  }

  wrote(octets: number): void {
    this.#written += octets
  }

  start(connection: Connection, holdSeconds: number, expired: (seconds: number) => void): void {
    const seconds = Math.max(LEAST_SECONDS, 2 * holdSeconds)
    const look = () => {
      const now = this.#clock.now()
      const unsent = connection.unsentOctets
      const taken = this.#written - unsent
      if (unsent === 0 || taken > this.#taken) this.#takenAt = now
      this.#taken = taken
      if (now - this.#takenAt >= seconds * 1000) expired(seconds)
      else this.#cancel = this.#clock.after((seconds * 1000) / LOOKS, look)
    }
    this.stop()
    look()
  }

  stop(): void {
    this.#cancel?.()
    this.#cancel = undefined
  }
}
