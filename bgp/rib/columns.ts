/** Typed-array columns that grow together by doubling. */

export function grow32(column: Uint32Array<ArrayBuffer>, rows: number): Uint32Array<ArrayBuffer> {
  const wider = new Uint32Array(rows)
  wider.set(column.length > rows ? column.subarray(0, rows) : column)
  return wider
}

export function grow16(column: Uint16Array<ArrayBuffer>, rows: number): Uint16Array<ArrayBuffer> {
  const wider = new Uint16Array(rows)
  wider.set(column.length > rows ? column.subarray(0, rows) : column)
  return wider
}

export function grow8(column: Uint8Array<ArrayBuffer>, rows: number): Uint8Array<ArrayBuffer> {
  const wider = new Uint8Array(rows)
  wider.set(column.length > rows ? column.subarray(0, rows) : column)
  return wider
}

export type Column32 = Uint32Array<ArrayBuffer>
export type Column16 = Uint16Array<ArrayBuffer>
export type Column8 = Uint8Array<ArrayBuffer>
