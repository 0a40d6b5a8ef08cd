import type { Address, Family } from '../ip/address.ts'
import { addressWords, familyOf } from '../ip/address.ts'
import { maskWord, maxLength, type PrefixWords } from '../ip/prefix.ts'
import { PrefixTable } from '../ip/prefix-table.ts'
import type { KernelRoute } from './kernel-routes.ts'
import type { KernelTarget } from './kernel-target.ts'
import { TargetTable } from './targets.ts'

interface ForeignRoute {
  readonly table: number
  readonly target: KernelTarget
}

/** Where a route of another's leads, and whether it is the one for all that has no other. */
export interface ForeignWay {
  readonly target: KernelTarget
  readonly isDefault: boolean
}

/** Kernel routes of others: whose places we must not take, and over which far next hops are reached. */
export class ForeignRoutes {
  #known = new Routes()
  /** Filled while a dump runs, so that what is gone is forgotten at its end. */
  #arriving: Routes | undefined

  beginDump(): void {
    this.#arriving = new Routes()
  }

  endDump(): void {
    this.#known = this.#arriving ?? this.#known
    this.#arriving = undefined
  }

  add(route: KernelRoute): void {
    ;(this.#arriving ?? this.#known).add(route)
  }

  remove(route: KernelRoute): void {
    ;(this.#arriving ?? this.#known).remove(route)
  }

  /** Does another's route stand at this prefix and metric? */
  occupies(prefix: PrefixWords, table: number, metric: number): boolean {
    return this.#known.at(prefix).some((each) => each.table === table && each.target.metric === metric)
  }

  /** The most specific route in one of the tables to this address. */
  lookup(address: Address, tables: readonly number[]): ForeignWay | undefined {
    return this.#known.lookup(address, tables)
  }
}

const NONE: readonly ForeignRoute[] = []

class Routes {
  #tables: Readonly<Record<Family, PrefixTable>> = { 4: new PrefixTable(4, 0), 6: new PrefixTable(6, 0) }
  #routes: Readonly<Record<Family, ForeignRoute[][]>> = { 4: [], 6: [] }
  #targets = new TargetTable()

  add(route: KernelRoute): void {
    const { prefix, table, type, metric, nextHops } = route
    const target = this.#targets.get(this.#targets.intern(type, metric, nextHops))
    if (target === undefined) return
    const id = this.#tables[prefix.family].internPrefix(prefix)
    this.#routes[prefix.family][id] = [...this.#others(route), { table, target }]
  }

  remove(route: KernelRoute): void {
    const { prefix } = route
    const id = this.#tables[prefix.family].findPrefix(prefix)
    if (id === 0) return
    const left = this.#others(route)
    this.#routes[prefix.family][id] = left
    if (left.length === 0) this.#tables[prefix.family].release(id)
  }

  at(prefix: PrefixWords): readonly ForeignRoute[] {
    const id = this.#tables[prefix.family].findPrefix(prefix)
    return id === 0 ? NONE : (this.#routes[prefix.family][id] ?? NONE)
  }

  lookup(address: Address, tables: readonly number[]): ForeignWay | undefined {
    const family = familyOf(address)
    const [w0 = 0, w1 = 0, w2 = 0, w3 = 0] = addressWords(address)
    for (let length = maxLength(family); length >= 0; length--) {
      const masked = (word: number, index: number) => (word & maskWord(length, index)) >>> 0
      const prefix = { family, w0: masked(w0, 0), w1: masked(w1, 1), w2: masked(w2, 2), w3: masked(w3, 3), length }
      const usable = this.at(prefix).filter((each) => tables.includes(each.table))
      if (usable.length === 0) continue
      const { target } = usable.reduce((a, b) => (b.target.metric < a.target.metric ? b : a))
      return { target, isDefault: length === 0 }
    }
    return undefined
  }

  /** What else stands at the prefix of this route. */
  #others({ prefix, table, metric }: KernelRoute): ForeignRoute[] {
    return this.at(prefix).filter((each) => each.table !== table || each.target.metric !== metric)
  }
}
