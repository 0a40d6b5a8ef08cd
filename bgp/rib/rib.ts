import { type Column8, type Column32, grow8, grow32 } from '../../routing/ip/columns.ts'
import type { PrefixId } from '../../routing/ip/prefix-table.ts'
import { PrefixTable } from '../../routing/ip/prefix-table.ts'
import type { FamilyRow } from '../wire/families.ts'
import type { AttributesTable, SetId } from './attributes-table.ts'
import type { Decision } from './decision.ts'
import { DirtyList } from './dirty-list.ts'
import { SetFlag, UNUSABLE_FLAGS } from './fields.ts'
import type { RowId } from './path-rows.ts'
import { Paths } from './paths.ts'

export const RowFlag = {
  /** Kept over a restart of its peer (RFC 4724). */
  Stale: 1 << 0,
  /** The import policy refused it; kept so that a changed policy can be applied without asking the peer again. */
  Rejected: 1 << 1,
  /** A policy rule whose `prefixes` match accepted it. */
  Named: 1 << 2,
  /** Given up; a sweep takes it away, unless the peer announces it again before. */
  Doomed: 1 << 3,
  /** Not told again since the peer began a refresh (RFC 7313). */
  Awaited: 1 << 4,
} as const

/** They change nothing about what the route is worth. */
export const AGE_FLAGS = RowFlag.Stale | RowFlag.Doomed | RowFlag.Awaited

const NONE = 0
const FIRST_ROWS = 1024

/**
 * Adj-RIB-In of all peers and Loc-RIB of one family (RFC 4271, section 3.2), in columns: a row per path, chained per
 * prefix, and the best row of each prefix. Who must be told of a change finds the prefix in `dirty`.
 */
export class Rib {
  readonly family: FamilyRow
  readonly prefixes: PrefixTable
  /** Prefixes whose best path, or its attributes, changed: for the update groups. */
  readonly dirty = new DirtyList()
  /** The same for the kernel feed; any change of candidates counts when several paths are used together. */
  readonly feedDirty = new DirtyList()
  feedAllPaths = false
  feedEnabled = false

  readonly #sets: AttributesTable
  readonly #decision: Decision
  /** By PrefixId. */
  #best: Column32 = new Uint32Array(FIRST_ROWS)
  /** Some candidate has a MED, so best cannot be found by comparing in pairs. */
  #hasMed: Column8 = new Uint8Array(FIRST_ROWS)
  readonly #paths = new Paths()
  readonly #rows = this.#paths.rows
  #bestCount = 0
  /** By peer slot: rows, and those of them that policy accepted. */
  readonly received: number[] = []
  readonly accepted: number[] = []

  constructor(family: FamilyRow, sets: AttributesTable, decision: Decision, seed: number) {
    this.family = family
    this.prefixes = new PrefixTable(family.family, seed)
    this.#sets = sets
    this.#decision = decision
  }

  /** Prefixes with a best path. */
  get bestCount(): number {
    return this.#bestCount
  }

  get rows(): number {
    return this.#rows.size
  }

