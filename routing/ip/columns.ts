/**
 * Typed-array columns of tables, grown by making wider ones. The narrower one is emptied: what still holds it reads
 * nothing, and its memory is free at once, not only when the collector comes by. A column of many megabytes would
 * otherwise lie there twice.
 */

export type Column32 = Uint32Array<ArrayBuffer>
export type Column16 = Uint16Array<ArrayBuffer>
export type Column8 = Uint8Array<ArrayBuffer>

/**
 * How many rows a full table gets next. Rows that are not used yet cost no memory, for the system gives pages only when
 * they are written, but what is copied is written twice: so tables grow seldom and by much.
 */
export function nextCapacity(rows: number): number {
  return rows * 4
}

export function grow32(column: Column32, rows: number): Column32 {
  return moved(column, new Uint32Array(rows))
}

export function grow16(column: Column16, rows: number): Column16 {
  return moved(column, new Uint16Array(rows))
}

export function grow8(column: Column8, rows: number): Column8 {
  return moved(column, new Uint8Array(rows))
}

function moved<T extends Column32 | Column16 | Column8>(from: T, to: T): T {
  to.set(from.length > to.length ? from.subarray(0, to.length) : from)
  from.buffer.transfer(0)
  return to
}
