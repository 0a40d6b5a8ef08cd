import type { FamilyName } from '../contract.ts'
import { NlriCursor } from '../wire/nlri.ts'
import type { AttributesTable, SetId } from './attributes-table.ts'
import { LOOP_FLAGS } from './fields.ts'
import { isMartian4, isMartian6 } from './martians.ts'
import { RowFlag } from './path-rows.ts'
import type { PolicyFilter } from './policy-filter.ts'
import type { Rib } from './rib.ts'

/** What a session's UPDATEs go into. */
export interface ReceiverTables {
  readonly sets: AttributesTable
  /** The families negotiated; routes of others are ignored (RFC 4760, section 6). */
  readonly ribs: ReadonlyMap<FamilyName, Rib>
  readonly filters: ReadonlyMap<FamilyName, PolicyFilter>
  /** Internal peers are believed without a policy, external ones are not (RFC 8212). */
  readonly acceptByDefault: boolean
  /** Families whose NLRI have path identifiers (RFC 7911). */
  readonly pathIds: ReadonlySet<FamilyName>
  /** Most prefixes of a family; new ones over that are dropped. Empty: any number. */
  readonly limits: ReadonlyMap<FamilyName, number>
}

const NONE = 0

/** NLRI of one peer that have passed the checks → Adj-RIB-In. */
export class RouteIntake {
  tables: ReceiverTables
  readonly #slot: number
  readonly #cursor = new NlriCursor()
  /** Announcements dropped because of `limits`. */
  readonly overLimit = new Map<FamilyName, number>()
  /** Of no meaning; written so that the compiler cannot leave the reads out. */
  protected touched = 0

  constructor(tables: ReceiverTables, slot: number) {
    this.tables = tables
    this.#slot = slot
  }

  /** The prefixes in `octets[start..end)`, with this set. Hot. */
  announce(rib: Rib, octets: Uint8Array, start: number, end: number, set: SetId): void {
    const { family } = rib.family
    const c = this.#cursor.over(octets, start, end)
    if (this.tables.pathIds.has(rib.family.name)) while (c.nextPath(family)) this.#judged(rib, set)
    else if (this.#judgesEach) while (family === 4 ? c.next4() : c.next6()) this.#judged(rib, set)
    else if (family === 4) this.#announce4(rib, octets, start, end, set)
    else this.#announce6(rib, set)
    this.tables.sets.releaseUnused(set)
  }

  #announce4(rib: Rib, octets: Uint8Array, start: number, end: number, set: SetId): void {
    const c = this.#cursor
    const slot = this.#slot
    const { prefixes } = rib
    const flags = this.#flagsOf(set)
    let touched = 0
    while (c.next4()) touched ^= prefixes.touch(c.w0, 0, 0, 0, c.length)
    this.touched = touched
    c.over(octets, start, end)
    while (c.next4()) {
      if (!isMartian4(c.w0, c.length)) rib.announce(slot, prefixes.intern(c.w0, 0, 0, 0, c.length), set, flags)
    }
  }

  #announce6(rib: Rib, set: SetId): void {
    const c = this.#cursor
    const slot = this.#slot
    const { prefixes } = rib
    const flags = this.#flagsOf(set)
    while (c.next6()) {
      if (isMartian6(c.w0, c.length)) continue
      rib.announce(slot, prefixes.intern(c.w0, c.w1, c.w2, c.w3, c.length), set, flags)
    }
  }

  get #judgesEach(): boolean {
    return this.tables.filters.size + this.tables.limits.size > 0
  }

  /** The prefix under the cursor, where the limit has room for it, as the import policies want it. */
  #judged(rib: Rib, set: SetId): void {
    const { w0, w1, w2, w3, length, pathId } = this.#cursor
    if (rib.family.family === 4 ? isMartian4(w0, length) : isMartian6(w0, length)) return
    if (this.#isOver(rib, set)) return
    const slot = this.#slot
    const prefix = rib.prefixes.intern(w0, w1, w2, w3, length)
    const filter = this.tables.filters.get(rib.family.name)
    if (filter === undefined) {
      return rib.announce(slot, prefix, set, this.#flagsOf(set), pathId)
    }
    const { set: result, accept, named } = filter.apply(prefix, set)
    rib.announce(slot, prefix, result, rowFlags(this.tables.sets, set, accept, named), pathId)
  }

  /** Without a policy. */
  #flagsOf(set: SetId): number {
    return rowFlags(this.tables.sets, set, this.tables.acceptByDefault, false)
  }

  /** The prefix under the cursor is one too many: what the peer told of before may still change. */
  #isOver(rib: Rib, set: SetId): boolean {
    const { name } = rib.family
    const slot = this.#slot
    const back = rib.toldBack[slot] ?? 0
    const held = (this.tables.sets.flags[set]! & LOOP_FLAGS) === 0 ? (rib.received[slot] ?? 0) - back : back
    if (held < (this.tables.limits.get(name) ?? Number.POSITIVE_INFINITY)) return false
    const { w0, w1, w2, w3, length, pathId } = this.#cursor
    if (rib.has(slot, rib.prefixes.find(w0, w1, w2, w3, length), pathId)) return false
    this.overLimit.set(name, (this.overLimit.get(name) ?? 0) + 1)
    return true
  }

  withdraw(rib: Rib, octets: Uint8Array, start: number, end: number): void {
    const { family } = rib.family
    const c = this.#cursor.over(octets, start, end)
    const pathIds = this.tables.pathIds.has(rib.family.name)
    while (pathIds ? c.nextPath(family) : family === 4 ? c.next4() : c.next6()) {
      const prefix = rib.prefixes.find(c.w0, c.w1, c.w2, c.w3, c.length)
      if (prefix !== NONE) rib.withdraw(this.#slot, prefix, c.pathId)
    }
  }
}

/** Of a path that came with `set`, as the import policies judge it. */
export function rowFlags({ flags }: AttributesTable, set: SetId, accept: boolean, named: boolean): number {
  const back = (flags[set]! & LOOP_FLAGS) === 0 ? 0 : RowFlag.ToldBack
  return back | (accept ? 0 : RowFlag.Rejected) | (named ? RowFlag.Named : 0)
}
