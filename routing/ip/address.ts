/** An IPv4 or IPv6 address in canonical text (RFC 5952 for IPv6): equal addresses are equal strings. */
export type Address = string & { readonly __brand: 'Address' }

export type Family = 4 | 6

/** Reads an address; `undefined` when the text is not one. Zone ids (`%eth0`) are not part of an address. */
export function parseAddress(text: string): Address | undefined {
  const octets = text.includes(':') ? parseOctets6(text) : parseOctets4(text)
  return octets && addressFromOctets(octets)
}

/** As `parseAddress`, for text that is known to be right. */
export function address(text: string): Address {
  const parsed = parseAddress(text)
  if (parsed === undefined) throw new TypeError(`not an IP address: ${text}`)
  return parsed
}

export function familyOf(address: string): Family {
  return address.includes(':') ? 6 : 4
}

/** The 4 or 16 octets of an address, in network order. */
export function addressOctets(address: Address): Uint8Array {
  const octets = familyOf(address) === 6 ? parseOctets6(address) : parseOctets4(address)
  if (octets === undefined) throw new TypeError(`not an IP address: ${address}`)
  return octets
}

/** The address whose 4 or 16 octets stand at `offset`. */
export function addressFromOctets(octets: Uint8Array, offset = 0, length = octets.length - offset): Address {
  return (length === 4 ? formatOctets4(octets, offset) : formatOctets6(octets, offset)) as Address
}

/** The address as one unsigned 32-bit word (IPv4) or four (IPv6), the first one the most significant. */
export function addressWords(address: Address): number[] {
  const octets = addressOctets(address)
  const words: number[] = []
  for (let i = 0; i < octets.length; i += 4) words.push(wordAt(octets, i))
  return words
}

export function addressFromWords(family: Family, w0: number, w1 = 0, w2 = 0, w3 = 0): Address {
  const octets = new Uint8Array(family === 4 ? 4 : 16)
  const view = new DataView(octets.buffer)
  view.setUint32(0, w0)
  if (family === 6) {
    view.setUint32(4, w1)
    view.setUint32(8, w2)
    view.setUint32(12, w3)
  }
  return addressFromOctets(octets)
}

/** Total order: IPv4 before IPv6, then by value. */
export function compareAddresses(a: Address, b: Address): number {
  const byFamily = familyOf(a) - familyOf(b)
  if (byFamily !== 0) return byFamily
  const left = addressOctets(a)
  const right = addressOctets(b)
  for (let i = 0; i < left.length; i++) {
    const difference = left[i]! - right[i]!
    if (difference !== 0) return difference
  }
  return 0
}

export function isLinkLocal(address: Address): boolean {
  return /^fe[89ab]/.test(address)
}

function wordAt(octets: Uint8Array, i: number): number {
  return ((octets[i]! << 24) | (octets[i + 1]! << 16) | (octets[i + 2]! << 8) | octets[i + 3]!) >>> 0
}

function parseOctets4(text: string): Uint8Array | undefined {
  const parts = text.split('.')
  if (parts.length !== 4) return undefined
  const octets = new Uint8Array(4)
  for (const [i, part] of parts.entries()) {
    if (!/^(0|[1-9]\d{0,2})$/.test(part) || Number(part) > 255) return undefined
    octets[i] = Number(part)
  }
  return octets
}

function parseOctets6(text: string): Uint8Array | undefined {
  const halves = text.split('::')
  if (halves.length > 2) return undefined
  const head = parseGroups(halves[0]!)
  const tail = halves.length === 2 ? parseGroups(halves[1]!) : []
  if (head === undefined || tail === undefined) return undefined
  const missing = 8 - head.length - tail.length
  if (halves.length === 2 ? missing < 1 : missing !== 0) return undefined

  const octets = new Uint8Array(16)
  const groups = [...head, ...Array<number>(missing).fill(0), ...tail]
  for (const [i, group] of groups.entries()) {
    octets[2 * i] = group >> 8
    octets[2 * i + 1] = group & 0xff
  }
  return octets
}

/** `a:b:1.2.3.4` → 16-bit groups; the dotted form may stand last (RFC 4291, section 2.2). */
function parseGroups(text: string): number[] | undefined {
  if (text === '') return []
  const parts = text.split(':')
  const groups: number[] = []
  for (const [i, part] of parts.entries()) {
    if (i === parts.length - 1 && part.includes('.')) {
      const dotted = parseOctets4(part)
      if (dotted === undefined) return undefined
      groups.push((dotted[0]! << 8) | dotted[1]!, (dotted[2]! << 8) | dotted[3]!)
    } else {
      if (!/^[0-9a-fA-F]{1,4}$/.test(part)) return undefined
      groups.push(Number.parseInt(part, 16))
    }
  }
  return groups
}

function formatOctets4(octets: Uint8Array, o: number): string {
  return `${octets[o]}.${octets[o + 1]}.${octets[o + 2]}.${octets[o + 3]}`
}

function formatOctets6(octets: Uint8Array, o: number): string {
  const groups: number[] = []
  for (let i = 0; i < 16; i += 2) groups.push((octets[o + i]! << 8) | octets[o + i + 1]!)
  const run = longestZeroRun(groups)
  const hex = (part: number[]) => part.map((group) => group.toString(16)).join(':')
  if (run.length < 2) return hex(groups)
  // IPv4-mapped addresses keep their dotted tail (RFC 5952, section 5).
  if (run.start === 0 && run.length === 5 && groups[5] === 0xffff) return `::ffff:${formatOctets4(octets, o + 12)}`
  return `${hex(groups.slice(0, run.start))}::${hex(groups.slice(run.start + run.length))}`
}

function longestZeroRun(groups: readonly number[]): { start: number; length: number } {
  let best = { start: 0, length: 0 }
  for (let start = 0; start < groups.length; start++) {
    let end = start
    while (end < groups.length && groups[end] === 0) end++
    if (end - start > best.length) best = { start, length: end - start }
    if (end > start) start = end
  }
  return best
}
