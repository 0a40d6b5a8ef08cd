import { type Column8, type Column32, grow8, grow32, nextCapacity } from '../../routing/ip/columns.ts'

/** A set of small integers in order of arrival, each once: the prefixes whose state some consumer has yet to see. */
export class DirtyList {
  #queue: Column32 = new Uint32Array(256)
  #length = 0
  #marked: Column8 = new Uint8Array(1024)

  get length(): number {
    return this.#length
  }

  add(id: number): void {
    if (id >= this.#marked.length)
      this.#marked = grow8(this.#marked, Math.max(nextCapacity(this.#marked.length), id + 1))
    if (this.#marked[id] === 1) return
    this.#marked[id] = 1
    if (this.#length === this.#queue.length) this.#queue = grow32(this.#queue, this.#length * 2)
    this.#queue[this.#length++] = id
  }

  has(id: number): boolean {
    return this.#marked[id] === 1
  }

  /** Takes out up to `limit` ids, the oldest first, and hands each to `visit`. */
  drain(limit: number, visit: (id: number) => void): void {
    const count = Math.min(limit, this.#length)
    for (let i = 0; i < count; i++) this.#marked[this.#queue[i]!] = 0
    const taken = this.#queue.slice(0, count)
    this.#queue.copyWithin(0, count, this.#length)
    this.#length -= count
    for (let i = 0; i < count; i++) visit(taken[i]!)
    this.#shrink()
  }

  /** Takes everything out at once; the array is the caller's, its first `count` entries are valid. */
  takeAll(): { readonly ids: Column32; readonly count: number } {
    const ids = this.#queue
    const count = this.#length
    for (let i = 0; i < count; i++) this.#marked[ids[i]!] = 0
    this.#queue = new Uint32Array(Math.max(256, Math.min(ids.length, 1 << 16)))
    this.#length = 0
    return { ids, count }
  }

  #shrink(): void {
    if (this.#length === 0 && this.#queue.length > 1 << 16) this.#queue = new Uint32Array(256)
  }
}
