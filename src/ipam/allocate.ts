import { type Address, familyOf } from '../../routing/ip/address.ts'
import type { Claim } from './claim.ts'
import { Holders } from './holders.ts'
import { admits, type Pools } from './pools.ts'
import type { Reason } from './reasons.ts'
import { type Problem, Search } from './search.ts'

/** What one Service is to have. */
export interface Decision {
  readonly claim: Claim
  /** In the order of its families. */
  readonly addresses: readonly Address[]
  readonly reason: 'Allocated' | 'PartlyAllocated' | Reason
  /** In words; empty when all is well. */
  readonly message: string
}

export interface Allocation {
  /** For the Services that are ours, in no particular order. */
  readonly decisions: readonly Decision[]
  /** Every address that anybody has, Services of other load balancers among them. */
  readonly taken: readonly Address[]
}

/**
 * Gives every Service its addresses. What a Service has it keeps, wherever that is possible at all; the oldest Services
 * come first. Addresses that rest are given only to those who ask for them by name.
 */
export function allocate(claims: readonly Claim[], pools: Pools, resting: ReadonlySet<Address>): Allocation {
  const holders = new Holders()
  const inOrder = claims.toSorted(compare)
  for (const claim of inOrder) if (!claim.ours) for (const address of claim.addresses) holders.add(address, claim)
  const ours = inOrder.filter((claim) => claim.ours)
  const kept = new Map(ours.map((claim) => [claim, keep(claim, holders)]))
  // What a Service shows is nobody else's, though it is to lose it: others get it when that has been seen.
  for (const claim of ours) for (const address of [...claim.addresses, ...claim.shown]) holders.add(address, claim)
  const search = new Search(pools, holders, resting)
  const decisions = ours.map((claim) => decide(claim, kept.get(claim) ?? [], pools, holders, search))
  return { decisions, taken: [...holders.addresses] }
}

function compare(a: Claim, b: Claim): number {
  return a.createdAt === b.createdAt ? (a.name < b.name ? -1 : 1) : a.createdAt < b.createdAt ? -1 : 1
}

/** What it has and may have: one address of each family of its own, and none that another Service has. */
function keep(claim: Claim, holders: Holders): Address[] {
  const kept: Address[] = []
  for (const address of claim.addresses) {
    const family = familyOf(address)
    if (!claim.families.includes(family) || kept.some((other) => familyOf(other) === family)) continue
    if (holders.objection(address, claim) !== undefined) continue
    holders.add(address, claim)
    kept.push(address)
  }
  return kept
}

function decide(claim: Claim, kept: readonly Address[], pools: Pools, holders: Holders, search: Search): Decision {
  const problems: Problem[] = claim.fault === undefined ? [] : [{ reason: 'InvalidRequest', message: claim.fault }]
  const addresses: Address[] = []
  const found: Address[] = []
  for (const family of claim.families) {
    const held = kept.find((address) => familyOf(address) === family)
    const move = held === undefined ? undefined : whyMove(claim, held, pools)
    const wanted = held === undefined || move === 'Asked' || move === 'Reassign'
    const got = wanted && claim.fault === undefined ? search.find(claim, family, move === 'Reassign') : undefined
    if (got?.address !== undefined) {
      holders.add(got.address, claim)
      found.push(got.address)
      addresses.push(got.address)
      continue
    }
    if (held !== undefined) addresses.push(held)
    if (move === 'Outside' || move === 'Reassign') problems.push(outside(held))
    if (got?.problem !== undefined) problems.push(got.problem)
  }
  // A Service that needs both families gets none where it cannot have both; what it has stays.
  if (claim.needsAll && addresses.length < claim.families.length && kept.length === 0) {
    for (const address of found) search.giveBack(address, claim)
    addresses.length = 0
  }
  const [problem] = problems
  if (problem === undefined) return { claim, addresses, reason: 'Allocated', message: '' }
  const partly = !claim.needsAll && addresses.length > 0 && addresses.length < claim.families.length
  return { claim, addresses, reason: partly ? 'PartlyAllocated' : problem.reason, message: problem.message }
}

/** Whether it should have another address than the one it holds: it asks for that, or no pool has it any more. */
function whyMove(claim: Claim, held: Address, pools: Pools): 'Asked' | 'Reassign' | 'Outside' | undefined {
  const asked = claim.requested.find((address) => familyOf(address) === familyOf(held))
  if (asked !== undefined && asked !== held) return 'Asked'
  const pool = pools.find(held)
  if (pool !== undefined) return claim.pool !== undefined && claim.pool !== pool.name ? 'Asked' : undefined
  if (asked !== undefined) return 'Outside'
  const reassigns = pools.inOrder.some(
    (one) =>
      one.spec.onRemoval === 'Reassign' &&
      one.overlaps === undefined &&
      (claim.pool === undefined ? one.spec.autoAssign : claim.pool === one.name) &&
      admits(one, claim),
  )
  return reassigns ? 'Reassign' : 'Outside'
}

function outside(held: Address | undefined): Problem {
  return { reason: 'OutsidePools', message: `${held} is in no IPAddressPool any more; it stays until it is changed` }
}
