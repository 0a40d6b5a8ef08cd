import type { Address } from '../../routing/ip/address.ts'
import type { Allocation } from '../ipam/allocate.ts'
import type { Claim } from '../ipam/claim.ts'
import { Ledger } from '../ipam/ledger.ts'
import type { Pools } from '../ipam/pools.ts'
import type { Entry } from '../kube/object-cache.ts'
import type { Service } from '../objects/core-kinds.ts'
import { isSettled, pendingChange, releaseChange, type ServiceChange, serviceChange } from './service-status.ts'

/** A Service of the API server, and what it asks for. */
export interface SeenService {
  readonly entry: Pick<Entry, 'uid' | 'resourceVersion' | 'condition'>
  readonly service: Service
  readonly claim: Claim
}

export interface PlannedWrite {
  readonly claim: Claim
  readonly change: ServiceChange
}

/**
 * What one leader writes to Services. The last write of the leader before it may still be on its way, and never may two
 * Services be given one address. So every write holds for one version of the Service only; an address is given only to
 * a Service whose condition says that it is not settled; and before a leader gives any, it makes a new version of each
 * Service that is not settled in its first list, and sees it. Then no older write can give an address any more.
 */
export class ServicePlan {
  readonly #ledger: Ledger
  /** uid → the version that a write of the leader before may hold for; undefined until the first list. */
  #unsure: Map<string, string> | undefined

  /** `released`: the leader before has ended its last write. */
  constructor(released: boolean, resting: ReadonlyMap<Address, number>) {
    this.#ledger = new Ledger(resting)
    if (released) this.#unsure = new Map()
  }

  get resting(): ReadonlyMap<Address, number> {
    return this.#ledger.resting
  }

  /** Without `allocation` while no address may be given yet. `now`: wall time. */
  update(
    seen: readonly SeenService[],
    pools: Pools,
    now: number,
  ): { readonly writes: PlannedWrite[]; readonly allocation?: Allocation & { readonly wakeAt?: number } } {
    const byUid = new Map(seen.map((one) => [one.entry.uid, one]))
    const unsure = this.#stillUnsure(byUid)
    if (unsure.length > 0)
      return { writes: unsure.map((one) => ({ claim: one.claim, change: pendingChange(one, now) })) }

    const allocation = this.#ledger.update(
      seen.map(({ claim }) => claim),
      pools,
      now,
    )
    const writes = allocation.decisions.flatMap((decision) => {
      const one = byUid.get(decision.claim.uid)
      const change = one && serviceChange(decision, one, now)
      return change ? [{ claim: decision.claim, change }] : []
    })
    const releases = seen.flatMap((one) => {
      const change = one.claim.ours ? undefined : releaseChange(one, pools)
      return change ? [{ claim: one.claim, change }] : []
    })
    return { writes: [...writes, ...releases], allocation }
  }

  #stillUnsure(byUid: ReadonlyMap<string, SeenService>): SeenService[] {
    this.#unsure ??= new Map(
      [...byUid.values()]
        .filter(({ claim, entry }) => claim.ours && !isSettled(entry.condition))
        .map(({ entry }) => [entry.uid, entry.resourceVersion]),
    )
    for (const [uid, version] of this.#unsure)
      if (byUid.get(uid)?.entry.resourceVersion !== version) this.#unsure.delete(uid)
    return [...this.#unsure.keys()].flatMap((uid) => byUid.get(uid) ?? [])
  }
}
