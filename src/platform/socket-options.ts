import { type Address, addressOctets, type Family, familyOf } from '../../routing/ip/address.ts'
import { SystemError, systemCall } from './libc.ts'

/** Linux numbers, the same on x86-64 and arm64. */
const AF = { 4: 2, 6: 10 } as const
const SOCK_STREAM_CLOEXEC = 1 | 0x80000
const SOL_SOCKET = 1
const SO_REUSEADDR = 2
const SO_BINDTODEVICE = 25
const SO_ATTACH_FILTER = 26
const SO_RCVBUF = 8
const SO_RCVBUFFORCE = 33
const SOL_NETLINK = 270
const NETLINK_NO_ENOBUFS = 5
const NETLINK_CAP_ACK = 10
const IPPROTO_TCP = 6
const IPPROTO_IPV6 = 41
const IPV6_V6ONLY = 26
const TCP_MD5SIG_EXT = 32
const TCP_MD5SIG_FLAG_PREFIX = 1
const HOPS = {
  4: { level: 0, ttl: 2, minimumTtl: 21 },
  6: { level: IPPROTO_IPV6, ttl: 16, minimumTtl: 73 },
} as const

const BACKLOG = 511
const PASSWORD_MAX_OCTETS = 80
const SOCKADDR_STORAGE_OCTETS = 128

/** A new TCP socket. The caller closes it, or gives it to `net`, which then owns it. */
export function openSocket(family: Family): number {
  return systemCall(`cannot open an IPv${family} socket`, 'socket', AF[family], SOCK_STREAM_CLOEXEC, IPPROTO_TCP)
}

export function closeSocket(fd: number): void {
  systemCall('cannot close a socket', 'close', fd)
}

export function setTtl(fd: number, family: Family, ttl: number): void {
  const { level, ttl: name } = HOPS[family]
  setInteger(fd, level, name, ttl, `cannot set TTL ${ttl}`)
}

/** GTSM (RFC 5082): packets with a smaller TTL are dropped by the kernel. */
export function setMinimumTtl(fd: number, family: Family, ttl: number): void {
  const { level, minimumTtl: name } = HOPS[family]
  setInteger(fd, level, name, ttl, `cannot set the least TTL ${ttl}`)
}

export function bindToDevice(fd: number, interfaceName: string): void {
  const value = Buffer.from(`${interfaceName}\0`)
  systemCall(`cannot bind to ${interfaceName}`, 'setsockopt', fd, SOL_SOCKET, SO_BINDTODEVICE, value, value.length)
}

/**
 * Sets the TCP MD5 key (RFC 2385) for peers whose address begins with the first `length` bits of `remote`; removes it
 * when there is no password.
 */
export function setPassword(fd: number, remote: Address, length: number, password: string | undefined): void {
  const key = Buffer.from(password ?? '')
  if (key.length > PASSWORD_MAX_OCTETS) {
    throw new SystemError('EINVAL', `a TCP MD5 password has at most ${PASSWORD_MAX_OCTETS} octets, not ${key.length}`)
  }
  // struct tcp_md5sig: sockaddr_storage, flags, prefix length, key length, interface index, key.
  const value = Buffer.alloc(SOCKADDR_STORAGE_OCTETS + 8 + PASSWORD_MAX_OCTETS)
  value.set(socketAddress(remote))
  value[SOCKADDR_STORAGE_OCTETS] = TCP_MD5SIG_FLAG_PREFIX
  value[SOCKADDR_STORAGE_OCTETS + 1] = length
  hostOrder(value).setUint16(SOCKADDR_STORAGE_OCTETS + 2, key.length, true)
  value.set(key, SOCKADDR_STORAGE_OCTETS + 8)
  try {
    const what = `cannot set a TCP MD5 password for ${remote}/${length}`
    systemCall(what, 'setsockopt', fd, IPPROTO_TCP, TCP_MD5SIG_EXT, value, value.length)
  } catch (error) {
    const nothingToRemove = password === undefined && error instanceof SystemError && error.code === 'ENOENT'
    if (!nothingToRemove) throw error
  }
}

/** Beyond what net.core.rmem_max allows, where we may; root of a user namespace only gets as much as that. */
export function forceReceiveBuffer(fd: number, octets: number): void {
  const what = 'cannot enlarge a receive buffer'
  try {
    setInteger(fd, SOL_SOCKET, SO_RCVBUFFORCE, octets, what)
  } catch (error) {
    if (!(error instanceof SystemError) || error.code !== 'EPERM') throw error
    setInteger(fd, SOL_SOCKET, SO_RCVBUF, octets, what)
  }
}

/** A netlink socket whose receive buffer is full counts what it drops, and reports no error. */
export function dropOnOverflow(fd: number): void {
  setInteger(fd, SOL_NETLINK, NETLINK_NO_ENOBUFS, 1, 'cannot set up a netlink socket')
}

/** NETLINK_CAP_ACK. */
export function shortenErrors(fd: number): void {
  setInteger(fd, SOL_NETLINK, NETLINK_CAP_ACK, 1, 'cannot set up a netlink socket')
}

/** A classic BPF program, as octets of struct sock_filter: what it returns 0 for is not received. */
export function attachFilter(fd: number, program: Uint8Array): void {
  const value = { len: program.length / 8, filter: program }
  systemCall('cannot attach a filter', 'attachFilter', fd, SOL_SOCKET, SO_ATTACH_FILTER, value, 16)
}

export interface ListenOptions {
  readonly address: Address
  readonly port: number
  /** Interface index of a link-local address, else 0. */
  readonly scopeId: number
  /** What SYN-ACKs and, until it is set anew, accepted connections are sent with. */
  readonly ttl: number
}

/** A socket that listens. Errors come here and at once, which `net` cannot offer. */
export function listeningSocket(options: ListenOptions): number {
  const { address, port, scopeId, ttl } = options
  const family = familyOf(address)
  const what = `cannot listen on ${family === 6 ? `[${address}]` : address}:${port}`
  const fd = openSocket(family)
  try {
    setInteger(fd, SOL_SOCKET, SO_REUSEADDR, 1, what)
    // IPv4 has its own socket, where its TCP MD5 keys are too.
    if (family === 6) setInteger(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1, what)
    setTtl(fd, family, ttl)
    const name = socketAddress(address, port, scopeId)
    systemCall(what, 'bind', fd, name, name.length)
    systemCall(what, 'listen', fd, BACKLOG)
    return fd
  } catch (error) {
    closeSocket(fd)
    throw error
  }
}

function setInteger(fd: number, level: number, name: number, value: number, what: string): void {
  const octets = Buffer.alloc(4)
  hostOrder(octets).setInt32(0, value, true)
  systemCall(what, 'setsockopt', fd, level, name, octets, octets.length)
}

/** struct sockaddr_in or sockaddr_in6. */
function socketAddress(at: Address, port = 0, scopeId = 0): Uint8Array {
  const octets = addressOctets(at)
  const family = familyOf(at)
  const value = new Uint8Array(family === 4 ? 16 : 28)
  const view = hostOrder(value)
  view.setUint16(0, AF[family], true)
  view.setUint16(2, port)
  value.set(octets, family === 4 ? 4 : 8)
  if (family === 6) view.setUint32(24, scopeId, true)
  return value
}

function hostOrder(octets: Uint8Array): DataView {
  return new DataView(octets.buffer, octets.byteOffset, octets.byteLength)
}
