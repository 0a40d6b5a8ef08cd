import type { Connection, ConnectionHandlers } from '../../bgp/ports.ts'
import type { Address } from '../../routing/ip/address.ts'
import type { FakeNetwork } from './transport.ts'

/** Linux's default. */
const DEFAULT_TTL = 64
/** A handler that keeps a chunk finds this in it. */
const SCRIBBLE = 0xee

export interface ConnectionEnds {
  readonly localAddress: Address
  readonly localPort: number
  readonly remoteAddress: Address
  readonly remotePort: number
  readonly interfaceName?: string
}

/** One end of a connection of a `FakeNetwork`. */
export class FakeConnection implements Connection {
  readonly localAddress: Address
  readonly localPort: number
  readonly remoteAddress: Address
  readonly remotePort: number
  readonly interfaceName?: string
  ttl = DEFAULT_TTL
  minimumTtl = 0
  /** Nothing passes while the two ends have different ones. */
  password: string | undefined
  unsentOctets = 0

  #network: FakeNetwork
  #other: FakeConnection | undefined
  #handlers: ConnectionHandlers | undefined
  /** Written here, not yet read over there. */
  #queue: Uint8Array[] = []
  #flushing = false
  #stalled = false
  #paused = false
  #wantsDrain = false
  /** `ending`: closed by us, the rest of the queue still goes out. */
  #state: 'open' | 'ending' | 'over' = 'open'
  /** How the other side ended it, once everything it sent has been read. */
  #end: { readonly error?: Error } | undefined

  constructor(network: FakeNetwork, ends: ConnectionEnds) {
    this.#network = network
    this.localAddress = ends.localAddress
    this.localPort = ends.localPort
    this.remoteAddress = ends.remoteAddress
    this.remotePort = ends.remotePort
    if (ends.interfaceName !== undefined) this.interfaceName = ends.interfaceName
  }

  /** Makes `this` and `other` the two ends of one connection. */
  join(other: FakeConnection): void {
    this.#other = other
    other.#other = this
    this.#network.opened(this)
    this.#network.opened(other)
  }

  attach(handlers: ConnectionHandlers): void {
    this.#handlers = handlers
    this.#other?.flushSoon()
    if (this.#end !== undefined) this.#network.clock.soon(() => this.#tellEnd())
  }

  configure(options: { readonly ttl?: number; readonly minimumTtl?: number }): void {
    this.ttl = options.ttl ?? this.ttl
    this.minimumTtl = options.minimumTtl ?? this.minimumTtl
  }

  pause(): void {
    this.#paused = true
  }

  resume(): void {
    this.#paused = false
    this.#other?.flushSoon()
  }

  setPassword(password: string): void {
    this.password = password
    this.flushSoon()
    this.#other?.flushSoon()
  }

  write(octets: Uint8Array): boolean {
    if (this.#state !== 'open') return false
    this.#queue.push(octets)
    this.unsentOctets += octets.length
    this.flushSoon()
    const more = this.unsentOctets <= this.#network.highWaterOctets
    if (!more) this.#wantsDrain = true
    return more
  }

  close(): void {
    if (this.#state !== 'open') return
    this.#state = 'ending'
    this.flushSoon()
  }

  destroy(): void {
    if (this.#state === 'over') return
    this.#finish()
    this.#other?.endedByOther({ error: connectionReset() })
  }

  /** This end stops reading (a slow peer) until `stall(false)`. */
  stall(stalled = true): void {
    this.#stalled = stalled
    if (!stalled) this.#other?.flushSoon()
  }

  /** The network breaks it: both ends see ECONNRESET. */
  reset(): void {
    const other = this.#other
    this.endedByOther({ error: connectionReset() })
    other?.endedByOther({ error: connectionReset() })
  }

  get isOpen(): boolean {
    return this.#state === 'open'
  }

  flushSoon(): void {
    if (this.#flushing || this.#state === 'over') return
    this.#flushing = true
    const run = () => {
      this.#flushing = false
      this.#flush()
    }
    const { clock, latencyMs } = this.#network
    if (latencyMs > 0) clock.after(latencyMs, run)
    else clock.soon(run)
  }

  /** Hands the queue to the other end, as far as it reads. */
  #flush(): void {
    const other = this.#other
    if (other === undefined || this.#state === 'over' || !this.#passes(other)) return
    for (let chunk = this.#queue.shift(); chunk !== undefined; chunk = this.#queue.shift()) {
      const size = this.#network.chunkOctets
      if (chunk.length > size) this.#queue.unshift(chunk.subarray(size))
      const part = chunk.slice(0, size)
      this.unsentOctets -= part.length
      other.#receive(part)
      if (this.#stopped()) return
      if (!this.#passes(other)) break
    }
    if (this.#queue.length === 0 && this.#state === 'ending') {
      this.#finish()
      other.endedByOther({})
    } else this.#tellDrain()
  }

  /** Asked anew after each handler call, which may have destroyed us. */
  #stopped(): boolean {
    return this.#state === 'over'
  }

  #passes(other: FakeConnection): boolean {
    if (this.#network.isCut(this.localAddress, this.remoteAddress) || this.ttl < other.minimumTtl) return false
    if (this.password !== other.password) return false
    // An end that is closing reads and discards.
    return other.#state !== 'open' || (other.#handlers !== undefined && !other.#stalled && !other.#paused)
  }

  #receive(chunk: Uint8Array): void {
    if (this.#state !== 'open') return
    this.#handlers?.data(chunk)
    chunk.fill(SCRIBBLE)
  }

  #tellDrain(): void {
    if (!this.#wantsDrain || this.#state !== 'open' || this.unsentOctets > this.#network.highWaterOctets / 2) return
    this.#wantsDrain = false
    this.#handlers?.drain()
  }

  endedByOther(end: { readonly error?: Error }): void {
    if (this.#state === 'over' || this.#end !== undefined) return
    if (this.#state === 'ending') {
      this.#finish()
      return
    }
    this.#end = end
    if (this.#handlers !== undefined) this.#network.clock.soon(() => this.#tellEnd())
  }

  #tellEnd(): void {
    if (this.#state !== 'open' || this.#end === undefined) return
    const { error } = this.#end
    this.#finish()
    this.#handlers?.closed(error)
  }

  #finish(): void {
    this.#state = 'over'
    this.#queue.length = 0
    this.unsentOctets = 0
    this.#network.ended(this)
  }
}

function connectionReset(): Error {
  return Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' })
}
