import { indexOf } from './addresses.ts'
import { digestAttributes } from './digest.ts'
import { HeldRoutes } from './held-routes.ts'

/** More than any scenario has sources. */
const MOST_PATHS = 16

/** What a receiver with ADD-PATH holds (RFC 7911): of each prefix the sum of the digests of its paths. IPv4 in the common lengths. */
export class HeldPaths extends HeldRoutes {
  /** By prefix number × MOST_PATHS: identifier and digest of each path, 0 where there is none. */
  #ids = new Uint32Array(1 << 16)
  #parts = new Uint32Array(1 << 16)

  override take(octets: Uint8Array, at: number, length: number): void {
    const withdrawnEnd = at + 21 + word(octets, at + 19)
    const attributesEnd = withdrawnEnd + 2 + word(octets, withdrawnEnd)
    this.#mark(octets, at + 21, withdrawnEnd, 0)
    if (attributesEnd === at + length) return
    this.#mark(
      octets,
      attributesEnd,
      at + length,
      digestAttributes(octets, withdrawnEnd + 2, attributesEnd, this.external),
    )
  }

  override forget(): void {
    super.forget()
    this.#ids.fill(0)
    this.#parts.fill(0)
  }

  /** Each prefix is its path's identifier, its length and three octets. */
  #mark(octets: Uint8Array, start: number, end: number, digest: number): void {
    this.prefixes += (end - start) / 8
    for (let at = start; at < end; at += 8) {
      const id = ((word(octets, at) << 16) | word(octets, at + 2)) >>> 0
      const index = indexOf(((octets[at + 5]! << 24) | (octets[at + 6]! << 16) | (octets[at + 7]! << 8)) >>> 0)
      const before = this.#replace(index, id, digest)
      // Zero means that nothing is held, so a sum is never zero.
      const held = this.digests[index] ?? 0
      this.set(index, (held - before + digest) >>> 0)
    }
  }

  /** Puts the path in the place of the one with its identifier; returns the digest of that, 0 when there was none. */
  #replace(index: number, id: number, digest: number): number {
    const first = index * MOST_PATHS
    if (first + MOST_PATHS > this.#ids.length) this.#grow(first + MOST_PATHS)
    let place = -1
    for (let i = first; i < first + MOST_PATHS; i++) {
      if (this.#parts[i] === 0) {
        if (place < 0) place = i
      } else if (this.#ids[i] === id) {
        const before = this.#parts[i]!
        this.#parts[i] = digest
        return before
      }
    }
    if (place < 0) throw new Error(`more than ${MOST_PATHS} paths to one prefix`)
    if (digest !== 0) {
      this.#ids[place] = id
      this.#parts[place] = digest
    }
    return 0
  }

  #grow(size: number): void {
    const rows = Math.max(this.#ids.length * 2, size)
    const [ids, parts] = [new Uint32Array(rows), new Uint32Array(rows)]
    ids.set(this.#ids)
    parts.set(this.#parts)
    this.#ids = ids
    this.#parts = parts
  }
}

function word(octets: Uint8Array, at: number): number {
  return (octets[at]! << 8) | octets[at + 1]!
}
