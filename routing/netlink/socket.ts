import { RawNetlinkSocket } from 'netlink/dist/raw.js'
import type { Clock } from '../ports.ts'
import { NETLINK_ROUTE } from './constants.ts'
import { errnoOf, KernelError } from './errors.ts'
import { type Message, MessageReader } from './message.ts'
import { descriptorOf, dropsOf } from './proc.ts'
import type { SocketTuning } from './tuning.ts'

const RECEIVE_BUFFER_OCTETS = 16_777_216
const SEND_BUFFER_OCTETS = 1_048_576
/** A dump comes in parts of this size, 32 in a turn of the event loop: some 4,000 routes. One with 250 IPv6 next hops still fits. */
const MESSAGE_OCTETS = 8_192
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
  failed(error: KernelError): void
}

/** A routing netlink socket. It keeps the process alive until it is closed. */
export class NetlinkSocket {
  readonly port: number
  #ports: SocketPorts
  #handlers: SocketHandlers
  #raw: RawNetlinkSocket
  #descriptor: number
  #reader = new MessageReader()
  #drops = 0
  #cancelCheck: (() => void) | undefined
  #closed = false

  constructor(ports: SocketPorts, handlers: SocketHandlers) {
    this.#ports = ports
    this.#handlers = handlers
    this.#raw = openRaw()
    this.port = this.#raw.address().port
    this.#raw.on('message', (octets) => this.#safely(() => this.#received(octets)))
    this.#raw.on('truncatedMessage', () => this.#safely(() => handlers.overflow()))
    this.#raw.on('error', (error) =>
      this.#safely(() => handlers.failed(new KernelError(errnoOf(error), 'netlink', error))),
    )
    try {
      const descriptor = descriptorOf(this.port)
      if (descriptor === undefined) throw new KernelError(0, 'cannot find the netlink socket in /proc')
      this.#descriptor = descriptor
      ports.tuning.dropOnOverflow(descriptor)
    } catch (error) {
      this.close()
      throw error
    }
  }

  /** Makes room for bursts, beyond what net.core.rmem_max allows. */
  enlarge(): void {
    this.#ports.tuning.forceReceiveBuffer(this.#descriptor, RECEIVE_BUFFER_OCTETS)
  }

  /** What the program returns 0 for is not received. */
  filter(program: Uint8Array): void {
    this.#ports.tuning.attachFilter(this.#descriptor, program)
  }

  join(...groups: readonly number[]): void {
    for (const group of groups) this.#raw.addMembership(group)
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

function openRaw(): RawNetlinkSocket {
  try {
    return new RawNetlinkSocket(NETLINK_ROUTE, {
      messagePeeking: false,
      msgBufferSize: MESSAGE_OCTETS,
      recvBufferSize: RECEIVE_BUFFER_OCTETS,
      sendBufferSize: SEND_BUFFER_OCTETS,
    })
  } catch (error) {
    throw new KernelError(errnoOf(error), 'cannot open a netlink socket', error)
  }
}
