import { type Column8, type Column32, grow8, grow32 } from '../../routing/ip/columns.ts'
import type { PrefixId } from '../../routing/ip/prefix-table.ts'
import type { SetId } from './attributes-table.ts'
import type { RowId } from './path-rows.ts'
import type { Rib } from './rib.ts'

/** What the rows of an Adj-RIB-Out stand for: a prefix each, with its best path, or (RFC 7911) a path each. */
export interface OutRoutes {
  /** Every id lies below this. */
  readonly end: number
  /** Rows that columns by id need. */
  readonly capacity: number
  prefixOf(id: number): PrefixId
  /** The set there is to tell, 0 for none. Hot. */
  setOf(id: number): SetId
  /** Those of one prefix. */
  of(prefix: PrefixId): Iterable<number>
  /** Of which something may be told now that is not what was told before; from those that changed in the RIB. */
  affected(dirty: Ids): Ids
}

/** The first `count` of `ids` are valid. */
export interface Ids {
  readonly ids: Column32
  readonly count: number
}

const NONE = 0

/** The best path of each prefix: ids are of prefixes. */
export class BestRoutes implements OutRoutes {
  readonly #rib: Rib

  constructor(rib: Rib) {
    this.#rib = rib
  }

  get end(): number {
    return this.#rib.prefixes.end
  }

  get capacity(): number {
    return this.#rib.prefixes.capacity
  }

  prefixOf(id: PrefixId): PrefixId {
    return id
  }

  setOf(id: PrefixId): SetId {
    return this.#rib.bestSet(id)
  }

  of(prefix: PrefixId): Iterable<PrefixId> {
    return [prefix]
  }

  affected(dirty: Ids): Ids {
    return dirty
  }
}

/**
 * The first few paths of each prefix: ids are of their rows, which stay theirs as long as they live, and are what the
 * paths are called on the wire.
 */
export class FewPaths implements OutRoutes {
  readonly #rib: Rib
  readonly #most: number
  /** By row: it is one of the few. */
  #chosen: Column8 = new Uint8Array(1024)
  /** By prefix: how many of its paths are chosen, and the round in which they were chosen among all of them. */
  #chosenOf: Column32 = new Uint32Array(1024)
  #lookedAt: Column32 = new Uint32Array(1024)
  #round = 0
  /** The last one of the few, of prefixes that have more: most changes are behind it and need no further look. */
  readonly #last = new Map<PrefixId, RowId>()
  #ids: Column32 = new Uint32Array(1024)
  #count = 0

  constructor(rib: Rib, most: number) {
    this.#rib = rib
    this.#most = most
  }

  get end(): number {
    return this.#rib.rowsEnd
  }

  get capacity(): number {
    return this.#rib.rowsCapacity
  }

  prefixOf(row: RowId): PrefixId {
    return this.#rib.prefixOf(row)
  }

  setOf(row: RowId): SetId {
    return this.#chosen[row] === 1 ? this.#rib.setOf(row) : NONE
  }

  of(prefix: PrefixId): Iterable<RowId> {
    return this.#rib.paths(prefix)
  }

  affected({ ids, count }: Ids): Ids {
    const rib = this.#rib
    this.#growTo(this.capacity, rib.prefixes.capacity)
    this.#round++
    this.#count = 0
    for (let i = 0; i < count; i++) {
      const row = ids[i]!
      const prefix = rib.prefixOf(row)
      // Rows of no path: a first scan meets them.
      if (prefix === NONE) continue
      const eligible = rib.eligible(row)
      const settled = this.#lookedAt[prefix] === this.#round
      if (this.#chosen[row] === 1) {
        this.#add(row)
        if (!eligible) this.#chosen[row] = 0
        if (settled) continue
        if (this.#isCrowded(prefix)) this.#choose(prefix)
        else if (!eligible) this.#chosenOf[prefix]!--
      } else if (eligible && !settled) this.#enter(row, prefix)
    }
    return { ids: this.#ids, count: this.#count }
  }

  /** Where there is room, nobody else has to be looked at. */
  #enter(row: RowId, prefix: PrefixId): void {
    if (this.#isCrowded(prefix)) {
      if (!this.#staysOut(row, prefix)) this.#choose(prefix)
    } else if (this.#chosenOf[prefix]! < this.#most) {
      this.#chosen[row] = 1
      this.#chosenOf[prefix]!++
      this.#add(row)
    } else this.#choose(prefix)
  }

  #isCrowded(prefix: PrefixId): boolean {
    return this.#last.size > 0 && this.#last.has(prefix)
  }

  #staysOut(row: RowId, prefix: PrefixId): boolean {
    const last = this.#last.get(prefix)!
    // Where the last one has changed too, that is reason enough to choose anew.
    return !this.#rib.isGone(last) && this.#rib.isBehind(row, last)
  }

  /** Puts those that come in or go out among the affected ones. */
  #choose(prefix: PrefixId): void {
    const rib = this.#rib
    this.#lookedAt[prefix] = this.#round
    const few = rib.bestFew(prefix, this.#most)
    for (const row of few) this.#chosen[row]! |= IN
    let others = 0
    for (const row of rib.paths(prefix)) {
      const marks = this.#chosen[row]!
      if (marks === 1 || marks === IN) this.#add(row)
      this.#chosen[row] = marks >> 1
      if (marks >> 1 === 0 && rib.eligible(row)) others++
    }
    if (others > 0) this.#last.set(prefix, few.at(-1)!)
    else this.#last.delete(prefix)
    this.#chosenOf[prefix] = few.length
  }

  #growTo(rows: number, prefixes: number): void {
    if (this.#chosen.length < rows) this.#chosen = grow8(this.#chosen, rows)
    if (this.#lookedAt.length >= prefixes) return
    this.#lookedAt = grow32(this.#lookedAt, prefixes)
    this.#chosenOf = grow32(this.#chosenOf, prefixes)
  }

  #add(row: RowId): void {
    if (this.#count === this.#ids.length) this.#ids = grow32(this.#ids, this.#count * 2)
    this.#ids[this.#count++] = row
  }
}

/** While the few are chosen: the row is one of them now. */
const IN = 2
