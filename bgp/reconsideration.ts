import type { Rib } from './rib/rib.ts'

/** Prefixes looked at in one step. */
const SLICE = 50_000

/** All prefixes are looked at again, in slices, after something changed that choices depend on. */
export class Reconsideration {
  readonly #ribs: readonly Rib[]
  /** Where to go on. */
  readonly #from = new Map<Rib, number>()

  constructor(ribs: Iterable<Rib>) {
    this.#ribs = [...ribs]
  }

  get busy(): boolean {
    return this.#from.size > 0
  }

  start(): void {
    for (const rib of this.#ribs) this.#from.set(rib, 1)
  }

  step(): void {
    for (const [rib, from] of this.#from) {
      const end = Math.min(rib.prefixes.end, from + SLICE)
      for (let prefix = from; prefix < end; prefix++) rib.reconsider(prefix)
      if (end < rib.prefixes.end) this.#from.set(rib, end)
      else this.#from.delete(rib)
    }
  }
}
