import { readFileSync } from 'node:fs'
import { endianness } from 'node:os'
import { systemCall } from './libc.ts'

/** Linux numbers, the same on x86-64 and arm64. */
const AF_INET6 = 10
const SOCK_RAW_CLOEXEC = 3 | 0x80000
const IPPROTO_ICMPV6 = 58
const IPPROTO_IPV6 = 41
const IPV6_MULTICAST_HOPS = 18
/** RFC 4861, section 6.1.2: what comes with less is not from this link, and is not believed. */
const HOPS = 255

/**
 * Says on a link that this host is a router, to all nodes (ff02::1): that is how unnumbered peers find each other. It
 * offers no default route, no prefix and no time to live (RFC 4861, section 4.2). Throws SystemError, or what reading the
 * link's facts throws when there is no such link.
 */
export function sendRouterAdvertisement(interfaceName: string): void {
  const facts = `/sys/class/net/${interfaceName}`
  const index = Number(readFileSync(`${facts}/ifindex`, 'utf8'))
  const message = advertisement(readFileSync(`${facts}/address`, 'utf8').trim())
  const what = `cannot advertise on ${interfaceName}`
  const fd = systemCall(what, 'socket', AF_INET6, SOCK_RAW_CLOEXEC, IPPROTO_ICMPV6)
  try {
    systemCall(what, 'setsockopt', fd, IPPROTO_IPV6, IPV6_MULTICAST_HOPS, native32(HOPS), 4)
    const to = allNodesOn(index)
    systemCall(what, 'sendto', fd, message, message.length, 0, to, to.length)
  } finally {
    systemCall(what, 'close', fd)
  }
}

/** The kernel fills in the checksum. */
function advertisement(hardwareAddress: string): Uint8Array {
  const octets = new Uint8Array(24)
  octets[0] = 134
  octets[4] = 64
  const hardware = hardwareAddress.split(':').map((text) => Number.parseInt(text, 16))
  if (hardware.length !== 6) return octets.subarray(0, 16)
  octets.set([1, 1, ...hardware], 16)
  return octets
}

/** struct sockaddr_in6 of ff02::1. */
function allNodesOn(index: number): Uint8Array {
  const octets = new Uint8Array(28)
  octets.set(native16(AF_INET6), 0)
  octets.set([0xff, 0x02], 8)
  octets[23] = 1
  octets.set(native32(index), 24)
  return octets
}

const little = endianness() === 'LE'

function native16(value: number): Uint8Array {
  const octets = new Uint8Array(2)
  new DataView(octets.buffer).setUint16(0, value, little)
  return octets
}

function native32(value: number): Uint8Array {
  const octets = new Uint8Array(4)
  new DataView(octets.buffer).setUint32(0, value, little)
  return octets
}
