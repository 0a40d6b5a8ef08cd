/** Is what the receivers got exactly what the sources sent? Written apart from the code under test. */

/** Prefix (as number) → attributes that must arrive unchanged, as a digest. */
export type Routes = Map<number, string>

export function expectedRoutes(streams: readonly Uint8Array[]): Routes {
  const routes: Routes = new Map()
  for (const stream of streams) read(stream, routes)
  return routes
}

/** What differs, in words. */
export function checkRoutes(chunks: readonly Uint8Array[], wanted: Routes, external: boolean): string[] {
  const got: Routes = new Map()
  read(Buffer.concat(chunks), got)
  const faults: string[] = []
  for (const [prefix, attributes] of wanted) {
    const there = got.get(prefix)
    if (there === undefined) faults.push(`${show(prefix)} is missing`)
    else if (!external && there !== attributes) faults.push(`${show(prefix)} has ${there} instead of ${attributes}`)
    if (faults.length > 4) break
  }
  if (got.size > wanted.size) faults.push(`${got.size - wanted.size} prefixes too many`)
  return faults
}

function read(octets: Uint8Array, routes: Routes): void {
  for (let at = 0; at + 19 <= octets.length; ) {
    const length = (octets[at + 16]! << 8) | octets[at + 17]!
    if (octets[at + 18] === 2) readUpdate(octets, at, at + length, routes)
    at += length
  }
}

function readUpdate(octets: Uint8Array, at: number, end: number, routes: Routes): void {
  const withdrawnEnd = at + 21 + ((octets[at + 19]! << 8) | octets[at + 20]!)
  const attributesEnd = withdrawnEnd + 2 + ((octets[withdrawnEnd]! << 8) | octets[withdrawnEnd + 1]!)
  for (const prefix of prefixes(octets, at + 21, withdrawnEnd)) routes.delete(prefix)
  if (attributesEnd === end) return
  const kept = digest(octets, withdrawnEnd + 2, attributesEnd)
  for (const prefix of prefixes(octets, attributesEnd, end)) routes.set(prefix, kept)
}

/** ORIGIN to COMMUNITIES: what a reflector must leave as it is. */
function digest(octets: Uint8Array, start: number, end: number): string {
  const parts: string[] = []
  for (let at = start; at < end; ) {
    const wide = (octets[at]! & 0x10) !== 0
    const code = octets[at + 1]!
    const value = at + (wide ? 4 : 3)
    const next = value + (wide ? (octets[at + 2]! << 8) | octets[at + 3]! : octets[at + 2]!)
    if (code <= 8) parts.push(`${code}:${Buffer.from(octets.subarray(value, next)).toString('hex')}`)
    at = next
  }
  return parts.sort().join(' ')
}

function* prefixes(octets: Uint8Array, start: number, end: number): Generator<number> {
  for (let at = start; at < end; ) {
    const length = octets[at]!
    const count = (length + 7) >> 3
    let word = 0
    for (let i = 0; i < 4; i++) word = word * 256 + (i < count ? octets[at + 1 + i]! : 0)
    yield word * 64 + length
    at += 1 + count
  }
}

function show(prefix: number): string {
  const word = Math.floor(prefix / 64)
  return `${word >>> 24}.${(word >>> 16) & 255}.${(word >>> 8) & 255}.${word & 255}/${prefix % 64}`
}
