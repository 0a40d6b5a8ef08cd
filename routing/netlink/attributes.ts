import { aligned } from './message.ts'

/** The attributes of a message by type; of those that come twice the last. */
export function attributesOf(view: DataView, start: number, end: number): Map<number, Uint8Array> {
  const found = new Map<number, Uint8Array>()
  for (let at = start; at + 4 <= end; ) {
    const length = view.getUint16(at, true)
    if (length < 4 || at + length > end) break
    found.set(view.getUint16(at + 2, true), new Uint8Array(view.buffer, view.byteOffset + at + 4, length - 4))
    at += aligned(length)
  }
  return found
}
