import net from 'node:net'
import { KEEPALIVE, open } from './octets.ts'
import { indexOf } from './table.ts'

export interface SimOptions {
  readonly local: string
  readonly daemon: string
  readonly port: number
  readonly asn: number
  readonly identifier: readonly number[]
}

/** A BGP speaker that knows just enough to hold a session: sends prepared octets, counts what it gets. */
export class SimPeer {
  readonly options: SimOptions
  /** Distinct prefixes held now. */
  held = 0
  updates = 0
  octets = 0
  established = false
  onProgress: (() => void) | undefined
  onClosed: (() => void) | undefined
  #socket: net.Socket | undefined
  #rest: Buffer = Buffer.alloc(0)
  #kept: Buffer[] | undefined
  /** One octet per prefix number: held or not. */
  #has = new Uint8Array(1 << 16)

  constructor(options: SimOptions) {
    this.options = options
  }

  /** Keeps all octets received, so that the routes can be checked when the clock has stopped. */
  keepOctets(): void {
    this.#kept = []
  }

  get kept(): readonly Buffer[] {
    return this.#kept ?? []
  }

  /** Resolves when the session is established; tries again when the daemon is not there yet or drops the connection. */
  async connect(deadlineMs = 60_000): Promise<void> {
    const end = performance.now() + deadlineMs
    for (;;) {
      if (await this.#attempt()) return
      if (performance.now() > end) throw new Error(`no session from ${this.options.local} within ${deadlineMs} ms`)
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
  }

  send(octets: Uint8Array): Promise<void> {
    return new Promise((resolve) => {
      this.#socket!.write(octets, () => resolve())
    })
  }

  close(): void {
    this.onClosed = undefined
    this.#socket?.destroy()
  }

  #attempt(): Promise<boolean> {
    const { local, daemon, port, asn, identifier } = this.options
    return new Promise((resolve) => {
      const socket = net.connect({ host: daemon, port, localAddress: local })
      this.#socket = socket
      this.#rest = Buffer.alloc(0)
      this.established = false
      socket.setNoDelay(true)
      socket.on('connect', () => socket.write(open(asn, identifier, 180)))
      socket.on('error', () => {})
      socket.on('close', () => {
        resolve(false)
        if (this.established) this.onClosed?.()
      })
      socket.on('data', (chunk: Buffer) => {
        this.#data(chunk)
        if (this.established) resolve(true)
      })
    })
  }

  #data(chunk: Buffer): void {
    this.#kept?.push(chunk)
    this.octets += chunk.length
    const buffer = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk])
    let at = 0
    while (buffer.length - at >= 19) {
      const length = (buffer[at + 16]! << 8) | buffer[at + 17]!
      if (buffer.length - at < length) break
      this.#message(buffer, at, length)
      at += length
    }
    this.#rest = at === buffer.length ? EMPTY : buffer.subarray(at)
    if (at > 0) this.onProgress?.()
  }

  #message(buffer: Buffer, at: number, length: number): void {
    switch (buffer[at + 18]) {
      case 1:
        this.#socket!.write(KEEPALIVE)
        return
      case 2: {
        this.updates++
        const withdrawnLength = (buffer[at + 19]! << 8) | buffer[at + 20]!
        const attributesAt = at + 21 + withdrawnLength
        const attributesLength = (buffer[attributesAt]! << 8) | buffer[attributesAt + 1]!
        this.#mark(buffer, at + 21, attributesAt, 0)
        this.#mark(buffer, attributesAt + 2 + attributesLength, at + length, 1)
        return
      }
      case 3:
        process.stderr.write(`${this.options.local}: NOTIFICATION ${buffer[at + 19]}/${buffer[at + 20]}\n`)
        return
      case 4:
        if (!this.established) this.established = true
        else this.#socket!.write(KEEPALIVE)
    }
  }

  #mark(buffer: Buffer, start: number, end: number, held: 0 | 1): void {
    for (let at = start; at < end; ) {
      // All prefixes of the load have 17 to 24 bits.
      const index = indexOf(((buffer[at + 1]! << 24) | (buffer[at + 2]! << 16) | (buffer[at + 3]! << 8)) >>> 0)
      if (index >= this.#has.length) this.#grow(index)
      this.held += held - this.#has[index]!
      this.#has[index] = held
      at += 4
    }
  }

  #grow(index: number): void {
    const wider = new Uint8Array(Math.max(this.#has.length * 2, index + 1))
    wider.set(this.#has)
    this.#has = wider
  }
}

const EMPTY: Buffer = Buffer.alloc(0)
