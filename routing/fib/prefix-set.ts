import { type Family, familyOf } from '../ip/address.ts'
import { contains, maskWord, type Prefix, type PrefixWords, prefixWords } from '../ip/prefix.ts'
import { PrefixTable } from '../ip/prefix-table.ts'

/** A fixed set of prefixes that answers in a handful of steps what lies within what, however large it is. */
export class PrefixSet {
  #families: Readonly<Record<Family, FamilySet>>

  constructor(prefixes: readonly Prefix[]) {
    const of = (family: Family) =>
      new FamilySet(family, prefixes.filter((each) => familyOf(each) === family).map(prefixWords))
    this.#families = { 4: of(4), 6: of(6) }
  }

  /** Is the prefix in the set, or inside one that is? */
  contains(prefix: PrefixWords): boolean {
    return this.#families[prefix.family].contains(prefix)
  }

  /** Does the prefix hold one of the set, or is it one of them? */
  isTouchedBy(prefix: PrefixWords): boolean {
    return this.#families[prefix.family].isTouchedBy(prefix)
  }
}

class FamilySet {
  #table: PrefixTable
  #lengths: readonly number[]
  #sorted: readonly PrefixWords[]

  constructor(family: Family, prefixes: readonly PrefixWords[]) {
    this.#table = new PrefixTable(family, 0)
    for (const each of prefixes) this.#table.internPrefix(each)
    this.#lengths = [...new Set(prefixes.map((each) => each.length))].sort((a, b) => a - b)
    this.#sorted = prefixes.toSorted(compare)
  }

  contains({ w0, w1, w2, w3, length }: PrefixWords): boolean {
    for (const shorter of this.#lengths) {
      if (shorter > length) return false
      const found = this.#table.find(
        (w0 & maskWord(shorter, 0)) >>> 0,
        (w1 & maskWord(shorter, 1)) >>> 0,
        (w2 & maskWord(shorter, 2)) >>> 0,
        (w3 & maskWord(shorter, 3)) >>> 0,
        shorter,
      )
      if (found !== 0) return true
    }
    return false
  }

  /** Those inside a prefix stand together, right after it in the order. */
  isTouchedBy(prefix: PrefixWords): boolean {
    let low = 0
    let high = this.#sorted.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (compare(this.#sorted[middle]!, prefix) < 0) low = middle + 1
      else high = middle
    }
    const next = this.#sorted[low]
    return next !== undefined && contains(prefix, next)
  }
}

function compare(a: PrefixWords, b: PrefixWords): number {
  return a.w0 - b.w0 || a.w1 - b.w1 || a.w2 - b.w2 || a.w3 - b.w3 || a.length - b.length
}
