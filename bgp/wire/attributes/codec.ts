import { AttributeFlag } from '../iana.ts'

/** What an error in an attribute costs (RFC 7606, section 2), the milder first. */
export type Remedy = 'attribute-discard' | 'treat-as-withdraw' | 'session-reset'

/** What judging an attribute depends on. */
export interface AttributeContext {
  readonly external: boolean
  readonly fourOctetAsn: boolean
  /** RFC 8950 was negotiated. */
  readonly extendedNextHop: boolean
  /** RFC 9774: AS_SET and AS_CONFED_SET are refused. */
  readonly refuseAsSets: boolean
}

/** One row of the attribute table. */
export interface AttributeRow {
  readonly code: number
  readonly name: string
  /** The Optional and Transitive bits it must have. */
  readonly flags: number
  readonly ifMalformed: Remedy
  /** RFC 7606, section 3 (f): treat-as-withdraw unless the attribute's own RFC says otherwise. */
  readonly ifFlagsWrong?: Remedy
  /** It means nothing from an external peer and is dropped unread. */
  readonly ignoreFromExternal?: true
  /** It means nothing from a peer with 4-octet AS numbers and is dropped unread (RFC 6793, section 6). */
  readonly ignoreFromFourOctetPeer?: true
  /** What makes the route unwelcome though the attribute is well-formed: treat-as-withdraw, whatever `ifMalformed`. */
  refuse?(octets: Uint8Array, start: number, end: number, context: AttributeContext): string | undefined
  /** What is wrong with `octets[start..end)`, in words; undefined: nothing. */
  check(octets: Uint8Array, start: number, end: number, context: AttributeContext): string | undefined
}

export const OPTIONAL = AttributeFlag.Optional
export const TRANSITIVE = AttributeFlag.Transitive

export function uint16At(octets: Uint8Array, at: number): number {
  return (octets[at]! << 8) | octets[at + 1]!
}

export function uint32At(octets: Uint8Array, at: number): number {
  return ((octets[at]! << 24) | (octets[at + 1]! << 16) | (octets[at + 2]! << 8) | octets[at + 3]!) >>> 0
}

export function putUint32(into: Uint8Array, at: number, value: number): void {
  into[at] = value >>> 24
  into[at + 1] = value >>> 16
  into[at + 2] = value >>> 8
  into[at + 3] = value
}

export function exactly(length: number): AttributeRow['check'] {
  return (_, start, end) => (end - start === length ? undefined : `${end - start} octets instead of ${length}`)
}

export function multipleOf(size: number): AttributeRow['check'] {
  return (_, start, end) =>
    end > start && (end - start) % size === 0 ? undefined : `${end - start} octets, not a multiple of ${size}`
}
