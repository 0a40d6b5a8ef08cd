import { digestAttributes } from './digest.ts'
import { indexOf } from './table.ts'

/** What a receiver holds: a digest of the attributes per prefix number, 0 where it holds nothing. */
export class HeldRoutes {
  digests = new Uint32Array(1 << 12)
  /** Prefixes held. */
  count = 0
  /** Prefixes in all UPDATEs taken in. */
  prefixes = 0
  readonly external: boolean
  /** The peer's own prefixes, `[from, to)`: some daemons tell them back, which counts for nothing. */
  readonly #ownFrom: number
  readonly #ownTo: number

  constructor(external: boolean, ownFrom = 0, ownTo = 0) {
    this.external = external
    this.#ownFrom = ownFrom
    this.#ownTo = ownTo
  }

  /** Takes in the UPDATE at `octets[at..at + length)`, header included. */
  take(octets: Uint8Array, at: number, length: number): void {
    const withdrawnEnd = at + 21 + ((octets[at + 19]! << 8) | octets[at + 20]!)
    const attributesEnd = withdrawnEnd + 2 + ((octets[withdrawnEnd]! << 8) | octets[withdrawnEnd + 1]!)
    this.#mark(octets, at + 21, withdrawnEnd, 0)
    if (attributesEnd === at + length) return
    const digest = digestAttributes(octets, withdrawnEnd + 2, attributesEnd, this.external)
    this.#mark(octets, attributesEnd, at + length, digest)
  }

  /** A whole stream of messages. */
  takeAll(octets: Uint8Array): this {
    for (let at = 0; at + 19 <= octets.length; ) {
      const length = (octets[at + 16]! << 8) | octets[at + 17]!
      if (octets[at + 18] === 2) this.take(octets, at, length)
      at += length
    }
    return this
  }

  forget(): void {
    this.digests.fill(0)
    this.count = 0
  }

  /** How many prefixes differ from what is wanted. */
  differences(wanted: HeldRoutes): number {
    const end = Math.max(this.digests.length, wanted.digests.length)
    let differ = 0
    for (let i = 0; i < end; i++) {
      if (i >= this.#ownFrom && i < this.#ownTo) continue
      if ((this.digests[i] ?? 0) !== (wanted.digests[i] ?? 0)) differ++
    }
    return differ
  }

  #mark(octets: Uint8Array, start: number, end: number, digest: number): void {
    this.prefixes += (end - start) / 4
    for (let at = start; at < end; ) {
      // All prefixes of the load have 17 to 24 bits.
      const index = indexOf(((octets[at + 1]! << 24) | (octets[at + 2]! << 16) | (octets[at + 3]! << 8)) >>> 0)
      at += 4
      if (index >= this.#ownFrom && index < this.#ownTo) continue
      if (index >= this.digests.length) this.#grow(index)
      const before = this.digests[index]!
      if (before === 0) {
        if (digest !== 0) this.count++
      } else if (digest === 0) this.count--
      this.digests[index] = digest
    }
  }

  #grow(index: number): void {
    const wider = new Uint32Array(Math.max(this.digests.length * 2, index + 1))
    wider.set(this.digests)
    this.digests = wider
  }
}
