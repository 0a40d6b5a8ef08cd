import { AS_TRANS, AttributeCode, AttributeFlag, SegmentType } from '../iana.ts'
import { mergeAs4Path, readSegments, type Segment } from './as-path.ts'
import type { AttributeScan } from './check.ts'
import { OPTIONAL, putUint32, TRANSITIVE, uint16At, uint32At } from './codec.ts'
import { mpReachParts } from './mp.ts'

/**
 * Writes the attributes that describe the route, in the form they are kept in: what was discarded is gone, AS numbers
 * have four octets (RFC 6793, section 4.2.3), and of MP_REACH_NLRI only family and next hop stay. `markAsn`: what goes
 * into ONLY_TO_CUSTOMER where there is none (RFC 9234, section 5), 0 for nothing. Returns the end.
 */
export function normalizeAttributes(
  octets: Uint8Array,
  scan: AttributeScan,
  fourOctetAsn: boolean,
  mpReachStart: number,
  into: Uint8Array,
  markAsn = 0,
): number {
  let end = 0
  const as4 = fourOctetAsn ? undefined : as4Values(octets, scan)
  for (let i = 0; i < scan.kept; i++) {
    const start = scan.starts[i]!
    const code = octets[start + 1]!
    // RFC 7606, section 3 (g) speaks of MP_REACH beside NEXT_HOP: the latter means nothing to the former's routes.
    if (mpReachStart >= 0 && code === AttributeCode.NextHop) continue
    if (as4 !== undefined && isAsAttribute(code)) end = writeWide(octets, start, scan.ends[i]!, as4, into, end)
    else {
      into.set(octets.subarray(start, scan.ends[i]!), end)
      end += scan.ends[i]! - start
    }
  }
  if (mpReachStart >= 0) end = writeNextHop(octets, mpReachStart, into, end)
  if (markAsn === 0 || scan.has(AttributeCode.OnlyToCustomer)) return end
  return writeUint32(
    into,
    writeAttributeHeader(into, end, OPTIONAL | TRANSITIVE, AttributeCode.OnlyToCustomer, 4),
    markAsn,
  )
}

/** An attribute header; lengths over 255 get the extended form. Returns where the value starts. */
export function writeAttributeHeader(
  into: Uint8Array,
  at: number,
  flags: number,
  code: number,
  length: number,
): number {
  if (length > 255) {
    into[at] = flags | AttributeFlag.ExtendedLength
    into[at + 1] = code
    into[at + 2] = length >> 8
    into[at + 3] = length & 0xff
    return at + 4
  }
  into[at] = flags & ~AttributeFlag.ExtendedLength
  into[at + 1] = code
  into[at + 2] = length
  return at + 3
}

export function writeAsPath(into: Uint8Array, at: number, segments: readonly Segment[], size: 2 | 4 = 4): number {
  const length = segments.reduce((sum, { asns }) => sum + 2 + asns.length * size, 0)
  let end = writeAttributeHeader(into, at, TRANSITIVE, AttributeCode.AsPath, length)
  for (const { type, asns } of segments) {
    into[end++] = type
    into[end++] = asns.length
    for (const asn of asns) end = size === 4 ? writeUint32(into, end, asn) : writeUint16(into, end, asn)
  }
  return end
}

interface As4Values {
  readonly path: readonly Segment[] | undefined
  readonly aggregatorStart: number
}

/** AS4_PATH and AS4_AGGREGATOR; both count for nothing when AGGREGATOR shows that an old speaker aggregated anew. */
function as4Values(octets: Uint8Array, scan: AttributeScan): As4Values {
  let path: Segment[] | undefined
  let aggregatorStart = -1
  let aggregatorAsn = AS_TRANS
  for (let i = 0; i < scan.kept; i++) {
    const start = scan.starts[i]!
    const value = valueStart(octets, start)
    const code = octets[start + 1]!
    if (code === AttributeCode.As4Path) path = readSegments(octets, value, scan.ends[i]!, 4)
    else if (code === AttributeCode.As4Aggregator) aggregatorStart = value
    else if (code === AttributeCode.Aggregator) aggregatorAsn = uint16At(octets, value)
  }
  const usable = aggregatorAsn === AS_TRANS
  return { path: usable ? path : undefined, aggregatorStart: usable ? aggregatorStart : -1 }
}

function isAsAttribute(code: number): boolean {
  return (
    code === AttributeCode.AsPath ||
    code === AttributeCode.Aggregator ||
    code === AttributeCode.As4Path ||
    code === AttributeCode.As4Aggregator
  )
}

function writeWide(
  octets: Uint8Array,
  start: number,
  attributeEnd: number,
  as4: As4Values,
  into: Uint8Array,
  at: number,
): number {
  const value = valueStart(octets, start)
  switch (octets[start + 1]) {
    case AttributeCode.AsPath: {
      const short = readSegments(octets, value, attributeEnd, 2)
      return writeAsPath(into, at, splitLong(as4.path ? mergeAs4Path(short, as4.path) : short))
    }
    case AttributeCode.Aggregator: {
      const asn = as4.aggregatorStart < 0 ? uint16At(octets, value) : uint32At(octets, as4.aggregatorStart)
      const address = as4.aggregatorStart < 0 ? value + 2 : as4.aggregatorStart + 4
      const end = writeUint32(into, writeAttributeHeader(into, at, octets[start]!, AttributeCode.Aggregator, 8), asn)
      into.set(octets.subarray(address, address + 4), end)
      return end + 4
    }
    default:
      return at
  }
}

function splitLong(segments: readonly Segment[]): readonly Segment[] {
  if (segments.every(({ asns }) => asns.length <= 255)) return segments
  return segments.flatMap(({ type, asns }) =>
    asns.length <= 255 || type !== SegmentType.Sequence
      ? [{ type, asns }]
      : [
          { type, asns: asns.slice(0, 255) },
          { type, asns: asns.slice(255) },
        ],
  )
}

/** MP_REACH_NLRI without its NLRI. */
function writeNextHop(octets: Uint8Array, mpReachStart: number, into: Uint8Array, at: number): number {
  const { nextHopLength } = mpReachParts(octets, mpReachStart)
  const length = 5 + nextHopLength
  const end = writeAttributeHeader(into, at, OPTIONAL, AttributeCode.MpReach, length)
  into.set(octets.subarray(mpReachStart, mpReachStart + length - 1), end)
  into[end + length - 1] = 0
  return end + length
}

export function valueStart(octets: Uint8Array, attributeStart: number): number {
  return attributeStart + (octets[attributeStart]! & AttributeFlag.ExtendedLength ? 4 : 3)
}

function writeUint32(into: Uint8Array, at: number, value: number): number {
  putUint32(into, at, value)
  return at + 4
}

function writeUint16(into: Uint8Array, at: number, asn: number): number {
  const value = asn > 0xffff ? AS_TRANS : asn
  into[at] = value >> 8
  into[at + 1] = value & 0xff
  return at + 2
}
