import type { RowId } from './path-rows.ts'

/** The paths of a prefix that very many peers announce, so that finding a peer's own takes no walk. */
export class Crowd {
  readonly rows: RowId[] = []
  readonly #places = new Map<number, number>()

  rowOf(slot: number): RowId {
    const place = this.#places.get(slot)
    return place === undefined ? 0 : this.rows[place]!
  }

  add(slot: number, row: RowId): void {
    this.#places.set(slot, this.rows.length)
    this.rows.push(row)
  }

  /** The last one takes the place of the one that goes; `slotOf` tells whose that is. */
  remove(slot: number, slotOf: (row: RowId) => number): void {
    const place = this.#places.get(slot)
    if (place === undefined) return
    this.#places.delete(slot)
    const last = this.rows.pop()!
    if (place === this.rows.length) return
    this.rows[place] = last
    this.#places.set(slotOf(last), place)
  }
}
