import type { Connection } from '../../bgp/ports.ts'
import { address } from '../../routing/ip/address.ts'
import type { Rack } from './speakers.ts'

/** A peer made of octets: what it sends is written out by hand or by the small encoders below, never by the code under test. */
export class RawPeer {
  readonly at: string
  /** Everything received, whole messages. */
  readonly received: Uint8Array[] = []
  /** IPv4 routes as told by UPDATEs: prefix, or `prefix#path identifier`, → attributes by code, as hex. */
  readonly routes = new Map<string, Map<number, string>>()
  closed = false
  /** The prefixes it is told have path identifiers (RFC 7911). */
  pathIds = false
  /** A withdrawal of what it was never told is no error: a peer that lags may miss both. */
  lenient = false
  readonly #rack: Rack
  #connection: Connection | undefined
  #rest = new Uint8Array(0)

  constructor(rack: Rack, at: string) {
    this.#rack = rack
    this.at = at
  }

  /** Connects; nothing is sent. */
  dial(to: string): this {
    this.closed = false
    this.#rest = new Uint8Array(0)
    this.#rack.host(this.at).dialer.dial(
      { remoteAddress: address(to), port: 179 },
      {
        connected: (connection) => this.attach(connection),
        failed: (error) => {
          throw error
        },
      },
    )
    this.#rack.clock.runUntilIdle()
    return this
  }

  /** Connects and goes through OPEN and KEEPALIVE. */
  establish(to: string, openOctets: Uint8Array): this {
    this.dial(to)
    this.send(openOctets)
    return this.send(keepalive)
  }

  send(...messages: Uint8Array[]): this {
    this.write(...messages)
    this.#rack.clock.runUntilIdle()
    return this
  }

  /** Sends, and lets the others find it later. */
  write(...messages: Uint8Array[]): void {
    for (const octets of messages) this.#connection!.write(octets)
  }

  /** Sends what is under way, then closes. */
  end(): void {
    this.#connection?.close()
    this.#rack.clock.runUntilIdle()
  }

  close(): void {
    this.#connection?.destroy()
    this.#rack.clock.runUntilIdle()
  }

  /** Code and subcode of the NOTIFICATION received, with its data. */
  get notification(): { code: number; subcode: number; data: string } | undefined {
    const octets = this.received.find((message) => message[18] === 3)
    return octets && { code: octets[19]!, subcode: octets[20]!, data: hex(octets.subarray(21)) }
  }

  types(): number[] {
    return this.received.map((message) => message[18]!)
  }

  /** Plays the peer on a connection that routelet opened. */
  attach(connection: Connection): void {
    this.#connection = connection
    connection.attach({
      data: (chunk) => this.#data(chunk),
      drain: () => {},
      closed: () => {
        this.closed = true
      },
    })
  }

  #data(chunk: Uint8Array): void {
    const octets = Uint8Array.from([...this.#rest, ...chunk])
    let at = 0
    while (octets.length - at >= 19) {
      const length = (octets[at + 16]! << 8) | octets[at + 17]!
      if (octets.length - at < length) break
      const message = octets.slice(at, at + length)
      this.received.push(message)
      if (message[18] === 2) this.#update(message)
      at += length
    }
    this.#rest = octets.slice(at)
  }

  #update(message: Uint8Array): void {
    const withdrawnEnd = 21 + ((message[19]! << 8) | message[20]!)
    const attributesEnd = withdrawnEnd + 2 + ((message[withdrawnEnd]! << 8) | message[withdrawnEnd + 1]!)
    for (const prefix of prefixes(message.subarray(21, withdrawnEnd), this.pathIds)) {
      if (!this.routes.delete(prefix) && !this.lenient)
        throw new Error(`${this.at} was told to forget ${prefix}, which it had not been told`)
    }
    const attributes = new Map<number, string>()
    for (let at = withdrawnEnd + 2; at < attributesEnd; ) {
      const wide = (message[at]! & 0x10) !== 0
      const value = at + (wide ? 4 : 3)
      const next = value + (wide ? (message[at + 2]! << 8) | message[at + 3]! : message[at + 2]!)
      if (attributes.has(message[at + 1]!)) throw new Error(`attribute ${message[at + 1]} stands twice`)
      attributes.set(message[at + 1]!, hex(message.subarray(value, next)))
      at = next
    }
    for (const prefix of prefixes(message.subarray(attributesEnd), this.pathIds)) this.routes.set(prefix, attributes)
  }
}

