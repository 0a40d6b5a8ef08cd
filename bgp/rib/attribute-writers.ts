import { joinSequences, readSegments } from '../wire/attributes/as-path.ts'
import { OPTIONAL, putUint32, TRANSITIVE } from '../wire/attributes/codec.ts'
import { writeAsPath, writeAttributeHeader } from '../wire/attributes/normalize.ts'
import { AS_TRANS, AttributeCode, AttributeFlag, SegmentType } from '../wire/iana.ts'

/** Single attributes as they leave; each returns where the next one goes. */

function copy(octets: Uint8Array, from: number, to: number, into: Uint8Array, at: number): number {
  const length = to - from
  if (length > 64) into.set(octets.subarray(from, to), at)
  else for (let i = 0; i < length; i++) into[at + i] = octets[from + i]!
  return at + length
}

/** An attribute that cannot be partial; what else stood in its flags is sent as zero (RFC 4271, section 4.3). */
export function copyWhole(octets: Uint8Array, from: number, next: number, into: Uint8Array, at: number): number {
  const end = copy(octets, from, next, into, at)
  into[at] = octets[from]! & (OPTIONAL | TRANSITIVE | AttributeFlag.ExtendedLength)
  return end
}

/** Known ones go as they came, unknown transitive ones with the Partial bit (RFC 4271, section 5). */
export function writeOptional(octets: Uint8Array, from: number, next: number, into: Uint8Array, at: number): number {
  const code = octets[from + 1]!
  const flags = octets[from]! & 0xf0
  const end = copy(octets, from, next, into, at)
  into[at] = KNOWN.has(code) ? flags : flags | AttributeFlag.Partial
  return end
}

/** RFC 4360, section 6: those that are not transitive stay in the AS they are in; the others, none at all is no attribute. */
export function writeTransitive(
  octets: Uint8Array,
  from: number,
  value: number,
  next: number,
  into: Uint8Array,
  at: number,
): number {
  let left = 0
  for (let each = value; each < next; each += 8) if ((octets[each]! & 0x40) === 0) left++
  if (left * 8 === next - value) return writeOptional(octets, from, next, into, at)
  if (left === 0) return at
  const flags = octets[from]! & (OPTIONAL | TRANSITIVE | AttributeFlag.Partial)
  let end = writeAttributeHeader(into, at, flags, AttributeCode.ExtendedCommunities, left * 8)
  for (let each = value; each < next; each += 8) {
    if ((octets[each]! & 0x40) === 0) end = copy(octets, each, each + 8, into, end)
  }
  return end
}

const KNOWN: ReadonlySet<number> = new Set([
  AttributeCode.Aggregator,
  AttributeCode.Communities,
  AttributeCode.ExtendedCommunities,
  AttributeCode.Ipv6ExtendedCommunities,
  AttributeCode.LargeCommunities,
  AttributeCode.OnlyToCustomer,
  AttributeCode.PrefixSid,
  AttributeCode.TrafficEngineering,
  AttributeCode.AttrSet,
])

export function writePath(
  octets: Uint8Array,
  from: number,
  value: number,
  next: number,
  to: { readonly external: boolean; readonly localAsn: number; readonly fourOctetAsn: boolean },
  into: Uint8Array,
  at: number,
): number {
  if (!to.external && to.fourOctetAsn) return copyWhole(octets, from, next, into, at)
  const received = readSegments(octets, value, next, 4)
  const own = { type: SegmentType.Sequence, asns: [to.localAsn] }
  const path = to.external ? joinSequences([own, ...received]) : received
  if (to.fourOctetAsn) return writeAsPath(into, at, path)

  const end = writeAsPath(into, at, path, 2)
  if (path.every(({ asns }) => asns.every((asn) => asn <= 0xffff))) return end
  // RFC 6793, section 4.2.2: what does not fit two octets travels in AS4_PATH too.
  const as4End = writeAsPath(into, end, path)
  into[end] = OPTIONAL | TRANSITIVE | (into[end]! & AttributeFlag.ExtendedLength)
  into[end + 1] = AttributeCode.As4Path
  return as4End
}

export function writeShortAggregator(octets: Uint8Array, value: number, into: Uint8Array, at: number): number {
  const wide = octets[value] !== 0 || octets[value + 1] !== 0
  let end = writeAttributeHeader(into, at, OPTIONAL | TRANSITIVE, AttributeCode.Aggregator, 6)
  into[end++] = wide ? AS_TRANS >> 8 : octets[value + 2]!
  into[end++] = wide ? AS_TRANS & 0xff : octets[value + 3]!
  end = copy(octets, value + 4, value + 8, into, end)
  if (!wide) return end
  end = writeAttributeHeader(into, end, OPTIONAL | TRANSITIVE, AttributeCode.As4Aggregator, 8)
  return copy(octets, value, value + 8, into, end)
}

export function writeClusterList(
  octets: Uint8Array,
  value: number,
  next: number,
  clusterId: number,
  into: Uint8Array,
  at: number,
): number {
  const end = writeAttributeHeader(into, at, OPTIONAL, AttributeCode.ClusterList, next - value + 4)
  putUint32(into, end, clusterId)
  return copy(octets, value, next, into, end + 4)
}

export function writeWord(flags: number, code: number, word: number, into: Uint8Array, at: number): number {
  const end = writeAttributeHeader(into, at, flags, code, 4)
  putUint32(into, end, word)
  return end + 4
}

export function writeOctets(flags: number, code: number, octets: Uint8Array, into: Uint8Array, at: number): number {
  const end = writeAttributeHeader(into, at, flags, code, octets.length)
  into.set(octets, end)
  return end + octets.length
}
