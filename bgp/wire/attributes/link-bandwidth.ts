import { AttributeCode, AttributeFlag } from '../iana.ts'
import { uint16At } from './codec.ts'

/** Sub-type of the link bandwidth extended community, of both types: AS-specific, transitive or not. */
const SUBTYPE = 0x04

/** True when the extended community at `at` is a link bandwidth (draft-ietf-idr-link-bandwidth, section 2). */
export function isLinkBandwidth(octets: Uint8Array, at: number): boolean {
  return (octets[at]! & ~0x40) === 0 && octets[at + 1] === SUBTYPE
}

/** Octets per second, an IEEE float. */
export function bandwidthAt(octets: Uint8Array, at: number): number {
  return new DataView(octets.buffer, octets.byteOffset + at + 4, 4).getFloat32(0)
}

/** The link bandwidth in normalized attributes; the first one counts. Undefined: none, or none that is a bandwidth. */
export function linkBandwidth(octets: Uint8Array, start: number, end: number): number | undefined {
  for (let at = start; at < end; ) {
    const extended = (octets[at]! & AttributeFlag.ExtendedLength) !== 0
    const value = at + (extended ? 4 : 3)
    const next = value + (extended ? uint16At(octets, at + 2) : octets[at + 2]!)
    if (octets[at + 1] === AttributeCode.ExtendedCommunities) {
      for (let each = value; each < next; each += 8) {
        if (!isLinkBandwidth(octets, each)) continue
        const bandwidth = bandwidthAt(octets, each)
        return bandwidth >= 0 && Number.isFinite(bandwidth) ? bandwidth : undefined
      }
    }
    at = next
  }
  return undefined
}
