import type { Column16 } from '../../routing/ip/columns.ts'
import type { RowId } from './path-rows.ts'

/** The paths of a prefix that very many peers announce, so that finding a peer's own takes no walk. */
export class Crowd {
  readonly rows: RowId[] = []
  readonly #places = new Map<number, number>()

  rowOf(slot: number, pathId: number): RowId {
    const place = this.#places.get(keyOf(slot, pathId))
    return place === undefined ? 0 : this.rows[place]!
  }

  add(slot: number, pathId: number, row: RowId): void {
    this.#places.set(keyOf(slot, pathId), this.rows.length)
    this.rows.push(row)
  }

  /** The last one takes the place of the one that goes; `slots` and `pathIdOf` tell whose they are. */
  remove(row: RowId, slots: Column16, pathIdOf: (row: RowId) => number): void {
    const key = keyOf(slots[row]!, pathIdOf(row))
    const place = this.#places.get(key)
    if (place === undefined) return
    this.#places.delete(key)
    const last = this.rows.pop()!
    if (place === this.rows.length) return
    this.rows[place] = last
    this.#places.set(keyOf(slots[last]!, pathIdOf(last)), place)
  }
}

/** A slot has 16 bits, a path identifier 32. */
function keyOf(slot: number, pathId: number): number {
  return slot + pathId * 0x10000
}
