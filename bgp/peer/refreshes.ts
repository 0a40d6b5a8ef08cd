import type { FamilyName } from '../contract.ts'
import type { Clock, Log } from '../ports.ts'
import type { FamilyRow } from '../wire/families.ts'
import type { PeerRoutes } from './peer-routes.ts'

/** A refresh that the peer does not end is ended for it. */
const LONGEST_SECONDS = 600
/** Marking walks over all routes: a peer may not have us do that all the time. */
const LEAST_GAP_MS = 1000

/**
 * Refreshes that the peer marks (RFC 7313, section 4): everything it has told is stale from its beginning (BoRR) on; what
 * it has not told again by its end (EoRR) goes.
 */
export class Refreshes {
  readonly #peer: string
  readonly #clock: Clock
  readonly #log: Log
  readonly #routes: PeerRoutes
  readonly #running = new Map<FamilyName, () => void>()
  readonly #begunAt = new Map<FamilyName, number>()

  constructor(peer: string, clock: Clock, log: Log, routes: PeerRoutes) {
    this.#peer = peer
    this.#log = log
    this.#clock = clock
    this.#routes = routes
  }

  /** Begun again, the former one counts for nothing. Too soon after the last one it is let pass: nothing becomes stale. */
  began(family: FamilyRow): void {
    const now = this.#clock.now()
    const last = this.#begunAt.get(family.name)
    // Before its End-of-RIB there is nothing to be told again (RFC 7313, section 4).
    if (!this.#routes.hasBeenTold(family)) return
    if (last !== undefined && now - last < LEAST_GAP_MS) return this.#giveUp(family)
    this.#begunAt.set(family.name, now)
    this.#running.get(family.name)?.()
    this.#routes.expectAgain(family)
    this.#running.set(
      family.name,
      this.#clock.after(LONGEST_SECONDS * 1000, () => this.ended(family)),
    )
  }

  ended(family: FamilyRow): void {
    if (!this.#running.has(family.name)) return
    this.#giveUp(family)
    const dropped = this.#routes.dropUntold(family)
    if (dropped > 0)
      this.#log.info({ peer: this.#peer, family: family.name, dropped }, 'stale after a refresh (RFC 7313)')
  }

  /** The session is over: what becomes of its routes is decided otherwise. */
  stop(): void {
    for (const cancel of this.#running.values()) cancel()
    this.#running.clear()
    this.#begunAt.clear()
  }

  #giveUp(family: FamilyRow): void {
    this.#running.get(family.name)?.()
    this.#running.delete(family.name)
  }
}
