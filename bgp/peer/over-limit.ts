import type { FamilyName, PeerConfig } from '../contract.ts'
import type { Clock, Log } from '../ports.ts'
import { FAMILIES } from '../wire/families.ts'
import type { PeerRoutes } from './peer-routes.ts'
import { limitOf } from './prefix-limits.ts'

/** Room that appears is used after this time: a peer whose routes come and go is not asked for all of them each time. */
const SETTLE_MS = 10_000

/** Of a peer whose routes over the limit are dropped: when there is room again it is asked to tell all once more. */
export class OverLimit {
  readonly #peer: string
  readonly #clock: Clock
  readonly #log: Log
  readonly #routes: PeerRoutes
  readonly #asking = new Map<FamilyName, () => void>()
  readonly #warned = new Set<FamilyName>()

  constructor(peer: string, clock: Clock, log: Log, routes: PeerRoutes) {
    this.#peer = peer
    this.#clock = clock
    this.#log = log
    this.#routes = routes
  }

  /** After every UPDATE and every change of the limits. */
  check(config: PeerConfig): void {
    if (config.maxPrefixes?.action !== 'discard') return this.stop()
    for (const family of FAMILIES) {
      const { name } = family
      const limit = limitOf(config, family)
      if (limit === undefined || this.#routes.overLimitOf(name) === 0) continue
      if (!this.#warned.has(name))
        this.#log.warn({ peer: this.#peer, family: name, limit }, 'prefixes over the limit are dropped')
      this.#warned.add(name)
      if (this.#routes.heldOf(family) >= limit || this.#asking.has(name)) continue
      const ask = () => {
        this.#asking.delete(name)
        if (this.#routes.heldOf(family) >= limit) return
        this.#warned.delete(name)
        this.#routes.askAgain(family)
      }
      this.#asking.set(name, this.#clock.after(SETTLE_MS, ask))
    }
  }

  stop(): void {
    if (this.#asking.size === 0) return
    for (const cancel of this.#asking.values()) cancel()
    this.#asking.clear()
  }
}
