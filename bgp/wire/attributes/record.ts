import { type Address, addressFromOctets, addressOctets, familyOf } from '../../../routing/ip/address.ts'
import { AttributeCode, AttributeFlag, Origin } from '../iana.ts'
import { pathLength, readSegments, type Segment } from './as-path.ts'
import { OPTIONAL, putUint32, TRANSITIVE, uint16At, uint32At } from './codec.ts'
import { type CommunityKind, formatCommunity, parseCommunity } from './community-text.ts'
import { usableNextHop } from './mp.ts'
import { writeAsPath, writeAttributeHeader } from './normalize.ts'

/** A readable attribute set, for policy and people. The RIB keeps octets; this is made on demand. */
export interface PathAttributes {
  readonly origin: number
  readonly asPath: readonly Segment[]
  readonly nextHop?: Address
  readonly med?: number
  readonly localPref?: number
  readonly atomicAggregate: boolean
  readonly aggregator?: { readonly asn: number; readonly address: Address }
  /** Canonical texts, of all three kinds. */
  readonly communities: readonly string[]
  readonly originatorId?: Address
  readonly clusterList: readonly Address[]
  /** Everything else, as whole attributes. */
  readonly others: readonly { readonly flags: number; readonly code: number; readonly value: Uint8Array }[]
}

const COMMUNITY_KINDS: readonly { readonly kind: CommunityKind; readonly code: number; readonly size: number }[] = [
  { kind: 'standard', code: AttributeCode.Communities, size: 4 },
  { kind: 'extended', code: AttributeCode.ExtendedCommunities, size: 8 },
  { kind: 'large', code: AttributeCode.LargeCommunities, size: 12 },
]

export const EMPTY_ATTRIBUTES: PathAttributes = {
  origin: Origin.Igp,
  asPath: [],
  atomicAggregate: false,
  communities: [],
  clusterList: [],
  others: [],
}

/** Decodes normalized attributes (4-octet AS numbers, MP_REACH_NLRI without NLRI). */
export function readAttributes(octets: Uint8Array, start = 0, end = octets.length): PathAttributes {
  type Mutable = { -readonly [K in keyof PathAttributes]: PathAttributes[K] }
  const record: Mutable = { ...EMPTY_ATTRIBUTES, origin: Origin.Incomplete }
  for (let at = start; at < end; ) {
    const flags = octets[at]!
    const code = octets[at + 1]!
    const extended = (flags & AttributeFlag.ExtendedLength) !== 0
    const value = at + (extended ? 4 : 3)
    const next = value + (extended ? uint16At(octets, at + 2) : octets[at + 2]!)
    Object.assign(record, readOne(record, flags, code, octets, value, next))
    at = next
  }
  return record
}

function readOne(
  record: PathAttributes,
  flags: number,
  code: number,
  octets: Uint8Array,
  start: number,
  end: number,
): Partial<PathAttributes> {
  const community = COMMUNITY_KINDS.find((row) => row.code === code)
  if (community) return { communities: [...record.communities, ...readCommunities(community, octets, start, end)] }
  switch (code) {
    case AttributeCode.Origin:
      return { origin: octets[start]! }
    case AttributeCode.AsPath:
      return { asPath: readSegments(octets, start, end, 4) }
    case AttributeCode.NextHop:
      return { nextHop: addressFromOctets(octets, start, 4) }
    case AttributeCode.MpReach:
      return { nextHop: addressFromOctets(octets, ...mpNextHop(octets, start)) }
    case AttributeCode.Med:
      return { med: uint32At(octets, start) }
    case AttributeCode.LocalPref:
      return { localPref: uint32At(octets, start) }
    case AttributeCode.AtomicAggregate:
      return { atomicAggregate: true }
    case AttributeCode.Aggregator:
      return { aggregator: { asn: uint32At(octets, start), address: addressFromOctets(octets, start + 4, 4) } }
    case AttributeCode.OriginatorId:
      return { originatorId: addressFromOctets(octets, start, 4) }
    case AttributeCode.ClusterList:
      return { clusterList: readAddresses(octets, start, end) }
    default:
      return { others: [...record.others, { flags, code, value: octets.slice(start, end) }] }
  }
}

