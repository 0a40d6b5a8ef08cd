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

export const RowFlag = {
  /** Kept over a restart of its peer (RFC 4724). */
  Stale: 1 << 0,
  /** The import policy refused it; kept so that a changed policy can be applied without asking the peer again. */
  Rejected: 1 << 1,
  /** A policy rule whose `prefixes` match accepted it. */
  Named: 1 << 2,
  /** Given up; a sweep takes it away, unless the peer announces it again before. */
  Doomed: 1 << 3,
  /** Not told again since the peer began a refresh (RFC 7313). */
  Awaited: 1 << 4,
  /** It has been here before, by its AS_PATH, ORIGINATOR_ID or CLUSTER_LIST; such routes are counted apart. */
  ToldBack: 1 << 5,
} as const

/** They change nothing about what the route is worth. */
export const AGE_FLAGS = RowFlag.Stale | RowFlag.Doomed | RowFlag.Awaited

const NONE = 0
const FIRST_ROWS = 1024

/**
 * Paths as rows of columns. A row is in use when its `prefix` is not 0; free rows are chained by `next`. One without
 * a `set` is of a path that is gone, of which somebody still has to hear (see `Rib.releasePath`).
 */
export class PathRows {
  /** Columns by RowId; replaced when they grow. */
  prefix: Column32 = new Uint32Array(FIRST_ROWS)
  /** The next path to the same prefix. */
  next: Column32 = new Uint32Array(FIRST_ROWS)
  set: Column32 = new Uint32Array(FIRST_ROWS)
  peer: Column16 = new Uint16Array(FIRST_ROWS)
  flags: Column8 = new Uint8Array(FIRST_ROWS)
  /** What the peer calls the path (RFC 7911, section 3); there only when `hasPathIds`. */
  pathId: Column32 = new Uint32Array(0)
  /** Some peer has given a path an identifier. */
  hasPathIds = false
  /** Rows in use. */
  size = 0
  #capacity = FIRST_ROWS
  #firstUnused = 1
  #nextFree = NONE

  /** One more than the largest id ever given out. */
  get end(): RowId {
    return this.#firstUnused
  }

  /** Rows that the columns hold. */
  get capacity(): number {
    return this.#capacity
  }

  /** From now on paths have identifiers; those there have 0. */
  keepPathIds(): void {
    if (this.hasPathIds) return
    this.hasPathIds = true
    this.pathId = new Uint32Array(this.#capacity)
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
    this.set[row] = NONE
    this.next[row] = this.#nextFree
    this.#nextFree = row
    if (--this.size > 0 || this.#capacity === FIRST_ROWS) return
    // Empty: the memory goes back.
    this.hasPathIds = false
    this.pathId = new Uint32Array(0)
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
    if (this.hasPathIds) this.pathId = grow32(this.pathId, rows)
  }
}
