import { type Address, addressFromWords, addressWords, familyOf } from '../ip/address.ts'
import type { KernelNextHop } from './kernel-target.ts'

/** Family of the gateway (0: none), interface index, weight, and the four words of the gateway. */
export const WORDS_PER_NEXT_HOP = 7
const WEIGHT = 2
const FIRST_NEXT_HOPS = 16
/** The kernel's weights end here. */
export const MAX_WEIGHT = 256

/** The next hops of one kernel route as numbers: what routes are compared by, without an object each. */
export class NextHopWords {
  count = 0
  words: Uint32Array<ArrayBuffer> = new Uint32Array(FIRST_NEXT_HOPS * WORDS_PER_NEXT_HOP)

  static of(nextHops: readonly KernelNextHop[]): NextHopWords {
    const made = new NextHopWords()
    for (const { interfaceIndex, weight, gateway } of nextHops) made.add(interfaceIndex, weight, gateway)
    made.normalize()
    return made
  }

  clear(): void {
    this.count = 0
  }

  /** Adds a next hop whose words are all zero and returns where they start. */
  append(): number {
    const at = this.count++ * WORDS_PER_NEXT_HOP
    if (at === this.words.length) {
      const wider = new Uint32Array(2 * at)
      wider.set(this.words)
      this.words = wider
    }
    this.words.fill(0, at, at + WORDS_PER_NEXT_HOP)
    return at
  }

  add(interfaceIndex: number, weight: number, gateway?: Address): void {
    const at = this.append()
    const { words } = this
    words[at + 1] = interfaceIndex
    words[at + WEIGHT] = weight
    if (gateway === undefined) return
    words[at] = familyOf(gateway)
    words.set(addressWords(gateway), at + 3)
  }

  /** As `add`; a next hop that is there already gets the weight on top, up to the most the kernel has. */
  merge(interfaceIndex: number, weight: number, gateway?: Address): void {
    this.add(interfaceIndex, weight, gateway)
    const last = this.#row(this.count - 1)
    for (let i = 0; i < this.count - 1; i++) {
      const row = this.#row(i)
      if (!row.every((word, k) => k === WEIGHT || word === last[k])) continue
      row[WEIGHT] = Math.min(MAX_WEIGHT, row[WEIGHT]! + weight)
      this.count--
      return
    }
  }

  copy(): NextHopWords {
    const copy = new NextHopWords()
    copy.words = this.words.slice()
    copy.count = this.count
    return copy
  }

  equals({ words, count }: NextHopWords): boolean {
    if (this.count !== count) return false
    for (let i = 0; i < count * WORDS_PER_NEXT_HOP; i++) if (this.words[i] !== words[i]) return false
    return true
  }

  /** Brings them into the one order that equal sets share; the weight of a single next hop means nothing. */
  normalize(): void {
    if (this.count === 1) this.words[WEIGHT] = 1
    for (let i = 1; i < this.count; i++) {
      for (let j = i; j > 0 && this.#compare(j - 1, j) > 0; j--) this.#swap(j - 1, j)
    }
  }

  toNextHops(): KernelNextHop[] {
    const nextHops: KernelNextHop[] = []
    for (let i = 0; i < this.count; i++) {
      const [family, interfaceIndex = 0, weight = 1, ...gateway] = this.#row(i)
      nextHops.push({
        interfaceIndex,
        weight,
        ...((family === 4 || family === 6) && { gateway: addressFromWords(family, ...firstFour(gateway)) }),
      })
    }
    return nextHops
  }

  #row(i: number): Uint32Array {
    return this.words.subarray(i * WORDS_PER_NEXT_HOP, (i + 1) * WORDS_PER_NEXT_HOP)
  }

  #compare(i: number, j: number): number {
    const a = this.#row(i)
    const b = this.#row(j)
    for (let k = 0; k < WORDS_PER_NEXT_HOP; k++) if (a[k] !== b[k]) return a[k]! - b[k]!
    return 0
  }

  #swap(i: number, j: number): void {
    const kept = this.#row(i).slice()
    this.#row(i).set(this.#row(j))
    this.#row(j).set(kept)
  }
}

function firstFour(words: readonly number[]): [number, number, number, number] {
  const [w0 = 0, w1 = 0, w2 = 0, w3 = 0] = words
  return [w0, w1, w2, w3]
}
