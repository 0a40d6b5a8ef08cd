import type { PrefixId } from '../../routing/ip/prefix-table.ts'
import type { RowId } from './path-rows.ts'
import type { Rib } from './rib.ts'

type Visit = (rib: Rib, row: RowId, prefix: PrefixId) => void

interface Sweep {
  readonly slot: number
  readonly ribs: Rib[]
  readonly visit: Visit
  readonly done: () => void
  cursor: RowId
}

/** Rows looked at in one step. */
const SLICE = 100_000

/** Walks over all routes of a peer in slices, so that losing a million of them starves nobody. */
export class Sweeps {
  #running: Sweep[] = []

  get busy(): boolean {
    return this.#running.length > 0
  }

  /** The visitor may withdraw the row. A new sweep of the same slot does not replace one that runs. */
  start(slot: number, ribs: Iterable<Rib>, visit: Visit, done: () => void = () => {}): void {
    const withRoutes = [...ribs].filter((rib) => (rib.received[slot] ?? 0) > 0)
    if (withRoutes.length === 0) return done()
    this.#running.push({ slot, ribs: withRoutes, visit, done, cursor: 1 })
  }

  /** One slice of every sweep. */
  step(): void {
    for (const sweep of this.#running) this.#slice(sweep)
    const finished = this.#running.filter(({ ribs }) => ribs.length === 0)
    if (finished.length === 0) return
    this.#running = this.#running.filter(({ ribs }) => ribs.length > 0)
    for (const { done } of finished) done()
  }

  #slice(sweep: Sweep): void {
    const rib = sweep.ribs[0]
    if (rib === undefined) return
    sweep.cursor = rib.sweep(sweep.slot, sweep.cursor, SLICE, (row, prefix) => sweep.visit(rib, row, prefix))
    if (sweep.cursor !== 0) return
    sweep.ribs.shift()
    sweep.cursor = 1
  }
}
