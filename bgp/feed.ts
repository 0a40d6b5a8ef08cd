import { emptyPrefix } from '../routing/ip/prefix-table.ts'
import type { BestRoute, BestRouteFeed, NextHopPath } from './contract.ts'
import { SetFlag } from './rib/fields.ts'
import { RowFlag } from './rib/path-rows.ts'
import type { Rib } from './rib/rib.ts'
import { isDiscarded } from './rib/signals.ts'
import type { Tables } from './rib/tables.ts'
import { weightsOf } from './rib/weights.ts'

const NO_PATHS: readonly NextHopPath[] = []

/** Best routes for a consumer that pulls at its own pace; see `BestRouteFeed`. */
export class Feed implements BestRouteFeed {
  readonly #tables: Tables
  readonly #isComplete: () => boolean
  /** Prefixes that are gone are freed once they have been drained. */
  readonly #drained: () => void
  #maxPaths = 1
  /** One shared array per distinct set of next hops. */
  readonly #shared = new Map<string, readonly NextHopPath[]>()

  constructor(tables: Tables, isComplete: () => boolean, drained: () => void) {
    this.#tables = tables
    this.#isComplete = isComplete
    this.#drained = drained
    for (const rib of tables.ribs.values()) rib.feedEnabled = true
  }

  get complete(): boolean {
    return this.#isComplete()
  }

  get waiting(): boolean {
    for (const rib of this.#tables.ribs.values()) if (rib.feedDirty.length > 0) return true
    return false
  }

  set maxPaths(paths: number) {
    if (paths === this.#maxPaths) return
    this.#maxPaths = paths
    for (const rib of this.#tables.ribs.values()) rib.feedAllPaths = paths > 1
    this.rewind()
  }

  rewind(): void {
    for (const rib of this.#tables.ribs.values()) {
      for (let prefix = 1; prefix < rib.prefixes.end; prefix++) if (!rib.isEmpty(prefix)) rib.feedDirty.add(prefix)
    }
  }

  drain(limit: number, visit: (route: BestRoute) => void): boolean {
    let left = limit
    for (const rib of this.#tables.ribs.values()) {
      const before = rib.feedDirty.length
      rib.feedDirty.drain(left, (prefix) => visit(this.#route(rib, prefix)))
      left -= Math.min(before, left)
      if (left === 0) break
    }
    if (this.waiting) return true
    if (left < limit) this.#drained()
    return false
  }

  #route(rib: Rib, prefix: number): BestRoute {
    const { sets } = this.#tables
    const words = rib.prefixes.read(prefix, emptyPrefix(rib.family.family))
    const best = rib.bestRow(prefix)
    if (best === 0) return { prefix: words, paths: NO_PATHS, namedByPolicy: false }
    const set = rib.setOf(best)
    if ((sets.flags[set]! & SetFlag.Local) !== 0) return { prefix: words, paths: NO_PATHS, namedByPolicy: false }
    const kernelMetric = sets.kernelMetricOf(set)
    return {
      prefix: words,
      paths: this.#paths(rib, prefix, set),
      namedByPolicy: (rib.flagsOf(best) & RowFlag.Named) !== 0,
      ...(isDiscarded(rib, sets, best) ? { discard: true } : {}),
      ...(kernelMetric === undefined ? {} : { kernelMetric }),
    }
  }

  /** Distinct next hops of the equal paths, sorted, so that the same set is the same route. */
  #paths(rib: Rib, prefix: number, best: number): readonly NextHopPath[] {
    const { sets, nextHops } = this.#tables
    if (this.#maxPaths === 1) return nextHops.pathOf(sets.nextHop[best]!)
    const rows = rib.multipath(prefix)
    if (rows.length === 1) return nextHops.pathOf(sets.nextHop[best]!)
    const distinct = [...new Set(rows.map((row) => sets.nextHop[rib.setOf(row)]!))]
    const weights = weightsOf(rib, sets, rows)
    const paths = distinct.map((id) => {
      const path = nextHops.pathOf(id)[0]!
      return weights === undefined ? path : { ...path, weight: weights.get(id)! }
    })
    paths.sort((a, b) => compareText(`${a.nextHop}%${a.interfaceName}`, `${b.nextHop}%${b.interfaceName}`))
    return this.#share(paths.slice(0, this.#maxPaths))
  }

  #share(paths: readonly NextHopPath[]): readonly NextHopPath[] {
    if (paths.length === 1) return paths
    const key = JSON.stringify(paths)
    const known = this.#shared.get(key)
    if (known !== undefined) return known
    if (this.#shared.size > MOST_SHARED) this.#shared.clear()
    this.#shared.set(key, paths)
    return paths
  }
}

const MOST_SHARED = 65_536

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
