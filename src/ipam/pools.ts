import { type Address, type Family, familyOf } from '../../routing/ip/address.ts'
import { onceEach } from '../desired/once-each.ts'
import { isEmptySelector, selects } from '../desired/selectors.ts'
import type { IPAddressPool } from '../kinds/ip-address-pool.ts'
import type { Claim } from './claim.ts'
import { type AddressRange, addressValue, merged, parseRange, withoutFirstLast } from './ranges.ts'

/** A pool as the allocator sees it. */
export interface Pool {
  readonly name: string
  readonly spec: IPAddressPool['spec']
  /** What may be given out, in the order it is taken. */
  readonly ranges: readonly AddressRange[]
  /** All that belongs to it, in order of the addresses, disjoint. */
  readonly whole: Readonly<Record<Family, readonly AddressRange[]>>
  /** An older pool has some of its addresses: it gives out nothing, what it gave stays. */
  readonly overlaps?: string
}

/** The pools, which of them may be used, and which holds an address. */
export interface Pools {
  /** In the order they are tried: by priority, those with selectors first, then by name. */
  readonly inOrder: readonly Pool[]
  readonly named: ReadonlyMap<string, Pool>
  find(address: Address): Pool | undefined
}

/** `objects` come with the oldest first: of pools that overlap, the oldest is the one that is used. */
export function poolsOf(objects: readonly IPAddressPool[]): Pools {
  const owned: Record<Family, Owned[]> = { 4: [], 6: [] }
  const pools: Pool[] = []
  for (const object of objects) {
    const facts = factsOf(object)
    const overlaps = ([4, 6] as const).flatMap((family) => clash(owned[family], facts.whole[family]) ?? [])[0]
    const pool = {
      name: object.metadata.name,
      spec: object.spec,
      ...facts,
      ...(overlaps && { overlaps: overlaps.name }),
    }
    pools.push(pool)
    if (overlaps === undefined) for (const family of [4, 6] as const) addRanges(owned[family], pool, family)
  }
  const conflicting = pools.filter(({ overlaps }) => overlaps !== undefined)
  return {
    inOrder: pools.toSorted(compare),
    named: new Map(pools.map((pool) => [pool.name, pool])),
    find(address) {
      const [family, value] = [familyOf(address), addressValue(address)]
      const owner = at(owned[family], value)
      if (owner !== undefined && owner.range.last >= value) return owner.pool
      const isHolder = ({ whole }: Pool) => whole[family].some(({ first, last }) => first <= value && value <= last)
      return conflicting.find(isHolder)
    },
  }
}

/** May the pool serve this Service, as far as its selectors say? */
export function admits({ spec }: Pool, claim: Claim): boolean {
  return selects(spec.namespaceSelector, claim.namespaceLabels) && selects(spec.serviceSelector, claim.labels)
}

/** Whether the address is given out at all: avoidFirstLast leaves some out. */
export function givesOut({ ranges }: Pool, address: Address): boolean {
  const [family, value] = [familyOf(address), addressValue(address)]
  return ranges.some((range) => range.family === family && range.first <= value && value <= range.last)
}

/** How many addresses of a family a pool can give out. */
export function sizeOf({ ranges }: Pool, family: Family): bigint {
  return merged(ranges, family).reduce((sum, { first, last }) => sum + last - first + 1n, 0n)
}

const factsOf = onceEach(({ spec }: IPAddressPool) => {
  const given = spec.addresses.flatMap((text) => {
    const range = parseRange(text)
    return range === undefined ? [] : [{ text, range }]
  })
  const all = given.map(({ range }) => range)
  return {
    ranges: given.map(({ text, range }) => (spec.avoidFirstLast ? withoutFirstLast(text, range) : range)),
    whole: { 4: merged(all, 4), 6: merged(all, 6) },
  }
})

interface Owned {
  readonly pool: Pool
  readonly range: AddressRange
}

/** The pool that has an address of these ranges already. */
function clash(owned: readonly Owned[], ranges: readonly AddressRange[]): Pool | undefined {
  for (const { first, last } of ranges) {
    const before = at(owned, last)
    if (before !== undefined && before.range.last >= first) return before.pool
  }
  return undefined
}

function addRanges(owned: Owned[], pool: Pool, family: Family): void {
  for (const range of pool.whole[family]) owned.splice(indexAfter(owned, range.first), 0, { pool, range })
}

/** The last range that begins at or before the value. */
function at(owned: readonly Owned[], value: bigint): Owned | undefined {
  return owned[indexAfter(owned, value) - 1]
}

function indexAfter(owned: readonly Owned[], value: bigint): number {
  let [low, high] = [0, owned.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if (owned[middle]!.range.first <= value) low = middle + 1
    else high = middle
  }
  return low
}

function compare(a: Pool, b: Pool): number {
  return a.spec.priority - b.spec.priority || Number(isOpen(a)) - Number(isOpen(b)) || (a.name < b.name ? -1 : 1)
}

function isOpen({ spec }: Pool): boolean {
  return isEmptySelector(spec.namespaceSelector) && isEmptySelector(spec.serviceSelector)
}
