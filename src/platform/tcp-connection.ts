import type { Socket } from 'node:net'
import type { Clock, Connection, ConnectionHandlers } from '../../bgp/ports.ts'
import { type Address, familyOf, parseAddress } from '../../routing/ip/address.ts'
import { maxLength } from '../../routing/ip/prefix.ts'
import { setMinimumTtl, setPassword, setTtl } from './socket-options.ts'

/** How long a closed connection may take to send the rest and hear the other side's end. */
const LINGER_MS = 3_000

/** A connected `net.Socket` as the speaker's `Connection`. The socket must be paused. */
export class TcpConnection implements Connection {
  readonly localAddress: Address
  readonly localPort: number
  readonly remoteAddress: Address
  readonly remotePort: number
  readonly interfaceName?: string
  #socket: Socket
  #clock: Clock
  #handlers: ConnectionHandlers | undefined
  /** `closing`: by us; what still arrives is read and discarded, lest the kernel answer it with a reset. */
  #state: 'open' | 'closing' | 'over' = 'open'
  #end: { readonly error?: Error } | undefined

  /** `undefined` when the other side is gone already, and with it the addresses. */
  static of(socket: Socket, clock: Clock): TcpConnection | undefined {
    const local = splitZone(socket.localAddress)
    const remote = splitZone(socket.remoteAddress)
    return local && remote && new TcpConnection(socket, clock, local, remote)
  }

  private constructor(socket: Socket, clock: Clock, local: ZonedAddress, remote: ZonedAddress) {
    this.#socket = socket
    this.#clock = clock
    this.localAddress = local.address
    this.localPort = socket.localPort ?? 0
    this.remoteAddress = remote.address
    this.remotePort = socket.remotePort ?? 0
    const interfaceName = remote.zone ?? local.zone
    if (interfaceName !== undefined) this.interfaceName = interfaceName

    socket.on('data', (chunk) => {
      if (this.#state === 'open') this.#handlers?.data(chunk)
    })
    socket.on('drain', () => {
      if (this.#state === 'open') this.#handlers?.drain()
    })
    socket.on('end', () => this.#endedByOther({}))
    socket.on('error', (error) => this.#endedByOther({ error }))
    socket.on('close', () => this.#endedByOther({}))
    // The listener for data has set it flowing; it waits for `attach`.
    socket.pause()
  }

  get unsentOctets(): number {
    return this.#state === 'over' ? 0 : this.#socket.writableLength
  }

  attach(handlers: ConnectionHandlers): void {
    this.#handlers = handlers
    if (this.#end === undefined) this.#socket.resume()
    else this.#clock.soon(() => this.#tellEnd())
  }

  configure(options: { readonly ttl?: number; readonly minimumTtl?: number }): void {
    const fd = descriptorOf(this.#socket)
    if (fd === undefined) return
    const family = familyOf(this.remoteAddress)
    if (options.ttl !== undefined) setTtl(fd, family, options.ttl)
    if (options.minimumTtl !== undefined) setMinimumTtl(fd, family, options.minimumTtl)
  }

  pause(): void {
    if (this.#state === 'open') this.#socket.pause()
  }

  resume(): void {
    if (this.#state === 'open') this.#socket.resume()
  }

  setPassword(password: string): void {
    const fd = descriptorOf(this.#socket)
    if (fd !== undefined) setPassword(fd, this.remoteAddress, maxLength(familyOf(this.remoteAddress)), password)
  }

  write(octets: Uint8Array): boolean {
    return this.#state === 'open' && this.#socket.write(octets)
  }

  close(): void {
    if (this.#state !== 'open') return
    this.#state = 'closing'
    this.#socket.end()
    this.#socket.resume()
    this.#linger()
  }

  destroy(): void {
    if (this.#state === 'over') return
    this.#state = 'over'
    this.#socket.resetAndDestroy()
  }

  /** The socket ends itself when both directions are through; this is for a peer that does not play along. */
  #linger(): void {
    const cancel = this.#clock.after(LINGER_MS, () => this.#socket.destroy())
    this.#socket.once('close', cancel)
  }

  #endedByOther(end: { readonly error?: Error }): void {
    if (this.#state !== 'open' || this.#end !== undefined) return
    this.#end = end
    if (!this.#socket.destroyed) this.#linger()
    if (this.#handlers !== undefined) this.#tellEnd()
  }

  #tellEnd(): void {
    if (this.#state !== 'open' || this.#end === undefined) return
    this.#state = 'over'
    this.#handlers?.closed(this.#end.error)
  }
}

interface ZonedAddress {
  readonly address: Address
  readonly zone?: string
}

const MAPPED = '::ffff:'

/** `fe80::1%eth0` → address and link; an IPv4 address in IPv6 clothes is an IPv4 address. */
function splitZone(text: string | undefined): ZonedAddress | undefined {
  const [plain = '', zone] = (text ?? '').split('%')
  const isMapped = plain.startsWith(MAPPED) && plain.includes('.')
  const address = parseAddress(isMapped ? plain.slice(MAPPED.length) : plain)
  return address && { address, ...(zone !== undefined && { zone }) }
}

/** `net` keeps the descriptor on its handle, which it does not document; there is no other way to it. */
export function descriptorOf(socket: Socket): number | undefined {
  const fd = (socket as unknown as { readonly _handle?: { readonly fd: number } | null })._handle?.fd
  return fd === undefined || fd < 0 ? undefined : fd
}
