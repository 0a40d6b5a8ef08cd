import {
  type Column8,
  type Column16,
  type Column32,
  grow8,
  grow16,
  grow32,
  nextCapacity,
} from '../../routing/ip/columns.ts'

/** A path of one peer to one prefix; 0 is none. */
export type RowId = number

const NONE = 0
const FIRST_ROWS = 1024

/** Paths as rows of five columns. A row is in use when its `prefix` is not 0; free rows are chained by `next`. */
export class PathRows {
  /** Columns by RowId; replaced when they grow. */
  prefix: Column32 = new Uint32Array(FIRST_ROWS)
  /** The next path to the same prefix. */
  next: Column32 = new Uint32Array(FIRST_ROWS)
  set: Column32 = new Uint32Array(FIRST_ROWS)
  peer: Column16 = new Uint16Array(FIRST_ROWS)
  flags: Column8 = new Uint8Array(FIRST_ROWS)
  /** Rows in use. */
  size = 0
  #capacity = FIRST_ROWS
  #firstUnused = 1
  #nextFree = NONE

  /** One more than the largest id ever given out. */
  get end(): RowId {
    return this.#firstUnused
  }

  /** A row that the caller fills. */
  take(): RowId {
    this.size++
    if (this.#nextFree !== NONE) {
      const row = this.#nextFree
      this.#nextFree = this.next[row]!
      return row
    }
    if (this.#firstUnused === this.#capacity) this.#resize(nextCapacity(this.#capacity))
    return this.#firstUnused++
  }

  free(row: RowId): void {
    this.prefix[row] = NONE
    this.next[row] = this.#nextFree
    this.#nextFree = row
    if (--this.size > 0 || this.#capacity === FIRST_ROWS) return
    // Empty: the memory goes back.
    this.#resize(FIRST_ROWS)
    this.#firstUnused = 1
    this.#nextFree = NONE
  }

  #resize(rows: number): void {
    this.#capacity = rows
    this.prefix = grow32(this.prefix, rows)
    this.next = grow32(this.next, rows)
    this.set = grow32(this.set, rows)
    this.peer = grow16(this.peer, rows)
    this.flags = grow8(this.flags, rows)
  }
}
