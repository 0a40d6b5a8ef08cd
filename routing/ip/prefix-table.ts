import { type Address, addressFromWords, type Family } from './address.ts'
import { type Column8, type Column32, grow8, grow32, nextCapacity } from './columns.ts'
import type { Prefix, PrefixWords } from './prefix.ts'

/** Dense number of a prefix in one table; 0 is no prefix. */
export type PrefixId = number

const FIRST_ROWS = 1024

/**
 * Prefix ↔ dense id, in columns: open addressing with linear probing over typed arrays, no object per prefix.
 *
 * An id stays valid until `release`; released ids are reused, the most recently freed first. Owners keep their own
 * columns indexed by the id and grow them to `capacity` when it changes.
 *
 * A slot holds the id and, in the bits that ids do not need, the upper bits of the hash: a probe that meets another
 * prefix passes by without a look at that one's columns, which lie far from the cache.
 */
export class PrefixTable {
  readonly family: Family
  /** Ids are smaller than this; columns beside the table need this many rows. */
  capacity = FIRST_ROWS
  /** Prefixes in the table. */
  size = 0

  #wide: boolean
  #w0: Column32 = new Uint32Array(FIRST_ROWS)
  #w1: Column32
  #w2: Column32
  #w3: Column32
  #length: Column8 = new Uint8Array(FIRST_ROWS)
  /** Next free id of a released row. */
  #nextFree = 0
  #firstUnused = 1
  #slots: Column32 = new Uint32Array(FIRST_ROWS * 2)
  #mask = FIRST_ROWS * 2 - 1
  /** Ids are smaller than half the slots. */
  #idMask = FIRST_ROWS - 1
  #seed: number

  /** `seed` keeps peers from choosing prefixes that collide: give a random one per process. */
  constructor(family: Family, seed: number) {
    this.family = family
    this.#seed = seed >>> 0
    this.#wide = family === 6
    const rows = this.#wide ? FIRST_ROWS : 0
    this.#w1 = new Uint32Array(rows)
    this.#w2 = new Uint32Array(rows)
    this.#w3 = new Uint32Array(rows)
  }

  /** One more than the largest id ever given out; scans run from 1 to here and ask `has`. */
  get end(): number {
    return this.#firstUnused
  }

