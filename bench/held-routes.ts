import { indexOf } from './addresses.ts'
import { digestAttributes } from './digest.ts'
import { type Numbering, PLAIN } from './numbering.ts'

/** What a receiver holds: a digest of the attributes per prefix number, 0 where it holds nothing. */
export class HeldRoutes {
  digests = new Uint32Array(1 << 12)
  /** Prefixes held. */
  count = 0
  /** Prefixes held with the attributes that are expected; counted once something is. */
  right = 0
  #expected: Uint32Array | undefined
  /** Prefixes in all UPDATEs taken in. */
  prefixes = 0
  readonly external: boolean
  readonly numbering: Numbering
  /** The peer's own prefixes, `[from, to)`: some daemons tell them back, which counts for nothing. */
  readonly #ownFrom: number
  readonly #ownTo: number

  constructor(external: boolean, ownFrom = 0, ownTo = 0, numbering: Numbering = PLAIN) {
    this.external = external
    this.numbering = numbering
    this.#ownFrom = ownFrom
    this.#ownTo = ownTo
  }

  /** Takes in the UPDATE at `octets[at..at + length)`, header included. */
  take(octets: Uint8Array, at: number, length: number): void {
    const withdrawnEnd = at + 21 + ((octets[at + 19]! << 8) | octets[at + 20]!)
    const attributesEnd = withdrawnEnd + 2 + ((octets[withdrawnEnd]! << 8) | octets[withdrawnEnd + 1]!)
    this.#mark(octets, at + 21, withdrawnEnd, 0)
    if (this.numbering.family === 6) return this.#takeMultiprotocol(octets, withdrawnEnd + 2, attributesEnd)
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

  /** Where a receiver holds the paths of all: what it holds of a prefix is the sum of theirs. */
  add(other: HeldRoutes): void {
    for (const [index, digest] of other.digests.entries()) {
      if (digest !== 0) this.set(index, ((this.digests[index] ?? 0) + digest) >>> 0 || 1)
    }
  }

  /** From now on `right` is counted. */
  expect(wanted: HeldRoutes): void {
    this.#expected = wanted.digests
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

  /** NLRI in attributes (RFC 4760): MP_REACH_NLRI after its next hop, MP_UNREACH_NLRI after its family. */
  #takeMultiprotocol(octets: Uint8Array, start: number, end: number): void {
    for (let at = start; at < end; ) {
      const wide = (octets[at]! & 0x10) !== 0
      const value = at + (wide ? 4 : 3)
      const next = value + (wide ? (octets[at + 2]! << 8) | octets[at + 3]! : octets[at + 2]!)
      if (octets[at + 1] === 15) this.#mark(octets, value + 3, next, 0)
      if (octets[at + 1] === 14)
        this.#mark(octets, value + 5 + octets[value + 3]!, next, digestAttributes(octets, start, end, this.external))
      at = next
    }
  }

  #mark(octets: Uint8Array, start: number, end: number, digest: number): void {
    if (this.numbering !== PLAIN) return this.#markAny(octets, start, end, digest)
    this.prefixes += (end - start) / 4
    for (let at = start; at < end; ) {
      // All prefixes of the load have 17 to 24 bits.
      const index = indexOf(((octets[at + 1]! << 24) | (octets[at + 2]! << 16) | (octets[at + 3]! << 8)) >>> 0)
      at += 4
      this.set(index, digest)
    }
  }

  #markAny(octets: Uint8Array, start: number, end: number, digest: number): void {
    for (let at = start; at < end; at += 1 + ((octets[at]! + 7) >> 3)) {
      this.prefixes++
      this.set(this.numbering.read(octets, at), digest)
    }
  }

  protected set(index: number, digest: number): void {
    if (index >= this.#ownFrom && index < this.#ownTo) return
    if (index >= this.digests.length) this.#grow(index)
    const before = this.digests[index]!
    if (this.#expected !== undefined && before !== digest) this.#compare(before, digest, this.#expected[index] ?? 0)
    if (before === 0) {
      if (digest !== 0) this.count++
    } else if (digest === 0) this.count--
    this.digests[index] = digest
  }

  #compare(before: number, digest: number, expected: number): void {
    if (expected === 0) return
    if (digest === expected) this.right++
    else if (before === expected) this.right--
  }

  #grow(index: number): void {
    const wider = new Uint32Array(Math.max(this.digests.length * 2, index + 1))
    wider.set(this.digests)
    this.digests = wider
  }
}
