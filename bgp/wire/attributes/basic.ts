import { AttributeCode } from '../iana.ts'
import { type AttributeRow, exactly, OPTIONAL, TRANSITIVE, uint16At, uint32At } from './codec.ts'

/** ORIGIN (RFC 4271, section 5.1.1; RFC 7606, section 7.1). */
export const origin: AttributeRow = {
  code: AttributeCode.Origin,
  name: 'ORIGIN',
  flags: TRANSITIVE,
  ifMalformed: 'treat-as-withdraw',
  check(octets, start, end) {
    if (end - start !== 1) return `${end - start} octets instead of 1`
    return octets[start]! > 2 ? `undefined value ${octets[start]}` : undefined
  },
}

/** NEXT_HOP (RFC 4271, section 5.1.3; RFC 7606, section 7.3). */
export const nextHop: AttributeRow = {
  code: AttributeCode.NextHop,
  name: 'NEXT_HOP',
  flags: TRANSITIVE,
  ifMalformed: 'treat-as-withdraw',
  check(octets, start, end) {
    if (end - start !== 4) return `${end - start} octets instead of 4`
    return isHostAddress4(octets, start) ? undefined : 'not the address of a host'
  },
}

/** This network, loopback, multicast and class E can be nobody's address. */
export function isHostAddress4(octets: Uint8Array, at: number): boolean {
  const first = octets[at]!
  return first !== 0 && first !== 127 && first < 224
}

/** MULTI_EXIT_DISC (RFC 4271, section 5.1.4; RFC 7606, section 7.4). */
export const med: AttributeRow = {
  code: AttributeCode.Med,
  name: 'MULTI_EXIT_DISC',
  flags: OPTIONAL,
  ifMalformed: 'treat-as-withdraw',
  check: exactly(4),
}

/** LOCAL_PREF (RFC 4271, section 5.1.5; RFC 7606, section 7.5). */
export const localPref: AttributeRow = {
  code: AttributeCode.LocalPref,
  name: 'LOCAL_PREF',
  flags: TRANSITIVE,
  ifMalformed: 'treat-as-withdraw',
  ignoreFromExternal: true,
  check: exactly(4),
}

/** ATOMIC_AGGREGATE (RFC 4271, section 5.1.6; RFC 7606, section 7.6). */
export const atomicAggregate: AttributeRow = {
  code: AttributeCode.AtomicAggregate,
  name: 'ATOMIC_AGGREGATE',
  flags: TRANSITIVE,
  ifMalformed: 'attribute-discard',
  check: exactly(0),
}

/** AGGREGATOR (RFC 4271, section 5.1.7; RFC 6793; RFC 7606, section 7.7; AS 0: RFC 7607). */
export const aggregator: AttributeRow = {
  code: AttributeCode.Aggregator,
  name: 'AGGREGATOR',
  flags: OPTIONAL | TRANSITIVE,
  ifMalformed: 'attribute-discard',
  check(octets, start, end, { fourOctetAsn }) {
    const length = fourOctetAsn ? 8 : 6
    if (end - start !== length) return `${end - start} octets instead of ${length}`
    const asn = fourOctetAsn ? uint32At(octets, start) : uint16At(octets, start)
    return asn === 0 ? 'AS 0' : undefined
  },
}

/** AS4_AGGREGATOR (RFC 6793, section 6). */
export const as4Aggregator: AttributeRow = {
  code: AttributeCode.As4Aggregator,
  name: 'AS4_AGGREGATOR',
  flags: OPTIONAL | TRANSITIVE,
  ifMalformed: 'attribute-discard',
  ifFlagsWrong: 'attribute-discard',
  ignoreFromFourOctetPeer: true,
  check(octets, start, end) {
    if (end - start !== 8) return `${end - start} octets instead of 8`
    return uint32At(octets, start) === 0 ? 'AS 0' : undefined
  },
}

/** ORIGINATOR_ID (RFC 4456, section 8; RFC 7606, section 7.9). */
export const originatorId: AttributeRow = {
  code: AttributeCode.OriginatorId,
  name: 'ORIGINATOR_ID',
  flags: OPTIONAL,
  ifMalformed: 'treat-as-withdraw',
  ignoreFromExternal: true,
  check: exactly(4),
}
