import { AttributeCode } from '../iana.ts'
import { type AttributeRow, exactly, OPTIONAL, TRANSITIVE, uint16At } from './codec.ts'

/** Attributes that are only passed on; checked as far as their own RFCs ask a passer-by to. */

export const trafficEngineering: AttributeRow = {
  code: AttributeCode.TrafficEngineering,
  name: 'TRAFFIC_ENGINEERING',
  flags: OPTIONAL,
  ifMalformed: 'treat-as-withdraw',
  check(_, start, end) {
    return end === start ? 'empty' : undefined
  },
}

/** AIGP (RFC 7311, section 3): type 1, length, value; an external peer is not trusted with it. */
export const aigp: AttributeRow = {
  code: AttributeCode.Aigp,
  name: 'AIGP',
  flags: OPTIONAL,
  ifMalformed: 'attribute-discard',
  ifFlagsWrong: 'attribute-discard',
  ignoreFromExternal: true,
  check(octets, start, end) {
    return checkTlvs(octets, start, end, 3, (type, length) =>
      type === 1 && length !== 8 ? `an AIGP TLV of ${length + 3} octets instead of 11` : undefined,
    )
  },
}

/** ONLY_TO_CUSTOMER (RFC 9234, section 5). */
export const onlyToCustomer: AttributeRow = {
  code: AttributeCode.OnlyToCustomer,
  name: 'ONLY_TO_CUSTOMER',
  flags: OPTIONAL | TRANSITIVE,
  ifMalformed: 'treat-as-withdraw',
  check: exactly(4),
}

/** BGP Prefix-SID (RFC 8669, section 3): discarded when broken, and always from outside the domain. */
export const prefixSid: AttributeRow = {
  code: AttributeCode.PrefixSid,
  name: 'PREFIX_SID',
  flags: OPTIONAL | TRANSITIVE,
  ifMalformed: 'attribute-discard',
  ifFlagsWrong: 'attribute-discard',
  ignoreFromExternal: true,
  check(octets, start, end) {
    return checkTlvs(octets, start, end, 0, (type, length) => {
      if (type === 1 && length !== 7) return `a label index of ${length} octets instead of 7`
      if (type === 3 && (length < 8 || (length - 2) % 6 !== 0)) return `an originator SRGB of ${length} octets`
      return undefined
    })
  },
}

/** ATTR_SET (RFC 6368, section 5). */
export const attrSet: AttributeRow = {
  code: AttributeCode.AttrSet,
  name: 'ATTR_SET',
  flags: OPTIONAL | TRANSITIVE,
  ifMalformed: 'treat-as-withdraw',
  check(octets, start, end) {
    if (end - start < 4) return `${end - start} octets, at least 4 wanted`
    for (let at = start + 4; at < end; ) {
      const extended = (octets[at]! & 0x10) !== 0
      const header = extended ? 4 : 3
      if (end - at < header) return 'an inner attribute is cut short'
      at += header + (extended ? uint16At(octets, at + 2) : octets[at + 2]!)
      if (at > end) return 'an inner attribute overruns'
    }
    return undefined
  },
}

/** Type 1, length 2, value; the length counts `counted` octets of the header too. `judge` sees the value's length. */
function checkTlvs(
  octets: Uint8Array,
  start: number,
  end: number,
  counted: 0 | 3,
  judge: (type: number, length: number) => string | undefined,
): string | undefined {
  if (start === end) return 'empty'
  for (let at = start; at < end; ) {
    if (end - at < 3) return 'a TLV is cut short'
    const length = uint16At(octets, at + 1) - counted
    if (length < 0 || at + 3 + length > end) return 'a TLV overruns the attribute'
    const fault = judge(octets[at]!, length)
    if (fault !== undefined) return fault
    at += 3 + length
  }
  return undefined
}
