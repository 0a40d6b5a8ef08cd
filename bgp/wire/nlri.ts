import type { Family } from '../../routing/ip/address.ts'
import { maskWord } from '../../routing/ip/prefix.ts'
import type { PrefixTable } from '../../routing/ip/prefix-table.ts'

/** Before each prefix, where paths have identifiers (RFC 7911, section 3). */
export const PATH_ID_OCTETS = 4

/**
 * True when `octets[start..end)` is a whole list of prefixes, none longer than `maxLength` bits (RFC 4271, section 4.3),
 * each after a path identifier where `pathIds` says so.
 */
export function isNlri(octets: Uint8Array, start: number, end: number, maxLength: number, pathIds: boolean): boolean {
  const before = pathIds ? PATH_ID_OCTETS : 0
  let at = start
  while (at < end) {
    if (at + before >= end) return false
    const length = octets[at + before]!
    if (length > maxLength) return false
    at += before + 1 + ((length + 7) >> 3)
  }
  return at === end
}

/**
 * Walks a checked list of prefixes. One object per session is reused for every message; host bits are masked
 * (RFC 4271, section 4.3: they are irrelevant).
 */
export class NlriCursor {
  /** The address in words, signed: small integers stay out of the heap. Tables take words of either kind. */
  w0 = 0
  w1 = 0
  w2 = 0
  w3 = 0
  length = 0
  /** 0 where paths have no identifiers. */
  pathId = 0
  #octets: Uint8Array = new Uint8Array(0)
  #at = 0
  #end = 0

  over(octets: Uint8Array, start: number, end: number): this {
    this.#octets = octets
    this.#at = start
    this.#end = end
    this.w1 = 0
    this.w2 = 0
    this.w3 = 0
    this.pathId = 0
    return this
  }

  /** Moves to the next IPv4 prefix. Hot: one call per received route. */
  next4(): boolean {
    let at = this.#at
    if (at >= this.#end) return false
    const octets = this.#octets
    const length = octets[at]!
    let word = 0
    if (length > 24) {
      word = (octets[at + 1]! << 24) | (octets[at + 2]! << 16) | (octets[at + 3]! << 8) | octets[at + 4]!
      at += 5
    } else if (length > 16) {
      word = (octets[at + 1]! << 24) | (octets[at + 2]! << 16) | (octets[at + 3]! << 8)
      at += 4
    } else if (length > 8) {
      word = (octets[at + 1]! << 24) | (octets[at + 2]! << 16)
      at += 3
    } else if (length > 0) {
      word = octets[at + 1]! << 24
      at += 2
    } else {
      at += 1
    }
    this.w0 = length === 0 ? 0 : word & (-1 << (32 - length))
    this.length = length
    this.#at = at
    return true
  }

  /** Moves to the next prefix of a list with path identifiers. */
  nextPath(family: Family): boolean {
    const at = this.#at
    if (at >= this.#end) return false
    const octets = this.#octets
    this.pathId = ((octets[at]! << 24) | (octets[at + 1]! << 16) | (octets[at + 2]! << 8) | octets[at + 3]!) >>> 0
    this.#at = at + PATH_ID_OCTETS
    return family === 4 ? this.next4() : this.next6()
  }

  next6(): boolean {
    if (this.#at >= this.#end) return false
    const length = this.#octets[this.#at++]!
    const count = (length + 7) >> 3
    this.w0 = this.#word(0, count, length)
    this.w1 = this.#word(1, count, length)
    this.w2 = this.#word(2, count, length)
    this.w3 = this.#word(3, count, length)
    this.length = length
    this.#at += count
    return true
  }

  #word(index: number, count: number, length: number): number {
    let word = 0
    for (let i = 4 * index; i < 4 * index + 4; i++) word = (word << 8) | (i < count ? this.#octets[this.#at + i]! : 0)
    return word & maskWord(length, index)
  }
}

export function writePathId(pathId: number, into: Uint8Array, at: number): number {
  into[at] = pathId >>> 24
  into[at + 1] = pathId >>> 16
  into[at + 2] = pathId >>> 8
  into[at + 3] = pathId
  return at + PATH_ID_OCTETS
}

/** Octets that `writeNlri` takes for the prefix. */
export function nlriOctets(length: number): number {
  return 1 + ((length + 7) >> 3)
}

/** Writes length and significant octets of a prefix; returns the end. Hot: one call per advertised route. */
export function writeNlri(table: PrefixTable, id: number, into: Uint8Array, at: number): number {
  const length = table.lengthOf(id)
  into[at++] = length
  for (let index = 0, bits = length; bits > 0; index++, bits -= 32) {
    const word = table.wordOf(id, index)
    into[at++] = word >>> 24
    if (bits > 8) into[at++] = word >>> 16
    if (bits > 16) into[at++] = word >>> 8
    if (bits > 24) into[at++] = word
  }
  return at
}
