import type { Address } from '../routing/ip/address.ts'
import type { Prefix } from '../routing/ip/prefix.ts'

/** What a speaker asks of the world. Everything here is handed in; `bgp/` itself touches no socket, timer or log. */
export interface SpeakerPorts {
  readonly clock: Clock
  readonly dialer: Dialer
  readonly listener: Listener
  readonly log: Log
  /** Uniform in [0, 1): jitter and hash seeds. Seeded in tests, so that a run can be repeated. */
  readonly random: () => number
}

export interface Clock {
  /** Monotonic milliseconds. */
  now(): number
  /** Milliseconds since the epoch, for display only. */
  wallTime(): number
  /** Runs `fire` once after `ms`; the returned function cancels it. */
  after(ms: number, fire: () => void): () => void
  /** Runs `work` soon, after the input that is ready now has been read. */
  soon(work: () => void): void
}

/** Structured logging, in the shape of pino: fields first, then the words. */
export interface Log {
  debug(fields: object, message: string): void
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
}

/** A TCP connection to a peer. Nothing is delivered before `attach`. */
export interface Connection {
  readonly localAddress: Address
  readonly localPort: number
  readonly remoteAddress: Address
  readonly remotePort: number
  /** The link it runs on, when the peer is link-local. */
  readonly interfaceName?: string
  /** From now on events go to `handlers`; calling it again replaces them. */
  attach(handlers: ConnectionHandlers): void
  /** Time to live to send with, and the least one to accept (RFC 5082); for accepted connections, once the peer is known. */
  configure(options: { readonly ttl?: number; readonly minimumTtl?: number }): void
  /** Nothing more is read from it until `resume`; a little that is read already may still come. */
  pause(): void
  resume(): void
  /** Another TCP MD5 key (RFC 2385) from the next packet on; throws when the kernel refuses. */
  setPassword(password: string): void
  /** Sends, or queues. The octets must not change afterwards. False: enough is queued, wait for `drain`. */
  write(octets: Uint8Array): boolean
  /** Octets accepted by `write` that the kernel has not taken yet. */
  readonly unsentOctets: number
  /** Sends what is queued, then closes. `closed` is not called any more. */
  close(): void
  /** Drops everything at once. `closed` is not called any more. */
  destroy(): void
}

export interface ConnectionHandlers {
  /** The chunk is valid until this call returns. */
  data(chunk: Uint8Array): void
  drain(): void
  /** The other side or the network ended it; `error` says how, when it was not an orderly end. */
  closed(error?: Error): void
}

export interface Dialer {
  /** Connects; exactly one of the outcomes is called, unless the returned function cancels the attempt first. */
  dial(request: DialRequest, outcome: DialOutcome): () => void
}

export interface DialRequest {
  readonly remoteAddress: Address
  readonly port: number
  readonly localAddress?: Address
  /** Scope of a link-local address, and the device to bind to. */
  readonly interfaceName?: string
  readonly ttl?: number
  readonly minimumTtl?: number
  /** TCP MD5 signature (RFC 2385). */
  readonly password?: string
}

export interface DialOutcome {
  connected(connection: Connection): void
  failed(error: Error): void
}

export interface Listener {
  /** Starts to listen; throws when the address or port cannot be had. */
  listen(at: ListenAddress, accept: (connection: Connection) => void): Listening
}

export interface ListenAddress {
  readonly port: number
  /** Absent: all addresses of both families. */
  readonly address?: Address
}

export interface Listening {
  readonly port: number
  /** Sets or removes the TCP MD5 password for peers in this prefix (RFC 2385); throws when the kernel refuses. */
  setPassword(remote: Prefix, password: string | undefined): void
  close(): void
}
