import { uint16At, uint32At } from './codec.ts'
import { bandwidthAt, isLinkBandwidth } from './link-bandwidth.ts'

/** The three attributes that hold communities. */
export type CommunityKind = 'standard' | 'extended' | 'large'

export interface Community {
  readonly kind: CommunityKind
  /** 4, 8 or 12 octets. */
  readonly octets: Uint8Array
}

/** IANA "BGP Well-known Communities", in the spelling routers use. */
const WELL_KNOWN: Readonly<Record<string, number>> = {
  'graceful-shutdown': 0xffff0000,
  'accept-own': 0xffff0001,
  'llgr-stale': 0xffff0006,
  'no-llgr': 0xffff0007,
  blackhole: 0xffff029a,
  'no-export': 0xffffff01,
  'no-advertise': 0xffffff02,
  'no-export-subconfed': 0xffffff03,
  'no-peer': 0xffffff04,
}

const WELL_KNOWN_NAMES = new Map(Object.entries(WELL_KNOWN).map(([name, value]) => [value, name]))

/** Type of opaque extended communities, and two of its sub-types (RFC 9012). */
const OPAQUE = 0x03
const COLOR = 0x0b
const ENCAPSULATION = 0x0c
const SPECIAL: ReadonlySet<string> = new Set(['bandwidth', 'transitive-bandwidth', 'encapsulation', 'color'])

/** Extended community types with a common short name (RFC 4360, sections 4 and 5). */
const EXTENDED_SUBTYPES: Readonly<Record<string, number>> = { rt: 0x02, soo: 0x03 }

/**
 * Reads `65000:1`, a well-known name, `large:65000:1:2`, `rt:65000:1`, `soo:65000:1`, `bandwidth:65000:125000000`,
 * `encapsulation:8`, `color:100` or `ext:0x0002fde800000064`; undefined when the text is none of them.
 */
export function parseCommunity(text: string): Community | undefined {
  const named = WELL_KNOWN[text]
  if (named !== undefined) return { kind: 'standard', octets: words([named]) }
  const [head = '', ...rest] = text.split(':')
  if (head === 'ext') return parseHex(rest)
  if (SPECIAL.has(head)) return parseSpecial(head, rest)
  const numbers = (head in EXTENDED_SUBTYPES || head === 'large' ? rest : [head, ...rest]).map(parseNumber)
  if (numbers.some((number) => number === undefined)) return undefined
  const [a = 0, b = 0] = numbers as number[]
  if (head === 'large') return numbers.length === 3 ? { kind: 'large', octets: words(numbers as number[]) } : undefined
  if (numbers.length !== 2) return undefined
  const subtype = EXTENDED_SUBTYPES[head]
  if (subtype !== undefined) return extended(subtype, a, b)
  return a <= 0xffff && b <= 0xffff ? { kind: 'standard', octets: words([((a << 16) | b) >>> 0]) } : undefined
}

/** The canonical text of the community at `at`: what `parseCommunity` reads back to the same octets. */
export function formatCommunity(kind: CommunityKind, octets: Uint8Array, at = 0): string {
  switch (kind) {
    case 'standard': {
      const value = uint32At(octets, at)
      return WELL_KNOWN_NAMES.get(value) ?? `${value >>> 16}:${value & 0xffff}`
    }
    case 'large':
      return `large:${uint32At(octets, at)}:${uint32At(octets, at + 4)}:${uint32At(octets, at + 8)}`
    case 'extended':
      return formatExtended(octets, at)
  }
}

/** As written by people or by us: the same community has one text. */
export function canonicalCommunity(text: string): string | undefined {
  const community = parseCommunity(text)
  return community && formatCommunity(community.kind, community.octets)
}