  /** The id of the prefix, or 0. Host bits must be zero; the words may be signed or not. */
  find(w0: number, w1: number, w2: number, w3: number, length: number): PrefixId {
    const slots = this.#slots
    const hash = this.#hash(w0, w1, w2, w3, length)
    for (let slot = hash & this.#mask; ; slot = (slot + 1) & this.#mask) {
      const entry = slots[slot]!
      if (entry === 0) return 0
      if (((entry ^ hash) & ~this.#idMask) !== 0) continue
      const id = entry & this.#idMask
      if (this.#equals(id, w0, w1, w2, w3, length)) return id
    }
  }

  /**
   * Reads where a probe for the prefix begins, and means nothing. Reading this for all prefixes of a message first has
   * the cache misses, each of them longer than all the rest of the work, wait for memory together.
   */
  touch(w0: number, w1: number, w2: number, w3: number, length: number): number {
    return this.#slots[this.#hash(w0, w1, w2, w3, length) & this.#mask]!
  }

  /** The id of the prefix, given one if it had none. Hot: once per received route. */
  intern(w0: number, w1: number, w2: number, w3: number, length: number): PrefixId {
    const slots = this.#slots
    const hash = this.#hash(w0, w1, w2, w3, length)
    let slot = hash & this.#mask
    for (; ; slot = (slot + 1) & this.#mask) {
      const entry = slots[slot]!
      if (entry === 0) break
      if (((entry ^ hash) & ~this.#idMask) !== 0) continue
      const id = entry & this.#idMask
      if (this.#equals(id, w0, w1, w2, w3, length)) return id
    }
    const id = this.#allocate()
    this.#w0[id] = w0
    this.#length[id] = length
    if (this.#wide) {
      this.#w1[id] = w1
      this.#w2[id] = w2
      this.#w3[id] = w3
    }
    // Growing rehashes every row, this one included.
    if (++this.size * 2 > this.#mask) this.#rehash(this.#slots.length * 2)
    else slots[slot] = (hash & ~this.#idMask) | id
    return id
  }

  /** Slots that finding a prefix of the table looks at, on average: 1 is best. Goes through all of them. */
  get meanProbes(): number {
    let probes = 0
    for (let slot = 0; slot <= this.#mask; slot++) {
      const id = this.#slots[slot]! & this.#idMask
      if (id !== 0) probes += 1 + ((slot - this.#hashOf(id)) & this.#mask)
    }
    return probes / this.size
  }

  findPrefix(prefix: PrefixWords): PrefixId {
    return this.find(prefix.w0, prefix.w1, prefix.w2, prefix.w3, prefix.length)
  }

  internPrefix(prefix: PrefixWords): PrefixId {
    return this.intern(prefix.w0, prefix.w1, prefix.w2, prefix.w3, prefix.length)
  }

  has(id: PrefixId): boolean {
    return id > 0 && id < this.#firstUnused && this.#length[id] !== FREE
  }

  /** Forgets the prefix; its id may be given to another one. */
  release(id: PrefixId): void {
    this.#unlink(id)
    this.#length[id] = FREE
    this.#w0[id] = this.#nextFree
    this.#nextFree = id
    this.size--
    this.#shrink()
  }

  lengthOf(id: PrefixId): number {
    return this.#length[id]!
  }

  /** The `index`-th 32-bit word of the address (0 for IPv4). */
  wordOf(id: PrefixId, index: number): number {
    switch (index) {
      case 0:
        return this.#w0[id]!
      case 1:
        return this.#w1[id]!
      case 2:
        return this.#w2[id]!
      default:
        return this.#w3[id]!
    }
  }

  /** Copies the prefix into `into` and returns it. */
  read(id: PrefixId, into: PrefixWords): PrefixWords {
    into.family = this.family
    into.w0 = this.#w0[id]!
    into.w1 = this.#wide ? this.#w1[id]! : 0
    into.w2 = this.#wide ? this.#w2[id]! : 0
    into.w3 = this.#wide ? this.#w3[id]! : 0
    into.length = this.#length[id]!
    return into
  }

  addressOf(id: PrefixId): Address {
    return this.#wide
      ? addressFromWords(6, this.#w0[id]!, this.#w1[id]!, this.#w2[id]!, this.#w3[id]!)
      : addressFromWords(4, this.#w0[id]!)
  }

  format(id: PrefixId): Prefix {
    return `${this.addressOf(id)}/${this.#length[id]}` as Prefix
  }

  #equals(id: PrefixId, w0: number, w1: number, w2: number, w3: number, length: number): boolean {
    if ((this.#w0[id]! ^ w0) !== 0 || this.#length[id] !== length) return false
    return !this.#wide || ((this.#w1[id]! ^ w1) | (this.#w2[id]! ^ w2) | (this.#w3[id]! ^ w3)) === 0
  }

  #hash(w0: number, w1: number, w2: number, w3: number, length: number): number {
    let h = Math.imul(w0 ^ this.#seed, 0x9e3779b1) ^ Math.imul(length + 1, 0x85ebca6b)
    if (this.#wide) {
      h = Math.imul(h ^ (h >>> 15) ^ w1, 0x2c1b3c6d)
      h = Math.imul(h ^ (h >>> 13) ^ w2, 0x297a2d39)
      h = Math.imul(h ^ (h >>> 15) ^ w3, 0x9e3779b1)
    }
    h = Math.imul(h ^ (h >>> 16), 0x7feb352d)
    return h ^ (h >>> 15)
  }

  #hashOf(id: PrefixId): number {
    return this.#wide
      ? this.#hash(this.#w0[id]!, this.#w1[id]!, this.#w2[id]!, this.#w3[id]!, this.#length[id]!)
      : this.#hash(this.#w0[id]!, 0, 0, 0, this.#length[id]!)
  }

  #allocate(): PrefixId {
    if (this.#nextFree !== 0) {
      const id = this.#nextFree
      this.#nextFree = this.#w0[id]!
      return id
    }
    if (this.#firstUnused === this.capacity) this.#growRows()
    return this.#firstUnused++
  }

  #growRows(): void {
    this.capacity = nextCapacity(this.capacity)
    this.#w0 = grow32(this.#w0, this.capacity)
    this.#length = grow8(this.#length, this.capacity)
    if (!this.#wide) return
    this.#w1 = grow32(this.#w1, this.capacity)
    this.#w2 = grow32(this.#w2, this.capacity)
    this.#w3 = grow32(this.#w3, this.capacity)
  }

  /** Removes the slot of `id`, moving later ones of the probe sequence up so that no tombstone is needed. */
  #unlink(id: PrefixId): void {
    const slots = this.#slots
    let hole = this.#hashOf(id) & this.#mask
    while ((slots[hole]! & this.#idMask) !== id) hole = (hole + 1) & this.#mask
    for (let slot = (hole + 1) & this.#mask; slots[slot] !== 0; slot = (slot + 1) & this.#mask) {
      const home = this.#hashOf(slots[slot]! & this.#idMask) & this.#mask
      if (((slot - home) & this.#mask) >= ((slot - hole) & this.#mask)) {
        slots[hole] = slots[slot]!
        hole = slot
      }
    }
    slots[hole] = 0
  }

  #rehash(slotCount: number): void {
    this.#slots.buffer.transfer(0)
    const slots = new Uint32Array(slotCount)
    const mask = slotCount - 1
    const idMask = mask >>> 1
    for (let id = 1; id < this.#firstUnused; id++) {
      if (this.#length[id] === FREE) continue
      const hash = this.#hashOf(id)
      let slot = hash & mask
      while (slots[slot] !== 0) slot = (slot + 1) & mask
      slots[slot] = (hash & ~idMask) | id
    }
    this.#slots = slots
    this.#mask = mask
    this.#idMask = idMask
  }

  /** An empty table gives its memory back; one that is only partly empty keeps its rows, since ids must stay. */
  #shrink(): void {
    if (this.size > 0 || this.capacity === FIRST_ROWS) return
    this.capacity = FIRST_ROWS
    this.#w0 = new Uint32Array(FIRST_ROWS)
    this.#length = new Uint8Array(FIRST_ROWS)
    const rows = this.#wide ? FIRST_ROWS : 0
    this.#w1 = new Uint32Array(rows)
    this.#w2 = new Uint32Array(rows)
    this.#w3 = new Uint32Array(rows)
    this.#nextFree = 0
    this.#firstUnused = 1
    this.#slots = new Uint32Array(FIRST_ROWS * 2)
    this.#mask = FIRST_ROWS * 2 - 1
    this.#idMask = FIRST_ROWS - 1
  }
}

/** No prefix is this long: the mark of a row that is free. */
const FREE = 255

export function emptyPrefix(family: Family): PrefixWords {
  return { family, w0: 0, w1: 0, w2: 0, w3: 0, length: 0 }
}
