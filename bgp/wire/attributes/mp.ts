import { familyByCode } from '../families.ts'
import { Afi, AttributeCode } from '../iana.ts'
import { isHostAddress4 } from './basic.ts'
import { type AttributeContext, type AttributeRow, OPTIONAL, uint16At } from './codec.ts'

/**
 * MP_REACH_NLRI (RFC 4760, section 3). Its errors hide which routes it spoke of, so they end the session (RFC 7606, 7.11).
 *
 *     AFI 2 | SAFI 1 | next hop length 1 | next hop | reserved 1 | NLRI
 */
export const mpReach: AttributeRow = {
  code: AttributeCode.MpReach,
  name: 'MP_REACH_NLRI',
  flags: OPTIONAL,
  ifMalformed: 'session-reset',
  ifFlagsWrong: 'session-reset',
  check(octets, start, end, context) {
    if (end - start < 5) return `${end - start} octets, at least 5 wanted`
    const afi = uint16At(octets, start)
    const family = familyByCode(afi, octets[start + 2]!)
    const length = octets[start + 3]!
    if (start + 5 + length > end) return 'the next hop overruns the attribute'
    if (family === undefined) return undefined
    return nextHopLengths(afi, context).includes(length) ? undefined : `next hop of ${length} octets`
  },
}

/** MP_UNREACH_NLRI (RFC 4760, section 4). */
export const mpUnreach: AttributeRow = {
  code: AttributeCode.MpUnreach,
  name: 'MP_UNREACH_NLRI',
  flags: OPTIONAL,
  ifMalformed: 'session-reset',
  ifFlagsWrong: 'session-reset',
  check(_, start, end) {
    return end - start < 3 ? `${end - start} octets, at least 3 wanted` : undefined
  },
}

/** IPv6: global, or global and link-local (RFC 2545); IPv4 over IPv6 next hops when negotiated (RFC 8950). */
function nextHopLengths(afi: number, { extendedNextHop }: AttributeContext): readonly number[] {
  if (afi === Afi.IPv6) return [16, 32]
  return extendedNextHop ? [4, 16, 32] : [4]
}

/** Where MP_REACH's parts lie. */
export interface MpReachParts {
  readonly afi: number
  readonly safi: number
  readonly nextHopStart: number
  readonly nextHopLength: number
  readonly nlriStart: number
}

export function mpReachParts(octets: Uint8Array, start: number): MpReachParts {
  const nextHopLength = octets[start + 3]!
  return {
    afi: uint16At(octets, start),
    safi: octets[start + 2]!,
    nextHopStart: start + 4,
    nextHopLength,
    nlriStart: start + 5 + nextHopLength,
  }
}

/**
 * Where the next hop to use begins, -1 when none can be a host's address: the routes are unusable then, as for NEXT_HOP.
 * Of two the global one, which comes first, unless only the other is of use; what is not link-local there is nothing
 * (RFC 2545, section 3).
 */
export function usableNextHop(octets: Uint8Array, at: number, length: number): number {
  if (length === 4) return isHostAddress4(octets, at) ? at : -1
  if (isSpecified6(octets, at)) return at
  return length === 32 && isLinkLocal6(octets, at + 16) ? at + 16 : -1
}

function isSpecified6(octets: Uint8Array, at: number): boolean {
  for (let i = 0; i < 16; i++) if (octets[at + i] !== 0) return true
  return false
}

function isLinkLocal6(octets: Uint8Array, at: number): boolean {
  return octets[at] === 0xfe && (octets[at + 1]! & 0xc0) === 0x80
}
