import type { NotificationCount, SessionError } from '../contract.ts'
import type { Log } from '../ports.ts'
import type { Ending } from '../session/session.ts'
import { NotificationCode } from '../wire/iana.ts'

/**
 * How the connections of a peer ended: the last one, and how often by which NOTIFICATION. Attempts that come to nothing
 * are kept apart, lest they hide why there is no session.
 */
export class Endings {
  last: SessionError | undefined
  lastAttempt: SessionError | undefined
  readonly #log: Log
  readonly #counts = new Map<string, NotificationCount>()

  constructor(log: Log) {
    this.#log = log
  }

  /** `at`: milliseconds since the epoch. */
  attemptFailed(text: string, at: number): void {
    this.lastAttempt = { direction: 'transport', text, at }
  }

  /** Of one that was established or said why. `at`: milliseconds since the epoch. */
  note(peer: string, { direction, notification: why, text }: Ending, at: number): void {
    if (direction === 'none') return
    this.last = { direction, text, at, ...(why === undefined ? {} : { code: why.code, subcode: why.subcode }) }
    if (why === undefined || direction === 'transport') return
    const { code, subcode } = why
    const key = `${direction} ${code}/${subcode}`
    const count = (this.#counts.get(key)?.count ?? 0) + 1
    this.#counts.set(key, { direction, code, subcode, count })
    // A connection beside an established one changes no state, and shows in no other line.
    const level = code === NotificationCode.Cease ? 'info' : 'warn'
    this.#log[level]({ peer, code, subcode, reason: text }, `NOTIFICATION ${direction}`)
  }

  get notifications(): NotificationCount[] {
    return [...this.#counts.values()]
  }
}