export function message(type: number, ...body: number[]): Uint8Array {
  const length = 19 + body.length
  return Uint8Array.from([...Array(16).fill(0xff), length >> 8, length & 0xff, type, ...body])
}

export const keepalive = message(4)

export interface OpenFields {
  readonly version?: number
  readonly asn?: number
  readonly holdSeconds?: number
  readonly identifier?: readonly number[]
  /** Capability TLVs; default: IPv4 unicast, route refresh, four-octet AS. */
  readonly capabilities?: readonly number[]
  /** Replaces the parameters altogether, their length octet included. */
  readonly parameters?: readonly number[]
}

export function open(fields: OpenFields = {}): Uint8Array {
  const { version = 4, asn = 65000, holdSeconds = 90, identifier = [10, 0, 0, 2] } = fields
  const capabilities = fields.capabilities ?? [1, 4, 0, 1, 0, 1, 2, 0, 65, 4, ...u32(asn)]
  const packed = capabilities.length === 0 ? [0] : [capabilities.length + 2, 2, capabilities.length, ...capabilities]
  const short = asn > 0xffff ? 23456 : asn
  return message(1, version, ...u16(short), ...u16(holdSeconds), ...identifier, ...(fields.parameters ?? packed))
}

export interface RouteFields {
  readonly withdrawn?: readonly string[]
  readonly nlri?: readonly string[]
  readonly origin?: number
  readonly asPath?: readonly number[]
  readonly nextHop?: readonly number[]
  readonly med?: number
  readonly localPref?: number
  readonly originatorId?: readonly number[]
  readonly clusterList?: readonly (readonly number[])[]
  readonly communities?: readonly number[]
  /** Further whole attributes. */
  readonly extra?: readonly number[]
}

/** An UPDATE as a 4-octet speaker sends it. */
export function update(fields: RouteFields): Uint8Array {
  const { withdrawn = [], nlri = [], asPath = [], nextHop = [10, 0, 0, 2] } = fields
  const path = asPath.length === 0 ? [] : [2, asPath.length, ...asPath.flatMap(u32)]
  const attributes = [
    ...[0x40, 1, 1, fields.origin ?? 0],
    ...[0x40, 2, path.length, ...path],
    ...[0x40, 3, 4, ...nextHop],
    ...(fields.med === undefined ? [] : [0x80, 4, 4, ...u32(fields.med)]),
    ...(fields.localPref === undefined ? [] : [0x40, 5, 4, ...u32(fields.localPref)]),
    ...(fields.communities ? [0xc0, 8, fields.communities.length * 4, ...fields.communities.flatMap(u32)] : []),
    ...(fields.originatorId ? [0x80, 9, 4, ...fields.originatorId] : []),
    ...(fields.clusterList ? [0x80, 10, fields.clusterList.length * 4, ...fields.clusterList.flat()] : []),
    ...(fields.extra ?? []),
  ]
  const list = nlri.length === 0 ? [] : attributes
  const gone = withdrawn.flatMap(encodePrefix)
  return message(2, ...u16(gone.length), ...gone, ...u16(list.length), ...list, ...nlri.flatMap(encodePrefix))
}

/** `20.0.0.0/8`, or with a path identifier `20.0.0.0/8#7`. */
export function encodePrefix(text: string): number[] {
  const [prefix = '', pathId] = text.split('#')
  const [addressText = '', lengthText = ''] = prefix.split('/')
  const octets = addressText.split('.').map(Number)
  const encoded = [Number(lengthText), ...octets.slice(0, (Number(lengthText) + 7) >> 3)]
  return pathId === undefined ? encoded : [...u32(Number(pathId)), ...encoded]
}

export function u16(value: number): number[] {
  return [(value >> 8) & 0xff, value & 0xff]
}

export function u32(value: number): number[] {
  return [(value >>> 24) & 0xff, (value >>> 16) & 0xff, (value >>> 8) & 0xff, value & 0xff]
}

export function hex(octets: Uint8Array): string {
  return Buffer.from(octets).toString('hex')
}

function* prefixes(octets: Uint8Array, pathIds: boolean): Generator<string> {
  for (let at = 0; at < octets.length; ) {
    const id = pathIds ? `#${Buffer.from(octets).readUInt32BE(at)}` : ''
    if (pathIds) at += 4
    const length = octets[at]!
    const count = (length + 7) >> 3
    const padded = [...octets.subarray(at + 1, at + 1 + count), 0, 0, 0, 0].slice(0, 4)
    yield `${padded.join('.')}/${length}${id}`
    at += 1 + count
  }
}
