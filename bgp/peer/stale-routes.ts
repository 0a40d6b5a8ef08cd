import type { Clock } from '../ports.ts'
import type { Negotiated } from '../session/session.ts'
import { FAMILIES, type FamilyRow } from '../wire/families.ts'
import { isHardReset, type Notification } from '../wire/notification.ts'
import type { PeerRoutes } from './peer-routes.ts'

/** After a session is back, stale routes wait this much longer than the restart time for an End-of-RIB. */
const GRACE_SECONDS = 30

/** What is kept of a peer that is lost. */
export interface Keeping {
  readonly restartSeconds: number
  readonly families: readonly FamilyRow[]
  /** Seconds that a family's routes stay after that, as the last choice (RFC 9494). */
  readonly longLived: ReadonlyMap<FamilyRow, number>
  /** What is stale already stays, too (RFC 8538, section 4.1; RFC 9494, section 4.2); else it goes (RFC 4724, 4.2). */
  readonly again: boolean
}

/** What is kept after a session with these agreements has ended so; `ours`: the longest that we keep long-lived routes. */
export function keepingOf(
  { gracefulRestart, longLived, notificationRestart }: Negotiated,
  why: Notification | undefined,
  ours: number,
): Keeping | undefined {
  // Without the agreement of RFC 8538 only a connection that is lost without a word is a restart (RFC 4724, section 4.2).
  const isRestart = why === undefined || (notificationRestart && !isHardReset(why))
  if (gracefulRestart === undefined || !isRestart) return undefined
  const { restartSeconds } = gracefulRestart
  const times = (longLived?.families ?? []).map((row) => [row.family, Math.min(row.staleSeconds, ours)] as const)
  const kept = new Map(times.filter(([, seconds]) => seconds > 0))
  const families = new Set(kept.keys())
  if (restartSeconds > 0) for (const { family } of gracefulRestart.families) families.add(family)
  if (families.size === 0) return undefined
  return { restartSeconds, families: [...families], longLived: kept, again: notificationRestart || kept.size > 0 }
}

/**
 * How long the routes of a peer that restarts are kept: as they are for the restart time (RFC 4724, section 4.2), then
 * family by family as long-lived ones. However often it is lost before it has told all again, that does not take longer.
 */
export class StaleRoutes {
  readonly #clock: Clock
  readonly #routes: PeerRoutes
  /** Of the restart time, and after it of the time for End-of-RIBs. */
  #cancel: (() => void) | undefined
  readonly #longLived = new Map<FamilyRow, () => void>()
  #firstLost: number | undefined
  #away = false
  #gone: () => void = () => {}

  constructor(clock: Clock, routes: PeerRoutes) {
    this.#clock = clock
    this.#routes = routes
  }

  /** The peer is expected back. */
  get waiting(): boolean {
    return this.#cancel !== undefined || this.#longLived.size > 0
  }

  /** The session was lost. When the peer does not return in time its routes go, and `gone` is called. */
  keep(keeping: Keeping | undefined, gone: () => void): void {
    if (keeping === undefined) {
      this.stop()
      return this.#routes.down()
    }
    this.#routes.down(keeping.families, keeping.again)
    this.#cancel?.()
    this.#away = true
    this.#gone = gone
    const now = this.#clock.now()
    if (!keeping.again) this.#firstLost = undefined
    this.#firstLost ??= now
    const last = this.#firstLost + (2 * keeping.restartSeconds + GRACE_SECONDS) * 1000
    const ms = Math.max(0, Math.min(keeping.restartSeconds * 1000, last - now))
    this.#cancel = this.#clock.after(ms, () => this.#restartOver(keeping))
  }

  /**
   * The peer is back: families whose forwarding it did not keep, or that it speaks no more, are stale no longer but
   * gone, the others wait.
   */
  returned({ families, gracefulRestart, longLived }: Negotiated): void {
    if (!this.waiting) return
    this.#away = false
    for (const family of FAMILIES) {
      const capability = this.#longLived.has(family) ? longLived : gracefulRestart
      const kept = capability?.families.find((row) => row.family === family)?.forwardingKept
      if (!kept || !families.includes(family)) this.#end(family)
    }
    // A peer that never sends its End-of-RIB does not keep stale routes for ever.
    const seconds = (gracefulRestart?.restartSeconds ?? 0) + GRACE_SECONDS
    this.#cancel?.()
    this.#cancel = this.#clock.after(seconds * 1000, () => {
      this.stop()
      this.#routes.sweepStale()
    })
  }

  /** The peer has told the family again. */
  endOfRib(family: FamilyRow): void {
    this.#end(family)
    if (this.#routes.endOfRibReceived()) this.stop()
  }

  /** The peer is waited for no longer. */
  giveUp(): void {
    if (!this.waiting) return
    this.stop()
    this.#routes.down()
  }

  stop(): void {
    this.#cancel?.()
    this.#cancel = undefined
    for (const cancel of this.#longLived.values()) cancel()
    this.#longLived.clear()
    this.#firstLost = undefined
  }

  #restartOver({ families, longLived }: Keeping): void {
    this.#cancel = undefined
    for (const family of families) {
      const seconds = longLived.get(family) ?? 0
      if (seconds === 0) this.#routes.sweepStale(family)
      else this.#liveLong(family, seconds)
    }
    this.#leaveIfOver()
  }

  /** A time that runs already goes on (RFC 9494, section 4.2). */
  #liveLong(family: FamilyRow, seconds: number): void {
    this.#routes.makeLongLived(family)
    if (this.#longLived.has(family)) return
    const cancel = this.#clock.after(seconds * 1000, () => {
      this.#end(family)
      this.#leaveIfOver()
    })
    this.#longLived.set(family, cancel)
  }

  #end(family: FamilyRow): void {
    this.#longLived.get(family)?.()
    this.#longLived.delete(family)
    this.#routes.sweepStale(family)
  }

  #leaveIfOver(): void {
    if (this.waiting || !this.#away) return
    this.stop()
    this.#routes.down()
    this.#gone()
  }
}
