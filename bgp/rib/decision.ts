import type { AttributesTable, SetId } from './attributes-table.ts'
import { SetFlag } from './fields.ts'

/**
 * The steps of the decision, in order, under the names that `routelet routes` shows (RFC 4271, 9.1.2.2; RFC 4456, 9).
 * Every step compares two candidates; the first that tells them apart decides.
 */
export const RULES = [
  'equal',
  'not-stale',
  'weight',
  'local-preference',
  'as-path-length',
  'origin',
  'med',
  'external-over-internal',
  'next-hop-cost',
  'router-id',
  'cluster-list-length',
  'peer-address',
  'path-id',
] as const

export type RuleName = (typeof RULES)[number] | 'only-path'

/** Positions in RULES. */
export const Rule = {
  Equal: 0,
  NotStale: 1,
  Weight: 2,
  LocalPreference: 3,
  AsPathLength: 4,
  Origin: 5,
  Med: 6,
  External: 7,
  NextHopCost: 8,
  RouterId: 9,
  ClusterListLength: 10,
  PeerAddress: 11,
  PathId: 12,
} as const

/** Total order of peers by address (step g of RFC 4271, 9.1.2.2). */
export type PeerOrder = (slotA: number, slotB: number) => number

/**
 * Compares attribute sets. The result is the rule that told them apart, negative when `a` is the better one, so that
 * the hot path and the explanation are one function.
 */
export class Decision {
  readonly #sets: AttributesTable
  readonly #peerOrder: PeerOrder
  #medAlways = false

  constructor(sets: AttributesTable, peerOrder: PeerOrder) {
    this.#sets = sets
    this.#peerOrder = peerOrder
  }

  /** Whether MED counts between different neighbour ASes too; true when that is a change. */
  compareMedAlways(always: boolean): boolean {
    const changed = this.#medAlways !== always
    this.#medAlways = always
    return changed
  }

  /** MED counts among the paths with the same number only. */
  medGroupOf(set: SetId): number {
    return this.#medAlways ? 0 : this.#sets.neighbourAsn[set]!
  }

  /** `useMed`: compare MED when the neighbour AS is the same; false among winners of different neighbours. Hot. */
  compare(a: SetId, b: SetId, useMed: boolean): number {
    const equalCost = this.compareCost(a, b, useMed)
    return equalCost !== 0 ? equalCost : this.#compareIdentity(a, b)
  }

  /** The steps up to the cost of the next hop: zero means that both may be used together (ECMP). */
  compareCost(a: SetId, b: SetId, useMed: boolean): number {
    if (a === b) return 0
    const t = this.#sets
    const flagsA = t.flags[a]!
    const flagsB = t.flags[b]!
    if (((flagsA ^ flagsB) & SetFlag.LongLivedStale) !== 0) {
      return flagsA & SetFlag.LongLivedStale ? Rule.NotStale : -Rule.NotStale
    }
    // Our own routes have the highest weight, so that no peer's copy of them can replace them.
    if (((flagsA ^ flagsB) & SetFlag.Local) !== 0) return flagsA & SetFlag.Local ? -Rule.Weight : Rule.Weight

    const preference = t.localPref[b]! - t.localPref[a]!
    if (preference !== 0) return preference < 0 ? -Rule.LocalPreference : Rule.LocalPreference

    const lengthOrigin = t.lengthAndOrigin[a]! - t.lengthAndOrigin[b]!
    if (lengthOrigin !== 0) {
      const rule = t.lengthAndOrigin[a]! >> 2 === t.lengthAndOrigin[b]! >> 2 ? Rule.Origin : Rule.AsPathLength
      return lengthOrigin < 0 ? -rule : rule
    }
    if (useMed && (this.#medAlways || t.neighbourAsn[a] === t.neighbourAsn[b])) {
      const med = t.med[a]! - t.med[b]!
      if (med !== 0) return med < 0 ? -Rule.Med : Rule.Med
    }
    if (((flagsA ^ flagsB) & SetFlag.External) !== 0) return flagsA & SetFlag.External ? -Rule.External : Rule.External

    const cost = t.nextHops.cost[t.nextHop[a]!]! - t.nextHops.cost[t.nextHop[b]!]!
    return cost === 0 ? 0 : cost < 0 ? -Rule.NextHopCost : Rule.NextHopCost
  }

  #compareIdentity(a: SetId, b: SetId): number {
    const t = this.#sets
    const originator = t.originator[a]! - t.originator[b]!
    if (originator !== 0) return originator < 0 ? -Rule.RouterId : Rule.RouterId
    const clusters = t.clusterListLength[a]! - t.clusterListLength[b]!
    if (clusters !== 0) return clusters < 0 ? -Rule.ClusterListLength : Rule.ClusterListLength
    const slotA = t.source[a]!
    const slotB = t.source[b]!
    if (slotA === slotB) return 0
    return this.#peerOrder(slotA, slotB) < 0 ? -Rule.PeerAddress : Rule.PeerAddress
  }
}