  /** Takes in a route (RFC 4271, section 9.1): replaces what the peer said of the prefix before. Hot. */
  announce(slot: number, prefix: PrefixId, set: SetId, flags: number): void {
    if (prefix >= this.#best.length) this.#growPrefixes()
    const row = this.#paths.rowOf(prefix, slot)
    this.#sets.retain(set)
    if (this.#sets.med[set] !== 0) this.#hasMed[prefix] = 1
    if (row === NONE) {
      this.#link(prefix, slot, set, flags)
      return
    }
    const oldSet = this.#rows.set[row]!
    const oldFlags = this.#rows.flags[row]!
    this.#rows.set[row] = set
    this.#rows.flags[row] = flags
    this.#countAccepted(slot, oldFlags, -1)
    this.#countAccepted(slot, flags, 1)
    if (oldSet !== set || ((oldFlags ^ flags) & ~AGE_FLAGS) !== 0) this.#changed(prefix, row)
    this.#sets.release(oldSet)
  }

  /** True when the peer had such a route. */
  withdraw(slot: number, prefix: PrefixId): boolean {
    const row = this.#paths.rowOf(prefix, slot)
    if (row === NONE) return false
    this.#unlink(prefix, row)
    return true
  }

  bestRow(prefix: PrefixId): RowId {
    return prefix < this.#best.length ? this.#best[prefix]! : NONE
  }

  /** Attribute set of the best path, 0 when there is none. Hot. */
  bestSet(prefix: PrefixId): SetId {
    const row = this.bestRow(prefix)
    return row === NONE ? NONE : this.#rows.set[row]!
  }

  setOf(row: RowId): SetId {
    return this.#rows.set[row]!
  }

  flagsOf(row: RowId): number {
    return this.#rows.flags[row]!
  }

  peerOf(row: RowId): number {
    return this.#rows.peer[row]!
  }

  isEmpty(prefix: PrefixId): boolean {
    return this.#paths.isEmpty(prefix)
  }

  /** All paths to the prefix, in no order. */
  paths(prefix: PrefixId): Generator<RowId> {
    return this.#paths.of(prefix)
  }

  /** The paths that may be used together with the best one, it included (RFC 4271, 9.1.2.2, up to step e). */
  multipath(prefix: PrefixId): RowId[] {
    const best = this.bestRow(prefix)
    if (best === NONE) return []
    const bestSet = this.#rows.set[best]!
    const equal: RowId[] = []
    for (const row of this.paths(prefix)) {
      if (this.eligible(row) && this.#decision.compareCost(this.#rows.set[row]!, bestSet, true) === 0) equal.push(row)
    }
    return equal
  }

  /** May this path be chosen? */
  eligible(row: RowId): boolean {
    if ((this.#rows.flags[row]! & RowFlag.Rejected) !== 0) return false
    const set = this.#rows.set[row]!
    const flags = this.#sets.flags[set]!
    if ((flags & UNUSABLE_FLAGS) !== 0) return false
    const nextHop = this.#sets.nextHop[set]!
    if (nextHop === NONE) return (flags & SetFlag.Local) !== 0
    return this.#sets.nextHops.resolvable[nextHop] === 1
  }

  /**
   * Visits the peer's rows with ids from `from`, at most `limit` ids; returns where to go on, or 0 when done. The
   * visitor may withdraw the row it is given.
   */
  sweep(slot: number, from: RowId, limit: number, visit: (row: RowId, prefix: PrefixId) => void): RowId {
    const end = Math.min(this.#rows.end, from + limit)
    for (let row = Math.max(1, from); row < end; row++) {
      if (this.#rows.peer[row] === slot && this.#rows.prefix[row] !== NONE) visit(row, this.#rows.prefix[row]!)
    }
    return end >= this.#rows.end ? NONE : end
  }

  /** Sets a flag of AGE_FLAGS. */
  mark(row: RowId, flag: number): void {
    this.#rows.flags[row]! |= flag
  }

  /** Looks at the prefix again, after something that eligibility or cost depends on changed. */
  reconsider(prefix: PrefixId): void {
    if (!this.isEmpty(prefix)) this.#recompute(prefix, NONE)
  }

  /** Frees the prefix's id when nothing refers to it; the caller knows that no consumer does. */
  releasePrefix(prefix: PrefixId): void {
    if (!this.isEmpty(prefix) || this.dirty.has(prefix) || this.feedDirty.has(prefix)) return
    if (this.prefixes.has(prefix)) this.prefixes.release(prefix)
    if (this.prefixes.size === 0) this.#shrinkPrefixes()
  }

  #link(prefix: PrefixId, slot: number, set: SetId, flags: number): void {
    const row = this.#paths.link(prefix, slot)
    this.#rows.set[row] = set
    this.#rows.flags[row] = flags
    this.received[slot] = (this.received[slot] ?? 0) + 1
    this.#countAccepted(slot, flags, 1)
    this.#changed(prefix, row)
  }

  #unlink(prefix: PrefixId, row: RowId): void {
    this.#paths.unlink(prefix, row)
    const set = this.#rows.set[row]!
    const slot = this.#rows.peer[row]!
    this.received[slot]!--
    this.#countAccepted(slot, this.#rows.flags[row]!, -1)
    const wasBest = this.#best[prefix] === row
    if (wasBest || this.#hasMed[prefix] === 1) this.#recompute(prefix, row)
    else if (this.feedAllPaths) this.feedDirty.add(prefix)
    // Nobody was told of a path that was never chosen, but the prefix is to be freed.
    if (this.#paths.isEmpty(prefix)) this.dirty.add(prefix)
    // Only now: the recomputation may still compare with it.
    this.#rows.free(row)
    this.#sets.release(set)
  }

  #countAccepted(slot: number, flags: number, by: number): void {
    if ((flags & RowFlag.Rejected) === 0) this.accepted[slot] = (this.accepted[slot] ?? 0) + by
  }

  /** The row is new or has new attributes: finds the best path again, by one comparison where that is enough. */
  #changed(prefix: PrefixId, row: RowId): void {
    const best = this.#best[prefix]!
    if (row === best || this.#hasMed[prefix] === 1) return this.#recompute(prefix, row)
    if (this.feedAllPaths) this.feedDirty.add(prefix)
    if (!this.eligible(row)) return
    if (best === NONE || this.#decision.compare(this.#rows.set[row]!, this.#rows.set[best]!, false) < 0) {
      this.#setBest(prefix, row)
    }
  }

  /** `touched`: the row whose attributes changed; when it is and stays the best one, that is a change too. */
  #recompute(prefix: PrefixId, touched: RowId): void {
    const before = this.#best[prefix]!
    const best = this.#hasMed[prefix] === 1 ? this.#bestByNeighbour(prefix) : this.#bestOf(prefix)
    if (best !== before || best === touched) this.#setBest(prefix, best)
    else if (this.feedAllPaths) this.feedDirty.add(prefix)
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
    if (best === NONE) return row
    return this.#decision.compare(this.#rows.set[row]!, this.#rows.set[best]!, false) < 0 ? row : best
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
    const winners = new Map<number, RowId>()
    let anyMed = 0
    for (const row of this.paths(prefix)) {
      const set = this.#rows.set[row]!
      if (this.#sets.med[set] !== 0) anyMed = 1
      if (!this.eligible(row)) continue
      const neighbour = this.#decision.medGroupOf(set)
      const winner = winners.get(neighbour)
      if (winner === undefined || this.#decision.compare(set, this.#rows.set[winner]!, true) < 0)
        winners.set(neighbour, row)
    }
    this.#hasMed[prefix] = anyMed
    let best = NONE
    for (const row of winners.values()) best = this.#better(row, best)
    return best
  }

  #setBest(prefix: PrefixId, row: RowId): void {
    const before = this.#best[prefix]!
    if (before === NONE && row !== NONE) this.#bestCount++
    else if (before !== NONE && row === NONE) this.#bestCount--
    this.#best[prefix] = row
    this.dirty.add(prefix)
    if (this.feedEnabled) this.feedDirty.add(prefix)
  }

  #growPrefixes(): void {
    const rows = this.prefixes.capacity
    this.#paths.growTo(rows)
    this.#best = grow32(this.#best, rows)
    this.#hasMed = grow8(this.#hasMed, rows)
  }

  #shrinkPrefixes(): void {
    this.#paths.shrink()
    this.#best = new Uint32Array(FIRST_ROWS)
    this.#hasMed = new Uint8Array(FIRST_ROWS)
  }
}
