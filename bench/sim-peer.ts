import net from 'node:net'
import { HeldPaths } from './held-paths.ts'
import { HeldRoutes } from './held-routes.ts'
import type { Numbering } from './numbering.ts'
import { KEEPALIVE, message, open } from './octets.ts'

export interface SimOptions {
  readonly local: string
  readonly daemon: string
  readonly port: number
  readonly asn: number
  readonly identifier: readonly number[]
  readonly external: boolean
  /** Numbers of the prefixes it announces itself: `[from, to)`. */
  readonly own: readonly [number, number]
  /** Takes several paths per prefix (RFC 7911). */
  readonly addPath?: boolean
  /** IPv4 in the common lengths when left out. */
  readonly numbering?: Numbering
}

/** A BGP speaker that knows just enough to hold a session: sends prepared octets, keeps book of what it gets. */
export class SimPeer {
  readonly options: SimOptions
  readonly held: HeldRoutes
  updates = 0
  octets = 0
  /** Called for each UPDATE when set: churn measures each of them. */
  onUpdate: ((octets: Buffer, at: number, length: number) => void) | undefined
  #established = false
  #closing = false
  #progress: (() => void) | undefined
  #lost: ((why: string) => void) | undefined
  #socket: net.Socket | undefined
  #rest: Buffer = EMPTY

  constructor(options: SimOptions) {
    this.options = options
    const Held = options.addPath ? HeldPaths : HeldRoutes
    this.held = new Held(options.external, ...options.own, options.numbering)
  }

  /** Resolves when the session is established; tries again while the daemon does not take it. */
  async connect(deadlineMs = 90_000): Promise<void> {
    const end = performance.now() + deadlineMs
    for (;;) {
      if (await this.#attempt()) return
      if (performance.now() > end) throw new Error(`no session from ${this.options.local} within ${deadlineMs} ms`)
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
  }

  send(octets: Uint8Array): void {
    this.#socket!.write(octets)
  }

  /** ROUTE-REFRESH for IPv4 unicast (RFC 2918). */
  askForRefresh(): void {
    this.send(message(5, Uint8Array.of(0, 1, 0, 1)))
  }

  /** Resolves when `condition` holds after some input; rejects when the session is lost before. */
  until(condition: () => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      const check = () => {
        if (!condition()) return
        this.#progress = undefined
        resolve()
      }
      this.#progress = check
      this.#lost = (why) => reject(new Error(`${this.options.local} lost its session: ${why}`))
      check()
    })
  }

  close(): void {
    this.#closing = true
    this.#socket?.destroy()
  }

  #attempt(): Promise<boolean> {
    const { local, daemon, port, asn, identifier, numbering, addPath = false } = this.options
    return new Promise((resolve) => {
      const socket = net.connect({ host: daemon, port, localAddress: local })
      this.#socket = socket
      this.#rest = EMPTY
      this.#established = false
      socket.setNoDelay(true)
      socket.on('connect', () => socket.write(open(asn, identifier, 180, { family: numbering?.family ?? 4, addPath })))
      socket.on('error', () => {})
      socket.on('close', () => {
        resolve(false)
        if (this.#established && !this.#closing) this.#lost?.('connection closed')
      })
      socket.on('data', (chunk: Buffer) => {
        this.#data(chunk)
        if (this.#established) resolve(true)
      })
    })
  }

  #data(chunk: Buffer): void {
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
    if (at > 0) this.#progress?.()
  }

  #message(buffer: Buffer, at: number, length: number): void {
    switch (buffer[at + 18]) {
      case 1:
        this.#socket!.write(KEEPALIVE)
        return
      case 2:
        this.updates++
        this.held.take(buffer, at, length)
        this.onUpdate?.(buffer, at, length)
        return
      case 3:
        this.#lost?.(`NOTIFICATION ${buffer[at + 19]}/${buffer[at + 20]}`)
        return
      case 4:
        if (this.#established) this.#socket!.write(KEEPALIVE)
        this.#established = true
    }
  }
}

const EMPTY: Buffer = Buffer.alloc(0)
