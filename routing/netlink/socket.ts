import { constants } from 'node:os'
import { RawNetlinkSocket } from 'netlink/dist/raw.js'
import type { Clock } from '../ports.ts'
import { NETLINK_ROUTE } from './constants.ts'
import { errnoOf, KernelError } from './errors.ts'
import { type Message, MessageReader } from './message.ts'
import { descriptorOf, dropsOf } from './proc.ts'
import type { SocketTuning } from './tuning.ts'

const RECEIVE_BUFFER_OCTETS = 16_777_216
const SEND_BUFFER_OCTETS = 1_048_576
/**
 * A dump comes in parts of this size, 32 in a turn of the event loop: some 4,000 routes. Each part takes as much memory,
 * however short it is; so there is more only once a message did not fit, as one of 290 IPv6 next hops.
 */
const FIRST_MESSAGE_OCTETS = 8_192
/** Attributes with 16 bits for their length end before. */
const LAST_MESSAGE_OCTETS = 131_072
/** After messages have come, it is seen whether others were lost. */
const CHECK_DROPS_MS = 200

export interface SocketPorts {
  readonly clock: Clock
  readonly tuning: SocketTuning
}

export interface SocketHandlers {
  /** The object is filled anew for each message. */
  message(message: Message): void
  /** Messages are lost. */
  overflow(): void
  /** What was asked for is not answered. */
  failed(error: KernelError): void
}

/** A routing netlink socket. It keeps the process alive until it is closed. */
export class NetlinkSocket {
  /** Another one after messages did not fit. */
  port = 0
  #ports: SocketPorts
  #handlers: SocketHandlers
  #raw: RawNetlinkSocket
  #descriptor = -1
  #messageOctets = FIRST_MESSAGE_OCTETS
  /** What has been asked of it, once more for a new one in its place. */
  #settings: (() => void)[] = []
  #reader = new MessageReader()
  #drops = 0
  #cancelCheck: (() => void) | undefined
  #closed = false
  #widens = false

  constructor(ports: SocketPorts, handlers: SocketHandlers) {
    this.#ports = ports
    this.#handlers = handlers
    this.#raw = this.#open()
  }

  /** Makes room for bursts, beyond what net.core.rmem_max allows. */
  enlarge(): void {
    this.#set(() => this.#ports.tuning.forceReceiveBuffer(this.#descriptor, RECEIVE_BUFFER_OCTETS))
  }

  /** What the program returns 0 for is not received. */
  filter(program: Uint8Array): void {
    this.#set(() => this.#ports.tuning.attachFilter(this.#descriptor, program))
  }

  /** Errors come without the request that they are about, which may be as long as it likes. */
  shortenErrors(): void {
    this.#set(() => this.#ports.tuning.shortenErrors(this.#descriptor))
  }

  join(...groups: readonly number[]): void {
    this.#set(() => {
      for (const group of groups) this.#raw.addMembership(group)
    })
  }

  /** A message did not fit, or the kernel could not make it as short as it had to be: soon there is more room. */
  widen(): void {
    if (this.#widens) return
    this.#widens = true
    // The package's native code does not bear that its socket is closed while it calls back.
    this.#ports.clock.soon(() => {
      this.#widens = false
      if (!this.#closed) this.#replace()
    })
  }

  #replace(): void {
    if (this.#messageOctets < LAST_MESSAGE_OCTETS) {
      this.#messageOctets *= 4
      this.#raw.close()
      this.#raw = this.#open()
      this.#drops = 0
      for (const again of this.#settings) again()
      this.#handlers.failed(new KernelError(constants.errno.EMSGSIZE, 'netlink, with too little room for an answer'))
    }
    this.#handlers.overflow()
  }

  /** The octets must not change before the kernel has answered. */
  send(octets: Uint8Array): void {
    this.#raw.send(Buffer.from(octets.buffer, octets.byteOffset, octets.length))
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#cancelCheck?.()
    this.#raw.close()
  }

  #set(setting: () => void): void {
    this.#settings.push(setting)
    setting()
  }

  #open(): RawNetlinkSocket {
    const raw = openRaw(this.#messageOctets)
    raw.on('message', (octets) => this.#safely(() => this.#received(octets)))
    raw.on('truncatedMessage', () => this.#safely(() => this.widen()))
    raw.on('error', (error) =>
      this.#safely(() => this.#handlers.failed(new KernelError(errnoOf(error), 'netlink', error))),
    )
    try {
      this.port = raw.address().port
      const descriptor = descriptorOf(this.port)
      if (descriptor === undefined) throw new KernelError(0, 'cannot find the netlink socket in /proc')
      this.#descriptor = descriptor
      this.#ports.tuning.dropOnOverflow(descriptor)
      return raw
    } catch (error) {
      raw.close()
      throw error
    }
  }

  /** What is thrown within a callback of the package aborts the process; outside, it is an exception like others. */
  #safely(work: () => void): void {
    if (this.#closed) return
    try {
      work()
    } catch (error) {
      this.#ports.clock.soon(() => {
        throw error
      })
    }
  }

  #received(octets: Uint8Array): void {
    this.#reader.begin(octets)
    while (!this.#closed && this.#reader.next()) this.#handlers.message(this.#reader)
    if (!this.#closed) this.#cancelCheck ??= this.#ports.clock.after(CHECK_DROPS_MS, () => this.#checkDrops())
  }

  #checkDrops(): void {
    this.#cancelCheck = undefined
    const drops = dropsOf(this.port)
    const lost = drops > this.#drops
    this.#drops = drops
    if (lost) this.#handlers.overflow()
  }
}

function openRaw(messageOctets: number): RawNetlinkSocket {
  try {
    return new RawNetlinkSocket(NETLINK_ROUTE, {
      messagePeeking: false,
      msgBufferSize: messageOctets,
      recvBufferSize: RECEIVE_BUFFER_OCTETS,
      sendBufferSize: SEND_BUFFER_OCTETS,
    })
  } catch (error) {
    throw new KernelError(errnoOf(error), 'cannot open a netlink socket', error)
  }
}
