import { type Column32, grow32 } from '../../routing/ip/columns.ts'

const NONE = 0xffffffff

/**
 * Prefix ids sorted into buckets by a small integer key, in linear time and without allocation: the prefixes of one
 * attribute set go out in one UPDATE. Buckets and their contents keep the order in which they were filled.
 */
export class Buckets {
  #head: Column32 = new Uint32Array(1024).fill(NONE)
  #tail: Column32 = new Uint32Array(1024)
  #ids: Column32 = new Uint32Array(1024)
  #next: Column32 = new Uint32Array(1024)
  #keys: Column32 = new Uint32Array(256)
  #count = 0
  #keyCount = 0

  get size(): number {
    return this.#count
  }

  add(key: number, id: number): void {
    if (key >= this.#head.length) this.#growKeys(key)
    if (this.#count === this.#ids.length) {
      this.#ids = grow32(this.#ids, this.#count * 2)
      this.#next = grow32(this.#next, this.#count * 2)
    }
    const entry = this.#count++
    this.#ids[entry] = id
    this.#next[entry] = NONE
    if (this.#head[key] === NONE) {
      this.#head[key] = entry
      if (this.#keyCount === this.#keys.length) this.#keys = grow32(this.#keys, this.#keyCount * 2)
      this.#keys[this.#keyCount++] = key
    } else {
      this.#next[this.#tail[key]!] = entry
    }
    this.#tail[key] = entry
  }

  get keyCount(): number {
    return this.#keyCount
  }

  keyAt(index: number): number {
    return this.#keys[index]!
  }

  /** First entry of a bucket; walk on with `nextEntry` until `isEnd`. */
  firstEntry(key: number): number {
    return this.#head[key]!
  }

  nextEntry(entry: number): number {
    return this.#next[entry]!
  }

  idOf(entry: number): number {
    return this.#ids[entry]!
  }

  isEnd(entry: number): boolean {
    return entry === NONE
  }

  clear(): void {
    for (let i = 0; i < this.#keyCount; i++) this.#head[this.#keys[i]!] = NONE
    this.#count = 0
    this.#keyCount = 0
    if (this.#ids.length > 1 << 18) {
      this.#ids = new Uint32Array(1024)
      this.#next = new Uint32Array(1024)
    }
  }

  #growKeys(key: number): void {
    const before = this.#head.length
    const rows = Math.max(before * 2, key + 1)
    this.#head = grow32(this.#head, rows).fill(NONE, before)
    this.#tail = grow32(this.#tail, rows)
  }
}
