/** A number for the attributes that must arrive unchanged, whatever order they stand in. Written apart from the code under test. */
export function digestAttributes(octets: Uint8Array, start: number, end: number, external: boolean): number {
  let sum = 0
  for (let at = start; at < end; ) {
    const wide = (octets[at]! & 0x10) !== 0
    const code = octets[at + 1]!
    const value = at + (wide ? 4 : 3)
    const next = value + (wide ? (octets[at + 2]! << 8) | octets[at + 3]! : octets[at + 2]!)
    // Communities are a set: BIRD sorts them.
    const step = code === 8 ? 4 : next - value
    if (external ? KEPT_EXTERNALLY.has(code) : code <= 8) {
      for (let part = value; part < next; part += step) sum = (sum + hash(octets, code, part, part + step)) >>> 0
    }
    // Of MP_REACH_NLRI the next hop, after family and length.
    if (code === 14) sum = (sum + hash(octets, 3, value + 4, value + 4 + octets[value + 3]!)) >>> 0
    at = next
  }
  // Zero means that a prefix is not held.
  return sum === 0 ? 1 : sum
}

/** ORIGIN and COMMUNITIES; AS_PATH, NEXT_HOP and MED change at an AS border. */
const KEPT_EXTERNALLY: ReadonlySet<number> = new Set([1, 8])

function hash(octets: Uint8Array, code: number, start: number, end: number): number {
  let h = Math.imul(code, 0x9e3779b1)
  for (let at = start; at < end; at++) h = Math.imul(h ^ octets[at]!, 0x01000193)
  return (h ^ (h >>> 15)) >>> 0
}
