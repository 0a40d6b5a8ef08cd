import net from 'node:net'

/** Who connects where, as whom. */
export interface RawSessionOptions {
  readonly from: string
  readonly to: string
  readonly asn: number
  /** TLVs beside IPv4 unicast, route refresh and four-octet AS. */
  readonly capabilities?: readonly number[]
}

export const KEEPALIVE = message(4, [])
/** Asks for all IPv4 routes again (RFC 2918). */
export const REFRESH = message(5, [0, 1, 0, 1])

/** A BGP session made of octets, on a real socket: it opens, answers keepalives, and hands over what else it is told. */
export class RawSession {
  readonly #socket: net.Socket
  #rest: Buffer = Buffer.alloc(0)
  readonly #established: Promise<void>
  readonly ended: Promise<void>
  isEnded = false

  constructor({ from, to, asn, capabilities = [] }: RawSessionOptions, hear: (type: number, body: Buffer) => void) {
    const socket = net.connect({ host: to, port: 179, localAddress: from, noDelay: true })
    this.#socket = socket
    const identifier = from.split('.').map(Number)
    socket.on('error', () => {})
    socket.once('connect', () => socket.write(open(asn, identifier, capabilities)))
    this.ended = new Promise((resolve) => {
      socket.once('close', () => {
        this.isEnded = true
        resolve()
      })
    })
    this.#established = new Promise((resolve, reject) => {
      void this.ended.then(() => reject(new Error('the session ended')))
      socket.on('data', (chunk: Buffer) => {
        this.#read(chunk, (type, body) => {
          if (type === 1 || type === 4) socket.write(KEEPALIVE)
          if (type === 4) resolve()
          hear(type, body)
        })
      })
    })
    this.#established.catch(() => {})
  }

  /** Rejects when it ends before. */
  established(): Promise<void> {
    return this.#established
  }

  send(...messages: readonly Uint8Array[]): void {
    for (const octets of messages) this.#socket.write(octets)
  }

  close(): void {
    this.#socket.destroy()
  }

  #read(chunk: Buffer, hear: (type: number, body: Buffer) => void): void {
    let rest = Buffer.concat([this.#rest, chunk])
    while (rest.length >= 19 && rest.length >= rest.readUInt16BE(16)) {
      const length = rest.readUInt16BE(16)
      hear(rest[18]!, rest.subarray(19, length))
      rest = rest.subarray(length)
    }
    this.#rest = rest
  }
}

export function message(type: number, body: readonly number[]): Uint8Array {
  const length = 19 + body.length
  return Uint8Array.from([...Array<number>(16).fill(0xff), length >> 8, length & 0xff, type, ...body])
}

function open(asn: number, identifier: readonly number[], more: readonly number[]): Uint8Array {
  const capabilities = [1, 4, 0, 1, 0, 1, 2, 0, 65, 4, 0, 0, asn >> 8, asn & 0xff, ...more]
  const parameters = [capabilities.length + 2, 2, capabilities.length, ...capabilities]
  return message(1, [4, asn >> 8, asn & 0xff, 0, 240, ...identifier, ...parameters])
}
