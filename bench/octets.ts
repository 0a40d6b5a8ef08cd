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

/** OPEN with four-octet AS, IPv4 unicast and route refresh. */
export function open(asn: number, identifier: readonly number[], holdSeconds: number): Uint8Array {
  const capabilities = [1, 4, 0, 1, 0, 1, 2, 0, 65, 4, ...uint32(asn)]
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
}

/** ORIGIN, AS_PATH, NEXT_HOP, MED, LOCAL_PREF (internal), COMMUNITIES. */
export function attributes({ external, asPath, nextHop, med, communities }: AttributeOptions): Uint8Array {
  const path = asPath.length === 0 ? [] : [2, asPath.length, ...asPath.flatMap(uint32)]
  return Uint8Array.from([
    ...[0x40, 1, 1, 0],
    ...[0x40, 2, path.length, ...path],
    ...[0x40, 3, 4, ...nextHop],
    ...[0x80, 4, 4, ...uint32(med)],
    ...(external ? [] : [0x40, 5, 4, ...uint32(100)]),
    ...(communities.length === 0 ? [] : [0xc0, 8, communities.length * 4, ...communities.flatMap(uint32)]),
  ])
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
