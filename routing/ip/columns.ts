/**
 * Typed-array columns of tables, grown by making wider ones. The narrower one is emptied: what still holds it reads
 * nothing, and its memory is free at once, not only when the collector comes by. A column of many megabytes would
 * otherwise lie there twice.
 */

export type Column32 = Uint32Array<ArrayBuffer>
export type Column16 = Uint16Array<ArrayBuffer>
export type Column8 = Uint8Array<ArrayBuffer>

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
