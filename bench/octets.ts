/** Octets of BGP messages for the load, made without the code under test (RFC 4271, section 4). */

export function message(type: number, body: Uint8Array): Uint8Array {
  const octets = new Uint8Array(19 + body.length)
  octets.fill(0xff, 0, 16)
  octets[16] = octets.length >> 8
  octets[17] = octets.length & 0xff
  octets[18] = type
  octets.set(body, 19)
  return octets
}

export const KEEPALIVE = message(4, new Uint8Array(0))

/** OPEN with four-octet AS, one unicast family and route refresh; where asked for, with ADD-PATH to receive. */
export function open(
  asn: number,
  identifier: readonly number[],
  holdSeconds: number,
  { family = 4, addPath = false }: { readonly family?: 4 | 6; readonly addPath?: boolean } = {},
): Uint8Array {
  const afi = family === 4 ? 1 : 2
  const paths = addPath ? [69, 4, 0, afi, 1, 1] : []
  const capabilities = [1, 4, 0, afi, 0, 1, 2, 0, 65, 4, ...uint32(asn), ...paths]
  const short = asn > 0xffff ? 23456 : asn
  const head = [
    4,
    ...uint16(short),
    ...uint16(holdSeconds),
    ...identifier,
    capabilities.length + 2,
    2,
    capabilities.length,
  ]
  return message(1, Uint8Array.from([...head, ...capabilities]))
}

export interface AttributeOptions {
  readonly external: boolean
  readonly asPath: readonly number[]
  readonly nextHop: readonly number[]
  readonly med: number
  readonly communities: readonly number[]
  readonly localPref?: number
}

/** ORIGIN, AS_PATH, NEXT_HOP, MED, LOCAL_PREF (internal), COMMUNITIES. */
export function attributes(options: AttributeOptions): Uint8Array {
  return Uint8Array.from(attributeList(options, attribute(0x40, 3, options.nextHop)))
}

/** An UPDATE that announces `nlri`; IPv6 in MP_REACH_NLRI (RFC 4760), with a next hop made from the IPv4 one. */
export function announcement(family: 4 | 6, options: AttributeOptions, nlri: readonly number[]): Uint8Array {
  const none = new Uint8Array(0)
  if (family === 4) return update(none, attributes(options), Uint8Array.from(nlri))
  const nextHop = [0x20, 1, 0xd, 0xb8, 0, 0x99, 0, 0, 0, 0, 0, 0, ...options.nextHop]
  const reach = attribute(0x80, 14, [0, 2, 1, nextHop.length, ...nextHop, 0, ...nlri])
  return update(none, Uint8Array.from(attributeList(options, reach)), none)
}

function attributeList(
  { external, asPath, med, communities, localPref = 100 }: AttributeOptions,
  reach: readonly number[],
): number[] {
  return [
    ...attribute(0x40, 1, [0]),
    ...attribute(0x40, 2, asPath.length === 0 ? [] : [2, asPath.length, ...asPath.flatMap(uint32)]),
    ...reach,
    ...attribute(0x80, 4, uint32(med)),
    ...(external ? [] : attribute(0x40, 5, uint32(localPref))),
    ...(communities.length === 0 ? [] : attribute(0xc0, 8, communities.flatMap(uint32))),
  ]
}

function attribute(flags: number, code: number, value: readonly number[]): number[] {
  const head = value.length > 255 ? [flags | 0x10, code, ...uint16(value.length)] : [flags, code, value.length]
  return [...head, ...value]
}

/** One UPDATE; `nlri` and `withdrawn` are encoded prefixes. */
export function update(withdrawn: Uint8Array, attributes: Uint8Array, nlri: Uint8Array): Uint8Array {
  const body = new Uint8Array(4 + withdrawn.length + attributes.length + nlri.length)
  body.set(uint16(withdrawn.length), 0)
  body.set(withdrawn, 2)
  body.set(uint16(attributes.length), 2 + withdrawn.length)
  body.set(attributes, 4 + withdrawn.length)
  body.set(nlri, 4 + withdrawn.length + attributes.length)
  return message(2, body)
}

export function uint16(value: number): number[] {
  return [(value >> 8) & 0xff, value & 0xff]
}

export function uint32(value: number): number[] {
  return [(value >>> 24) & 0xff, (value >>> 16) & 0xff, (value >>> 8) & 0xff, value & 0xff]
}