/** The normalized octets of a record, attributes in the order of their codes. */
export function writeAttributeRecord(record: PathAttributes): Uint8Array {
  const out = new AttributeBuilder()
  out.put(TRANSITIVE, AttributeCode.Origin, Uint8Array.of(record.origin))
  out.path(record.asPath)
  const { nextHop } = record
  if (nextHop !== undefined && familyOf(nextHop) === 4)
    out.put(TRANSITIVE, AttributeCode.NextHop, addressOctets(nextHop))
  if (record.med !== undefined) out.put(OPTIONAL, AttributeCode.Med, word(record.med))
  if (record.localPref !== undefined) out.put(TRANSITIVE, AttributeCode.LocalPref, word(record.localPref))
  if (record.atomicAggregate) out.put(TRANSITIVE, AttributeCode.AtomicAggregate, new Uint8Array(0))
  if (record.aggregator) {
    const value = Uint8Array.of(...word(record.aggregator.asn), ...addressOctets(record.aggregator.address))
    out.put(OPTIONAL | TRANSITIVE, AttributeCode.Aggregator, value)
  }
  out.communities(record.communities, 'standard')
  if (record.originatorId) out.put(OPTIONAL, AttributeCode.OriginatorId, addressOctets(record.originatorId))
  if (record.clusterList.length > 0) {
    const value = Uint8Array.from(record.clusterList.flatMap((id) => [...addressOctets(id)]))
    out.put(OPTIONAL, AttributeCode.ClusterList, value)
  }
  if (nextHop !== undefined && familyOf(nextHop) === 6) {
    out.put(OPTIONAL, AttributeCode.MpReach, Uint8Array.of(0, 2, 1, 16, ...addressOctets(nextHop), 0))
  }
  out.communities(record.communities, 'extended')
  out.communities(record.communities, 'large')
  for (const { flags, code, value } of record.others) out.put(flags, code, value)
  return out.finish()
}

/** For policies: AS_PATH length as the decision counts it. */
export function asPathLength(record: PathAttributes): number {
  return pathLength(record.asPath)
}

class AttributeBuilder {
  #octets = new Uint8Array(1024)
  #end = 0

  put(flags: number, code: number, value: Uint8Array): void {
    this.#room(value.length + 4)
    const at = writeAttributeHeader(this.#octets, this.#end, flags, code, value.length)
    this.#octets.set(value, at)
    this.#end = at + value.length
  }

  path(segments: readonly Segment[]): void {
    this.#room(4 + segments.reduce((sum, { asns }) => sum + 2 + 4 * asns.length, 0))
    this.#end = writeAsPath(this.#octets, this.#end, segments)
  }

  communities(texts: readonly string[], kind: CommunityKind): void {
    const parsed = texts.map(parseCommunity).filter((community) => community?.kind === kind)
    if (parsed.length === 0) return
    const { code } = COMMUNITY_KINDS.find((row) => row.kind === kind)!
    this.put(OPTIONAL | TRANSITIVE, code, Uint8Array.from(parsed.flatMap((community) => [...community!.octets])))
  }

  finish(): Uint8Array {
    return this.#octets.slice(0, this.#end)
  }

  #room(octets: number): void {
    if (this.#end + octets <= this.#octets.length) return
    const wider = new Uint8Array((this.#end + octets) * 2)
    wider.set(this.#octets)
    this.#octets = wider
  }
}

function readCommunities(
  { kind, size }: { readonly kind: CommunityKind; readonly size: number },
  octets: Uint8Array,
  start: number,
  end: number,
): string[] {
  const texts: string[] = []
  for (let at = start; at < end; at += size) texts.push(formatCommunity(kind, octets, at))
  return texts
}

/** Where it stands and how long it is; the first one where none is of use. */
function mpNextHop(octets: Uint8Array, start: number): readonly [at: number, length: number] {
  const length = octets[start + 3]!
  const at = usableNextHop(octets, start + 4, length)
  return [at < 0 ? start + 4 : at, length === 4 ? 4 : 16]
}

function readAddresses(octets: Uint8Array, start: number, end: number): Address[] {
  const addresses: Address[] = []
  for (let at = start; at < end; at += 4) addresses.push(addressFromOctets(octets, at, 4))
  return addresses
}

function word(value: number): Uint8Array {
  const octets = new Uint8Array(4)
  putUint32(octets, 0, value)
  return octets
}
