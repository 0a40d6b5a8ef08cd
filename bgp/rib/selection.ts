import { type Column8, grow8 } from '../../routing/ip/columns.ts'
import type { PrefixId } from '../../routing/ip/prefix-table.ts'
import type { AttributesTable } from './attributes-table.ts'
import type { Decision } from './decision.ts'
import { SetFlag, UNUSABLE_FLAGS } from './fields.ts'
import { type PathRows, RowFlag, type RowId } from './path-rows.ts'
import type { Paths } from './paths.ts'

const NONE = 0
const FIRST_PREFIXES = 1024

/** Which paths of a prefix may be chosen, and which come first. All of it is a function of the set of candidates. */
export class Selection {
  readonly #paths: Paths
  readonly #rows: PathRows
  readonly #sets: AttributesTable
  readonly #decision: Decision
  /** By PrefixId: some candidate has a MED, so the best cannot be found by comparing in pairs. */
  #hasMed: Column8 = new Uint8Array(FIRST_PREFIXES)
  readonly #chain: RowId[] = []

  constructor(paths: Paths, sets: AttributesTable, decision: Decision) {
    this.#paths = paths
    this.#rows = paths.rows
    this.#sets = sets
    this.#decision = decision
  }

  hasMed(prefix: PrefixId): boolean {
    return this.#hasMed[prefix] === 1
  }

  noteMed(prefix: PrefixId): void {
    this.#hasMed[prefix] = 1
  }

  growTo(prefixes: number): void {
    this.#hasMed = grow8(this.#hasMed, prefixes)
  }

  shrink(): void {
    this.#hasMed = new Uint8Array(FIRST_PREFIXES)
  }

  /** May this path be chosen? */
  eligible(row: RowId): boolean {
    const set = this.#rows.set[row]!
    if (set === NONE || (this.#rows.flags[row]! & RowFlag.Rejected) !== 0) return false
    const flags = this.#sets.flags[set]!
    if ((flags & UNUSABLE_FLAGS) !== 0) return false
    const nextHop = this.#sets.nextHop[set]!
    if (nextHop === NONE) return (flags & SetFlag.Local) !== 0
    return this.#sets.nextHops.resolvable[nextHop] === 1
  }

  /** Negative when `a` comes first. Paths of one peer that differ in nothing are told apart by its identifiers. Hot. */
  order(a: RowId, b: RowId, useMed: boolean): number {
    const order = this.#decision.compare(this.#rows.set[a]!, this.#rows.set[b]!, useMed)
    return order !== 0 || !this.#rows.hasPathIds ? order : this.#rows.pathId[a]! - this.#rows.pathId[b]!
  }

  best(prefix: PrefixId): RowId {
    return this.#hasMed[prefix] === 1 ? this.#bestByNeighbour(prefix) : this.#bestOf(prefix)
  }

  /**
   * The first `count` paths, as if the best one were taken away each time. They stand in that order only when there
   * were more.
   */
  bestFew(prefix: PrefixId, count: number): RowId[] {
    const candidates: RowId[] = []
    for (const row of this.#paths.of(prefix)) if (this.eligible(row)) candidates.push(row)
    if (candidates.length <= count) return candidates
    const byMed = (a: RowId, b: RowId) => this.order(a, b, true)
    if (this.#hasMed[prefix] !== 1) return firstOf(candidates, count, byMed)
    const queues = [...this.#byNeighbour(candidates).values()].map((rows) => firstOf(rows, count, byMed))
    const few: RowId[] = []
    while (few.length < count) {
      const heads = queues.filter((queue) => queue.length > 0)
      few.push(heads.reduce((a, b) => (this.order(a[0]!, b[0]!, false) <= 0 ? a : b)).shift()!)
    }
    return few
  }

  #byNeighbour(candidates: readonly RowId[]): Map<number, RowId[]> {
    const neighbours = new Map<number, RowId[]>()
    for (const row of candidates) {
      const neighbour = this.#decision.medGroupOf(this.#rows.set[row]!)
      const rows = neighbours.get(neighbour)
      if (rows === undefined) neighbours.set(neighbour, [row])
      else rows.push(row)
    }
    return neighbours
  }

  #bestOf(prefix: PrefixId): RowId {
    const crowd = this.#paths.crowdOf(prefix)
    let best = NONE
    if (crowd !== undefined) for (const row of crowd.rows) best = this.#better(row, best)
    else {
      const { next } = this.#rows
      for (let row = this.#paths.firstOf(prefix); row !== NONE; row = next[row]!) best = this.#better(row, best)
    }
    return best
  }

  #better(row: RowId, best: RowId): RowId {
    if (!this.eligible(row)) return best
    return best === NONE || this.order(row, best, false) < 0 ? row : best
  }

  /**
   * MED counts only between paths of one neighbour AS, so comparing in pairs would depend on the order. The best of
   * each neighbour is found first, with MED, then the best of those, without: a function of the set of candidates.
   */
  #bestByNeighbour(prefix: PrefixId): RowId {
    // Nearly always there is but one, or none any more.
    if (this.#paths.isEmpty(prefix)) {
      this.#hasMed[prefix] = 0
      return NONE
    }
    const only = this.#paths.onlyOf(prefix)
    if (only !== NONE) return this.eligible(only) ? only : NONE
    const { rows, count } = this.#rowsOf(prefix)
    let best = NONE
    let anyMed = 0
    for (let i = 0; i < count; i++) {
      const row = rows[i]!
      if (this.#sets.med[this.#rows.set[row]!] !== 0) anyMed = 1
      // Comparing first: then few have to be looked at among their neighbours.
      if (this.#better(row, best) === row && this.#leadsNeighbours(row, rows, count)) best = row
    }
    this.#hasMed[prefix] = anyMed
    return best
  }

  /** No other path by the same neighbour AS comes before it. */
  #leadsNeighbours(row: RowId, rows: readonly RowId[], count: number): boolean {
    const neighbour = this.#decision.medGroupOf(this.#rows.set[row]!)
    for (let i = 0; i < count; i++) {
      const other = rows[i]!
      if (other === row || this.#decision.medGroupOf(this.#rows.set[other]!) !== neighbour) continue
      if (this.eligible(other) && this.order(other, row, true) < 0) return false
    }
    return true
  }

  /** The first `count` of `rows`, valid until the next call. */
  #rowsOf(prefix: PrefixId): { readonly rows: readonly RowId[]; readonly count: number } {
    const crowd = this.#paths.crowdOf(prefix)
    if (crowd !== undefined) return { rows: crowd.rows, count: crowd.rows.length }
    const { next } = this.#rows
    let count = 0
    for (let row = this.#paths.firstOf(prefix); row !== NONE; row = next[row]!) this.#chain[count++] = row
    return { rows: this.#chain, count }
  }
}

/** The first `count` in order; one look at each is enough for nearly all of many. */
function firstOf(rows: readonly RowId[], count: number, order: (a: RowId, b: RowId) => number): RowId[] {
  const few: RowId[] = []
  for (const row of rows) {
    if (few.length === count && order(row, few[count - 1]!) > 0) continue
    let at = few.length
    while (at > 0 && order(row, few[at - 1]!) < 0) at--
    few.splice(at, 0, row)
    if (few.length > count) few.pop()
  }
  return few
}
