import { type Column8, type Column32, grow8, grow32, nextCapacity } from '../../routing/ip/columns.ts'

/** A set of small integers in order of arrival, each once: the prefixes whose state some consumer has yet to see. */
export class DirtyList {
  #queue: Column32 = new Uint32Array(FEW)
  /** The ids stand from here on, so that taking some out moves none of the others. */
  #head = 0
  #length = 0
  /** What was taken last, to be filled again: a new array for each change is what the collector lives on. */
  #taken: Column32 = new Uint32Array(FEW)
  #marked: Column8 = new Uint8Array(1024)

  get length(): number {
    return this.#length
  }

  add(id: number): void {
    if (id >= this.#marked.length)
      this.#marked = grow8(this.#marked, Math.max(nextCapacity(this.#marked.length), id + 1))
    if (this.#marked[id] === 1) return
    this.#marked[id] = 1
    if (this.#head + this.#length === this.#queue.length) this.#makeRoom()
    this.#queue[this.#head + this.#length++] = id
  }

  has(id: number): boolean {
    return this.#marked[id] === 1
  }

  /** Takes out up to `limit` ids, the oldest first, and hands each to `visit`. */
  drain(limit: number, visit: (id: number) => void): void {
    for (let left = Math.min(limit, this.#length); left > 0; left--) {
      const id = this.#queue[this.#head++]!
      this.#length--
      this.#marked[id] = 0
      visit(id)
    }
    if (this.#length > 0) return
    this.#head = 0
    if (this.#queue.length > MANY) this.#queue = new Uint32Array(FEW)
  }

  /** Takes everything out at once: the first `count` entries of the array, until the next call. */
  takeAll(): { readonly ids: Column32; readonly count: number } {
    if (this.#head > 0) this.#toFront()
    const ids = this.#queue
    const count = this.#length
    for (let i = 0; i < count; i++) this.#marked[ids[i]!] = 0
    this.#queue = this.#taken
    this.#taken = ids.length > MANY ? new Uint32Array(FEW) : ids
    this.#length = 0
    return { ids, count }
  }

  #makeRoom(): void {
    if (this.#head > this.#length) this.#toFront()
    else this.#queue = grow32(this.#queue, this.#queue.length * 2)
  }

  #toFront(): void {
    this.#queue.copyWithin(0, this.#head, this.#head + this.#length)
    this.#head = 0
  }
}

const FEW = 256
const MANY = 1 << 16
