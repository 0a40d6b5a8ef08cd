import { linkBandwidth } from '../wire/attributes/link-bandwidth.ts'
import type { AttributesTable } from './attributes-table.ts'
import { SetFlag } from './fields.ts'
import type { RowId } from './path-rows.ts'
import type { Rib } from './rib.ts'

/** The kernel's weights end here. */
const MOST = 256

/**
 * How traffic is shared among paths that are used together (draft-ietf-idr-link-bandwidth): by next hop, in proportion
 * to the bandwidth that the paths to it carry. Undefined when one of them carries none: then all count the same.
 */
export function weightsOf(rib: Rib, sets: AttributesTable, rows: readonly RowId[]): Map<number, number> | undefined {
  const bandwidths = new Map<number, number>()
  for (const row of rows) {
    const set = rib.setOf(row)
    if ((sets.flags[set]! & SetFlag.LinkBandwidth) === 0) return undefined
    const start = sets.startOf(set)
    const bandwidth = linkBandwidth(sets.octetsOf(set), start, start + sets.lengthOf(set))
    if (bandwidth === undefined) return undefined
    const nextHop = sets.nextHop[set]!
    bandwidths.set(nextHop, (bandwidths.get(nextHop) ?? 0) + bandwidth)
  }
  return scaled(bandwidths)
}

/** Small numbers in the same proportion, the least ones there are. */
function scaled(bandwidths: ReadonlyMap<number, number>): Map<number, number> | undefined {
  const largest = Math.max(...bandwidths.values())
  if (!(largest > 0) || !Number.isFinite(largest)) return undefined
  const weights = new Map([...bandwidths].map(([id, each]) => [id, Math.max(1, Math.round((each / largest) * MOST))]))
  const divisor = [...weights.values()].reduce(greatestCommonDivisor)
  return new Map([...weights].map(([id, weight]) => [id, weight / divisor]))
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b)
}
