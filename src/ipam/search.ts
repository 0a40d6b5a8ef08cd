import { type Address, type Family, familyOf } from '../../routing/ip/address.ts'
import type { Claim } from './claim.ts'
import type { Holders } from './holders.ts'
import { admits, givesOut, type Pool, type Pools } from './pools.ts'
import { addressOf } from './ranges.ts'
import type { Reason } from './reasons.ts'

export interface Problem {
  readonly reason: Reason
  readonly message: string
}

export type Found =
  | { readonly address: Address; readonly problem?: undefined }
  | { readonly address?: undefined; readonly problem: Problem }

/** Finds addresses for one run; while it goes on, what was taken stays taken, so each pool is walked once. */
export class Search {
  readonly #pools: Pools
  readonly #holders: Holders
  readonly #resting: ReadonlySet<Address>
  readonly #cursors = new Map<string, Cursor>()

  constructor(pools: Pools, holders: Holders, resting: ReadonlySet<Address>) {
    this.#pools = pools
    this.#holders = holders
    this.#resting = resting
  }

  /** An address of the family that the claim may have; `reassigning`: from pools that say so only. */
  find(claim: Claim, family: Family, reassigning: boolean): Found {
    const asked = claim.requested.find((address) => familyOf(address) === family)
    const named = claim.pool === undefined ? undefined : this.#pools.named.get(claim.pool)
    if (claim.pool !== undefined) {
      const problem = namedProblem(claim, named)
      if (problem !== undefined) return { problem }
    }
    return asked === undefined ? this.#any(claim, family, named, reassigning) : this.#asked(claim, asked)
  }

  /** An address that was found is not taken after all. */
  giveBack(address: Address, claim: Claim): void {
    this.#holders.remove(address, claim)
    const pool = this.#pools.find(address)
    if (pool !== undefined && !this.#holders.has(address)) this.#cursor(pool, familyOf(address)).returned.push(address)
  }

  #asked(claim: Claim, address: Address): Found {
    const pool = this.#pools.find(address)
    if (pool === undefined || !givesOut(pool, address)) return no('NotInPool', `no IPAddressPool gives out ${address}`)
    if (claim.pool !== undefined && claim.pool !== pool.name)
      return no('NotInPool', `${address} is in IPAddressPool ${pool.name}, not in ${claim.pool}`)
    const problem = namedProblem(claim, pool)
    if (problem !== undefined) return { problem }
    const objection = this.#holders.objection(address, claim)
    return objection === undefined ? { address } : no('AddressInUse', objection)
  }

  #any(claim: Claim, family: Family, named: Pool | undefined, reassigning: boolean): Found {
    const pools = (named ? [named] : this.#pools.inOrder).filter(
      (pool) =>
        pool.overlaps === undefined &&
        pool.whole[family].length > 0 &&
        (named !== undefined || pool.spec.autoAssign) &&
        (!reassigning || pool.spec.onRemoval === 'Reassign') &&
        admits(pool, claim),
    )
    if (pools.length === 0) return no('NoPool', `no IPAddressPool with IPv${family} addresses may serve the Service`)
    const isFit = (address: Address) => {
      const pool = familyOf(address) === family ? this.#pools.find(address) : undefined
      return pool !== undefined && pools.includes(pool)
    }
    const shared = this.#holders.shareable(claim, isFit, `${family} ${pools.map(({ name }) => name)}`)
    if (shared !== undefined) return { address: shared }
    for (const pool of pools) {
      const address = this.#nextFree(pool, family)
      if (address !== undefined) return { address }
    }
    const names = pools.map(({ name }) => name).join(', ')
    return no('PoolExhausted', `no IPv${family} address is free in IPAddressPool ${names}`)
  }

  #nextFree(pool: Pool, family: Family): Address | undefined {
    const { returned, walk } = this.#cursor(pool, family)
    for (let address = returned.pop(); address !== undefined; address = returned.pop())
      if (this.#isFree(address)) return address
    const { done, value } = walk.next()
    return done ? undefined : value
  }

  #cursor(pool: Pool, family: Family): Cursor {
    const key = `${family} ${pool.name}`
    const cursor = this.#cursors.get(key) ?? { walk: this.#free(pool, family), returned: [] }
    this.#cursors.set(key, cursor)
    return cursor
  }

  #isFree(address: Address): boolean {
    return !this.#holders.has(address) && !this.#resting.has(address)
  }

  *#free(pool: Pool, family: Family): Iterator<Address> {
    for (const range of pool.ranges) {
      if (range.family !== family) continue
      for (let value = range.first; value <= range.last; value++) {
        const address = addressOf(family, value)
        if (this.#isFree(address)) yield address
      }
    }
  }
}

interface Cursor {
  readonly walk: Iterator<Address>
  /** Found before and given back. */
  readonly returned: Address[]
}

function namedProblem(claim: Claim, pool: Pool | undefined): Problem | undefined {
  if (pool === undefined) return { reason: 'UnknownPool', message: `there is no IPAddressPool ${claim.pool}` }
  if (pool.overlaps !== undefined)
    return { reason: 'PoolOverlaps', message: `IPAddressPool ${pool.name} overlaps the older ${pool.overlaps}` }
  if (!admits(pool, claim))
    return { reason: 'NotAllowed', message: `IPAddressPool ${pool.name} does not select the Service` }
  return undefined
}

function no(reason: Reason, message: string): Found {
  return { problem: { reason, message } }
}
