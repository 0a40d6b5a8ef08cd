import { type Address, addressFromWords, addressOctets } from '../../routing/ip/address.ts'
import type { NextHopPath, NextHopResolver } from '../contract.ts'

interface NextHop {
  readonly key: string
  readonly address: Address
  readonly octets: Uint8Array
  readonly interfaceName: string | undefined
  readonly path: readonly NextHopPath[]
  sets: number
}

/** Distinct next hops by small id, with what the resolver last said of each. Id 0 is "none" (our own routes). */
export class NextHops {
  readonly #byKey = new Map<string, number>()
  readonly #rows: (NextHop | undefined)[] = [undefined]
  readonly #free: number[] = []
  #lastWord = 0
  #lastId = 0
  readonly #resolve: NextHopResolver | undefined
  /** Hot columns for the decision. */
  resolvable = new Uint8Array(64)
  cost = new Uint32Array(64)

  constructor(resolve: NextHopResolver | undefined) {
    this.#resolve = resolve
    this.resolvable[0] = 1
  }

  /** An IPv4 next hop; a table often has few, so the last one is tried first. Hot. */
  internWord(word: number): number {
    if (word === this.#lastWord) return this.#lastId
    this.#lastId = this.intern(addressFromWords(4, word), undefined)
    this.#lastWord = word
    return this.#lastId
  }

  intern(address: Address, interfaceName: string | undefined): number {
    const key = interfaceName === undefined ? address : `${address}%${interfaceName}`
    const known = this.#byKey.get(key)
    if (known !== undefined) return known
    const id = this.#free.pop() ?? this.#rows.length
    const path = [{ nextHop: address, weight: 1, ...(interfaceName === undefined ? {} : { interfaceName }) }]
    this.#rows[id] = { key, address, octets: addressOctets(address), interfaceName, path, sets: 0 }
    this.#byKey.set(key, id)
    if (id >= this.cost.length) this.#grow()
    this.#ask(id)
    return id
  }

  retain(id: number): void {
    if (id !== 0) this.#rows[id]!.sets++
  }

  release(id: number): void {
    if (id === 0) return
    const row = this.#rows[id]!
    if (--row.sets > 0) return
    this.#byKey.delete(row.key)
    this.#rows[id] = undefined
    if (id === this.#lastId) this.#lastWord = 0
    this.#free.push(id)
  }

  addressOf(id: number): Address | undefined {
    return this.#rows[id]?.address
  }

  octetsOf(id: number): Uint8Array | undefined {
    return this.#rows[id]?.octets
  }

  interfaceOf(id: number): string | undefined {
    return this.#rows[id]?.interfaceName
  }

  /** The one-path array of this next hop, the same object each time. */
  pathOf(id: number): readonly NextHopPath[] {
    return this.#rows[id]?.path ?? []
  }

  /** Asks the resolver again about all of them; returns the ids whose answer changed. */
  refresh(): Set<number> {
    const changed = new Set<number>()
    for (let id = 1; id < this.#rows.length; id++) {
      if (this.#rows[id] === undefined) continue
      const resolvable = this.resolvable[id]
      const cost = this.cost[id]
      this.#ask(id)
      if (resolvable !== this.resolvable[id] || cost !== this.cost[id]) changed.add(id)
    }
    return changed
  }

  #ask(id: number): void {
    const { address, interfaceName } = this.#rows[id]!
    const answer = this.#resolve?.(address, interfaceName) ?? { resolvable: true, cost: 0 }
    this.resolvable[id] = answer.resolvable ? 1 : 0
    this.cost[id] = answer.cost
  }

  #grow(): void {
    const rows = this.cost.length * 2
    const resolvable = new Uint8Array(rows)
    resolvable.set(this.resolvable)
    this.resolvable = resolvable
    const cost = new Uint32Array(rows)
    cost.set(this.cost)
    this.cost = cost
  }
}
