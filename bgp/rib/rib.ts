import { type Column32, grow32 } from '../../routing/ip/columns.ts'
import type { PrefixId } from '../../routing/ip/prefix-table.ts'
import { PrefixTable } from '../../routing/ip/prefix-table.ts'
import type { FamilyRow } from '../wire/families.ts'
import type { AttributesTable, SetId } from './attributes-table.ts'
import type { Decision } from './decision.ts'
import { DirtyList } from './dirty-list.ts'
import { AGE_FLAGS, RowFlag, type RowId } from './path-rows.ts'
import { Paths } from './paths.ts'
import { Selection } from './selection.ts'

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
  /** Paths that changed, for update groups that are told of each one (RFC 7911); empty unless `pathsTold`. */
  readonly dirtyPaths = new DirtyList()
  pathsTold = false
  feedAllPaths = false
  feedEnabled = false

  readonly #sets: AttributesTable
  readonly #decision: Decision
  /** By PrefixId. */
  #best: Column32 = new Uint32Array(FIRST_ROWS)
  readonly #paths = new Paths()
  readonly #rows = this.#paths.rows
  readonly #selection: Selection
  #bestCount = 0
  /** By peer slot: rows, and those of them that policy accepted, and that have been here before. */
  readonly received: number[] = []
  readonly accepted: number[] = []
  readonly toldBack: number[] = []

  constructor(family: FamilyRow, sets: AttributesTable, decision: Decision, seed: number) {
    this.family = family
    this.prefixes = new PrefixTable(family.family, seed)
    this.#sets = sets
    this.#decision = decision
    this.#selection = new Selection(this.#paths, sets, decision)
  }

  /** Prefixes with a best path. */
  get bestCount(): number {
    return this.#bestCount
  }

  get rows(): number {
    return this.#rows.size
  }

  /** Every row lies below this. */
  get rowsEnd(): RowId {
    return this.#rows.end
  }

  get rowsCapacity(): number {
    return this.#rows.capacity
  }

  /** Takes in a route (RFC 4271, section 9.1): replaces what the peer said of the prefix, or path, before. Hot. */
  announce(slot: number, prefix: PrefixId, set: SetId, flags: number, pathId = 0): void {
    if (prefix >= this.#best.length) this.#growPrefixes()
    const row = this.#paths.rowOf(prefix, slot, pathId)
    this.replace(row === NONE ? this.#paths.link(prefix, slot, pathId) : row, set, flags)
  }

  /** What a path is from now on. Hot. */
  replace(row: RowId, set: SetId, flags: number): void {
    const rows = this.#rows
    const prefix = rows.prefix[row]!
    const slot = rows.peer[row]!
    const oldSet = rows.set[row]!
    const oldFlags = rows.flags[row]!
    this.#sets.retain(set)
    if (this.#sets.med[set] !== 0) this.#selection.noteMed(prefix)
    rows.set[row] = set
    rows.flags[row] = flags
    if (oldSet !== NONE) this.#count(slot, oldFlags, -1)
    this.#count(slot, flags, 1)
    if (oldSet !== set || ((oldFlags ^ flags) & ~AGE_FLAGS) !== 0) this.#changed(prefix, row, oldSet === NONE)
    if (oldSet !== NONE) this.#sets.release(oldSet)
  }

  has(slot: number, prefix: PrefixId, pathId: number): boolean {
    const row = this.#paths.rowOf(prefix, slot, pathId)
    return row !== NONE && this.#rows.set[row] !== NONE
  }

  /** True when the peer had such a route. */
  withdraw(slot: number, prefix: PrefixId, pathId = 0): boolean {
    const row = this.#paths.rowOf(prefix, slot, pathId)
    if (row === NONE || this.#rows.set[row] === NONE) return false
    this.remove(row)
    return true
  }

  /** Withdraws a path. */
  remove(row: RowId): void {
    const rows = this.#rows
    const prefix = rows.prefix[row]!
    const set = rows.set[row]!
    const slot = rows.peer[row]!
    this.#count(slot, rows.flags[row]!, -1)
    rows.set[row] = NONE
    if (this.pathsTold) this.dirtyPaths.add(row)
    else this.#paths.unlink(prefix, row)
    const wasBest = this.#best[prefix] === row
    if (wasBest || this.#selection.hasMed(prefix)) this.#recompute(prefix, row)
    else if (this.feedAllPaths) this.feedDirty.add(prefix)
    // Nobody was told of a path that was never chosen, but the prefix is to be freed.
    if (this.pathsTold || this.#paths.isEmpty(prefix)) this.dirty.add(prefix)
    if (!this.pathsTold) rows.free(row)
    this.#sets.release(set)
  }

  /**
   * A path that is gone keeps its row, which is its identifier to others, until they know; now they do. Gives the
   * prefix when it was the last of its paths.
   */
  releasePath(row: RowId): PrefixId {
    const prefix = this.#rows.prefix[row]!
    if (prefix === NONE || !this.isGone(row) || this.dirtyPaths.has(row)) return NONE
    this.#paths.unlink(prefix, row)
    this.#rows.free(row)
    return this.#paths.isEmpty(prefix) ? prefix : NONE
  }

  isGone(row: RowId): boolean {
    return this.#rows.set[row] === NONE
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

  prefixOf(row: RowId): PrefixId {
    return this.#rows.prefix[row]!
  }

  /** What the peer calls the path, 0 when it gave it no identifier. */
  pathIdOf(row: RowId): number {
    return this.#paths.pathIdOf(row)
  }

  /** No path, and none of whose end somebody has yet to hear. */
  isEmpty(prefix: PrefixId): boolean {
    return this.#paths.isEmpty(prefix)
  }

  /** All paths to the prefix, in no order. */
  *paths(prefix: PrefixId): Generator<RowId> {
    for (const row of this.#paths.of(prefix)) if (!this.isGone(row)) yield row
  }

  /** The paths that may be used together with the best one, it included (RFC 4271, 9.1.2.2, up to step e). */
  multipath(prefix: PrefixId): RowId[] {
    const best = this.bestRow(prefix)
    if (best === NONE || this.#paths.onlyOf(prefix) !== NONE) return best === NONE ? [] : [best]
    const bestSet = this.#rows.set[best]!
    const equal: RowId[] = []
    for (const row of this.paths(prefix)) {
      if (this.eligible(row) && this.#decision.compareCost(this.#rows.set[row]!, bestSet, true) === 0) equal.push(row)
    }
    return equal
  }

  /** May this path be chosen? */
  eligible(row: RowId): boolean {
    return this.#selection.eligible(row)
  }

  /**
   * Visits the peer's rows with ids from `from`, at most `limit` ids; returns where to go on, or 0 when done. The
   * visitor may withdraw the row it is given.
   */
  sweep(slot: number, from: RowId, limit: number, visit: (row: RowId, prefix: PrefixId) => void): RowId {
    const end = Math.min(this.#rows.end, from + limit)
    for (let row = Math.max(1, from); row < end; row++) {
      if (this.#rows.peer[row] === slot && this.#rows.set[row] !== NONE) visit(row, this.#rows.prefix[row]!)
    }
    return end >= this.#rows.end ? NONE : end
  }

  /** Sets a flag of AGE_FLAGS. */
  mark(row: RowId, flag: number): void {
    this.#rows.flags[row]! |= flag
  }

  /** Looks at the prefix again, after something that eligibility or cost depends on changed. */
  reconsider(prefix: PrefixId): void {
    if (this.isEmpty(prefix)) return
    this.#recompute(prefix, NONE)
    this.#touchPaths(prefix)
  }

  /** What is told of the prefix may be something else, though its paths are the same. */
  touch(prefix: PrefixId): void {
    this.dirty.add(prefix)
    this.#touchPaths(prefix)
  }

  #touchPaths(prefix: PrefixId): void {
    if (this.pathsTold) for (const row of this.paths(prefix)) this.dirtyPaths.add(row)
  }

  bestFew(prefix: PrefixId, count: number): RowId[] {
    return this.#selection.bestFew(prefix, count)
  }

  /** One comparison says that the path would not be among the best few, of which `last` is the last. */
  isBehind(row: RowId, last: RowId): boolean {
    return !this.#selection.hasMed(this.#rows.prefix[row]!) && this.#selection.order(row, last, false) > 0
  }

  /** Frees the prefix's id when nothing refers to it; the caller knows that no consumer does. */
  releasePrefix(prefix: PrefixId): void {
    if (!this.isEmpty(prefix) || this.dirty.has(prefix) || this.feedDirty.has(prefix)) return
    if (this.prefixes.has(prefix)) this.prefixes.release(prefix)
    if (this.prefixes.size === 0) this.#shrinkPrefixes()
  }

  #count(slot: number, flags: number, by: number): void {
    this.received[slot] = (this.received[slot] ?? 0) + by
    if ((flags & RowFlag.Rejected) === 0) this.accepted[slot] = (this.accepted[slot] ?? 0) + by
    if ((flags & RowFlag.ToldBack) !== 0) this.toldBack[slot] = (this.toldBack[slot] ?? 0) + by
  }

  /** The row is new or has new attributes: finds the best path again, by one comparison where that is enough. */
  #changed(prefix: PrefixId, row: RowId, isNew: boolean): void {
    const best = this.#best[prefix]!
    const hasMed = this.#selection.hasMed(prefix)
    if (this.pathsTold) this.dirtyPaths.add(row)
    // What was there may have hidden another of its neighbour AS by its MED; what is new has not.
    if (row === best || (hasMed && (!isNew || best === NONE))) return this.#recompute(prefix, row)
    if (this.feedAllPaths) this.feedDirty.add(prefix)
    if (!this.eligible(row) || (best !== NONE && this.#selection.order(row, best, hasMed) >= 0)) return
    if (hasMed) this.#recompute(prefix, row)
    else this.#setBest(prefix, row)
  }

  /** `touched`: the row whose attributes changed; when it is and stays the best one, that is a change too. */
  #recompute(prefix: PrefixId, touched: RowId): void {
    const before = this.#best[prefix]!
    const best = this.#selection.best(prefix)
    if (best !== before || best === touched) this.#setBest(prefix, best)
    else if (this.feedAllPaths) this.feedDirty.add(prefix)
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
    this.#selection.growTo(rows)
  }

  #shrinkPrefixes(): void {
    this.#paths.shrink()
    this.#best = new Uint32Array(FIRST_ROWS)
    this.#selection.shrink()
  }
}
