import { type Column32, grow32 } from '../../routing/ip/columns.ts'
import type { PrefixId } from '../../routing/ip/prefix-table.ts'
import { Crowd } from './crowd.ts'
import { PathRows, type RowId } from './path-rows.ts'

const NONE = 0
const FIRST_PREFIXES = 1024
/** A prefix with more paths than this is looked up by peer, not by walking its chain. */
const CROWDED = 24

/** Which paths a prefix has: a chain of rows, or a crowd when they are very many. */
export class Paths {
  readonly rows = new PathRows()
  /** The first row of each prefix; of a crowd any row will do: it only says that there are some. */
  #first: Column32 = new Uint32Array(FIRST_PREFIXES)
  readonly #crowds = new Map<PrefixId, Crowd>()

  isEmpty(prefix: PrefixId): boolean {
    return prefix >= this.#first.length || this.#first[prefix] === NONE
  }

  /** The only path, 0 when there are several or none. */
  onlyOf(prefix: PrefixId): RowId {
    const first = this.#first[prefix]!
    return this.rows.next[first] === NONE && this.crowdOf(prefix) === undefined ? first : NONE
  }

  /** First of the chain, to walk by `rows.next`; a crowd is walked by its own rows. Hot. */
  firstOf(prefix: PrefixId): RowId {
    return this.#first[prefix]!
  }

  /** Nearly always there is no crowd at all. */
  crowdOf(prefix: PrefixId): Crowd | undefined {
    return this.#crowds.size === 0 ? undefined : this.#crowds.get(prefix)
  }

  *of(prefix: PrefixId): Generator<RowId> {
    if (this.isEmpty(prefix)) return
    const crowd = this.crowdOf(prefix)
    if (crowd !== undefined) yield* crowd.rows
    else for (let row = this.#first[prefix]!; row !== NONE; row = this.rows.next[row]!) yield row
  }

  /** The path of this peer that it calls `pathId`, 0 when it has none. Hot. */
  rowOf(prefix: PrefixId, slot: number, pathId: number): RowId {
    if (prefix >= this.#first.length) return NONE
    const { rows } = this
    if (pathId !== 0) rows.keepPathIds()
    const crowd = this.crowdOf(prefix)
    if (crowd !== undefined) return crowd.rowOf(slot, pathId)
    let steps = 0
    let row = this.#first[prefix]!
    if (!rows.hasPathIds) for (; row !== NONE && rows.peer[row] !== slot; row = rows.next[row]!) steps++
    else {
      const ids = rows.pathId
      for (; row !== NONE && (rows.peer[row] !== slot || ids[row] !== pathId); row = rows.next[row]!) steps++
    }
    if (row === NONE && steps > CROWDED) this.#makeCrowd(prefix)
    return row
  }

  /** A new row of the prefix; the caller fills in set and flags. */
  link(prefix: PrefixId, slot: number, pathId: number): RowId {
    const row = this.rows.take()
    if (this.rows.hasPathIds) this.rows.pathId[row] = pathId
    this.rows.prefix[row] = prefix
    this.rows.peer[row] = slot
    this.rows.next[row] = this.#first[prefix]!
    this.#first[prefix] = row
    this.crowdOf(prefix)?.add(slot, pathId, row)
    return row
  }

  /** The prefix has the row no longer; it is still readable until `rows.free`. */
  unlink(prefix: PrefixId, row: RowId): void {
    const crowd = this.crowdOf(prefix)
    if (crowd !== undefined) {
      crowd.remove(row, this.rows.peer, (other) => this.pathIdOf(other))
      this.#first[prefix] = crowd.rows[0] ?? NONE
      if (crowd.rows.length === 0) this.#crowds.delete(prefix)
      return
    }
    const next = this.rows.next[row]!
    if (this.#first[prefix] === row) this.#first[prefix] = next
    else {
      let before = this.#first[prefix]!
      while (this.rows.next[before] !== row) before = this.rows.next[before]!
      this.rows.next[before] = next
    }
  }

  pathIdOf(row: RowId): number {
    return this.rows.hasPathIds ? this.rows.pathId[row]! : 0
  }

  growTo(prefixes: number): void {
    if (this.#first.length < prefixes) this.#first = grow32(this.#first, prefixes)
  }

  /** No prefix has a path: the memory goes back. */
  shrink(): void {
    this.#first = new Uint32Array(FIRST_PREFIXES)
  }

  #makeCrowd(prefix: PrefixId): void {
    const crowd = new Crowd()
    for (const row of this.of(prefix)) crowd.add(this.rows.peer[row]!, this.pathIdOf(row), row)
    this.#crowds.set(prefix, crowd)
  }
}