function formatExtended(octets: Uint8Array, at: number): string {
  const name = Object.entries(EXTENDED_SUBTYPES).find(([, subtype]) => subtype === octets[at + 1])?.[0]
  if (name !== undefined && octets[at] === 0x00)
    return `${name}:${uint16At(octets, at + 2)}:${uint32At(octets, at + 4)}`
  if (name !== undefined && octets[at] === 0x02 && uint32At(octets, at + 2) > 0xffff) {
    return `${name}:${uint32At(octets, at + 2)}:${uint16At(octets, at + 6)}`
  }
  const special = formatSpecial(octets, at)
  if (special !== undefined) return special
  const hex = Array.from(octets.subarray(at, at + 8), (octet) => octet.toString(16).padStart(2, '0')).join('')
  return `ext:0x${hex}`
}

/**
 * `bandwidth:65000:125000000`, in octets per second (draft-ietf-idr-link-bandwidth; not transitive, unless it begins
 * with `transitive-`); `encapsulation:8` and `color:100` (RFC 9012, sections 4.1 and 4.3).
 */
function formatSpecial(octets: Uint8Array, at: number): string | undefined {
  if (isLinkBandwidth(octets, at)) {
    const bandwidth = bandwidthAt(octets, at)
    const name = octets[at] === 0 ? 'transitive-bandwidth' : 'bandwidth'
    return Number.isSafeInteger(bandwidth) && !Object.is(bandwidth, -0) && bandwidth >= 0
      ? `${name}:${uint16At(octets, at + 2)}:${bandwidth}`
      : undefined
  }
  if (octets[at] !== OPAQUE) return undefined
  if (octets[at + 1] === ENCAPSULATION && uint32At(octets, at + 2) === 0)
    return `encapsulation:${uint16At(octets, at + 6)}`
  return octets[at + 1] === COLOR && uint16At(octets, at + 2) === 0 ? `color:${uint32At(octets, at + 4)}` : undefined
}

function parseSpecial(head: string, rest: readonly string[]): Community | undefined {
  const bandwidth = head === 'bandwidth' || head === 'transitive-bandwidth'
  if (rest.length !== (bandwidth ? 2 : 1) || !rest.every((text) => /^\d{1,16}$/.test(text))) return undefined
  const [a = 0, b = 0] = rest.map(Number)
  const octets = new Uint8Array(8)
  const view = new DataView(octets.buffer)
  if (bandwidth) {
    octets.set([head === 'bandwidth' ? 0x40 : 0, 0x04])
    view.setUint16(2, a)
    view.setFloat32(4, b)
    return a <= 0xffff ? { kind: 'extended', octets } : undefined
  }
  octets.set([OPAQUE, head === 'color' ? COLOR : ENCAPSULATION])
  if (head === 'color') view.setUint32(4, a)
  else view.setUint16(6, a)
  return a <= (head === 'color' ? 0xffffffff : 0xffff) ? { kind: 'extended', octets } : undefined
}

/** Two-octet AS with a 32-bit number, or four-octet AS with a 16-bit one (RFC 5668). */
function extended(subtype: number, asn: number, number: number): Community | undefined {
  if (asn <= 0xffff)
    return { kind: 'extended', octets: Uint8Array.of(0, subtype, asn >> 8, asn & 0xff, ...words([number])) }
  if (number > 0xffff) return undefined
  return { kind: 'extended', octets: Uint8Array.of(2, subtype, ...words([asn]), number >> 8, number & 0xff) }
}

function parseHex(rest: readonly string[]): Community | undefined {
  const digits = rest.length === 1 ? /^0x([0-9a-fA-F]{16})$/.exec(rest[0]!)?.[1] : undefined
  if (digits === undefined) return undefined
  return { kind: 'extended', octets: Uint8Array.from(digits.match(/../g)!, (pair) => Number.parseInt(pair, 16)) }
}

function parseNumber(text: string): number | undefined {
  return /^\d{1,10}$/.test(text) && Number(text) <= 0xffffffff ? Number(text) : undefined
}

function words(values: readonly number[]): Uint8Array {
  const octets = new Uint8Array(values.length * 4)
  const view = new DataView(octets.buffer)
  for (const [i, value] of values.entries()) view.setUint32(4 * i, value)
  return octets
}
