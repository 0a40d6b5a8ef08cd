import type { Clock } from '../ports.ts'
import type { Negotiated } from '../session/session.ts'
import { FAMILIES } from '../wire/families.ts'
import type { PeerRoutes } from './peer-routes.ts'

/** After a session is back, stale routes wait this much longer than the restart time for an End-of-RIB. */
const GRACE_SECONDS = 30

/** How long the routes of a peer that restarts are kept (RFC 4724, section 4.2). */
export class StaleRoutes {
  readonly #clock: Clock
  readonly #routes: PeerRoutes
  #cancel: (() => void) | undefined

  constructor(clock: Clock, routes: PeerRoutes) {
    this.#clock = clock
    this.#routes = routes
  }

  /** The peer is expected back. */
  get waiting(): boolean {
    return this.#cancel !== undefined
  }

  /** The session was lost; when the peer does not return in time its routes go, and `gone` is called. */
  keep(seconds: number, gone: () => void): void {
    this.stop()
    this.#cancel = this.#clock.after(seconds * 1000, () => {
      this.#cancel = undefined
      this.#routes.down()
      gone()
    })
  }

  /**
   * The peer is back: families whose forwarding it did not keep, or that it speaks no more, are stale no longer but
   * gone, the others wait.
   */
  returned({ families, gracefulRestart }: Negotiated): void {
    if (this.#cancel === undefined) return
    this.stop()
    for (const family of FAMILIES) {
      const kept = gracefulRestart?.families.find((row) => row.family === family)?.forwardingKept
      if (!kept || !families.includes(family)) this.#routes.sweepStale(family)
    }
    // A peer that never sends its End-of-RIB does not keep stale routes for ever.
    const seconds = (gracefulRestart?.restartSeconds ?? 0) + GRACE_SECONDS
    this.#cancel = this.#clock.after(seconds * 1000, () => {
      this.#cancel = undefined
      this.#routes.sweepStale()
    })
  }

  /** The peer is waited for no longer. */
  giveUp(): void {
    if (this.#cancel === undefined) return
    this.stop()
    this.#routes.down()
  }

  stop(): void {
    this.#cancel?.()
    this.#cancel = undefined
  }
}
