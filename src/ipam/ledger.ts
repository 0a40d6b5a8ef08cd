import type { Address } from '../../routing/ip/address.ts'
import { type Allocation, allocate } from './allocate.ts'
import type { Claim } from './claim.ts'
import type { Pools } from './pools.ts'

/**
 * What was given to whom, from the moment a controller leads. What a Service says it has counts when it is first seen;
 * from then on the ledger knows better, for what is written takes a while to be seen.
 */
export class Ledger {
  /** By the uid of the Service. */
  #given = new Map<string, readonly Address[]>()
  #taken: ReadonlySet<Address> = new Set()
  /** Address → when it has rested enough, in milliseconds of the clock that `now` is of. */
  readonly #resting: Map<Address, number>

  /** `resting`: as the ledger of the controller before had it. */
  constructor(resting: ReadonlyMap<Address, number> = new Map()) {
    this.#resting = new Map(resting)
  }

  get resting(): ReadonlyMap<Address, number> {
    return this.#resting
  }

  /** What every Service is to have now; `wakeAt`: when an address that somebody waits for has rested. */
  update(observed: readonly Claim[], pools: Pools, now: number): Allocation & { readonly wakeAt?: number } {
    const claims = observed.map((claim) => {
      const given = claim.ours ? this.#given.get(claim.uid) : undefined
      return given === undefined ? claim : { ...claim, addresses: given }
    })
    for (const [address, until] of this.#resting) if (until <= now) this.#resting.delete(address)
    this.#rest(new Set(claims.flatMap(({ addresses, shown }) => [...addresses, ...shown])), pools, now)

    const allocation = allocate(claims, pools, new Set(this.#resting.keys()))
    this.#given = new Map(allocation.decisions.map(({ claim, addresses }) => [claim.uid, addresses]))
    const taken = new Set(allocation.taken)
    this.#rest(taken, pools, now)
    for (const address of taken) this.#resting.delete(address)
    this.#taken = taken
    const waits = allocation.decisions.some(({ reason }) => reason !== 'Allocated')
    const wakeAt = waits ? Math.min(...this.#resting.values()) : Number.POSITIVE_INFINITY
    return { ...allocation, ...(wakeAt < Number.POSITIVE_INFINITY && { wakeAt }) }
  }

  /** What was taken and is no more begins to rest. */
  #rest(taken: ReadonlySet<Address>, pools: Pools, now: number): void {
    for (const address of this.#taken) {
      if (taken.has(address) || this.#resting.has(address)) continue
      const seconds = pools.find(address)?.spec.reuseDelaySeconds ?? 0
      if (seconds > 0) this.#resting.set(address, now + seconds * 1000)
    }
  }
}
