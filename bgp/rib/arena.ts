const SLAB_BITS = 20
const SLAB_OCTETS = 1 << SLAB_BITS
const SLAB_MASK = SLAB_OCTETS - 1

/** Where octets lie: slab number in the high bits, offset in the low ones. */
export type ArenaOffset = number

/**
 * Octets of attribute sets, in slabs of 1 MiB so that growing never copies. Freed octets are only counted; a slab is
 * given back when all its octets are free, and the owner compacts when more than half of everything is waste.
 */
export class Arena {
  #slabs: (Uint8Array<ArrayBuffer> | undefined)[] = []
  #live: number[] = []
  #current = -1
  #used = SLAB_OCTETS
  #liveOctets = 0
  #heldSlabs = 0

  store(octets: Uint8Array, start: number, end: number): ArenaOffset {
    const length = end - start
    if (this.#used + length > SLAB_OCTETS) this.#openSlab()
    const slab = this.#slabs[this.#current]!
    // A loop beats set(subarray()) for the few dozen octets of an attribute set.
    const base = this.#used
    if (length > 128) slab.set(octets.subarray(start, end), base)
    else for (let i = 0; i < length; i++) slab[base + i] = octets[start + i]!
    this.#used += length
    this.#live[this.#current]! += length
    this.#liveOctets += length
    return this.#current * SLAB_OCTETS + base
  }

  free(offset: ArenaOffset, length: number): void {
    const slab = Math.floor(offset / SLAB_OCTETS)
    this.#liveOctets -= length
    this.#live[slab]! -= length
    if (this.#live[slab]! > 0 || slab === this.#current) return
    this.#slabs[slab] = undefined
    this.#heldSlabs--
  }

  slabOf(offset: ArenaOffset): Uint8Array {
    return this.#slabs[offset >>> SLAB_BITS]!
  }

  positionOf(offset: ArenaOffset): number {
    return offset & SLAB_MASK
  }

  equals(offset: ArenaOffset, octets: Uint8Array, start: number, length: number): boolean {
    const slab = this.#slabs[offset >>> SLAB_BITS]!
    const base = offset & SLAB_MASK
    for (let i = 0; i < length; i++) if (slab[base + i] !== octets[start + i]) return false
    return true
  }

  /** Worth compacting: more than half of what is held is waste, and it is not little. */
  get wasteful(): boolean {
    const held = this.#heldSlabs * SLAB_OCTETS
    return held > 4 * SLAB_OCTETS && this.#liveOctets * 2 < held
  }

  #openSlab(): void {
    // The slab just left may have been emptied while it was the current one.
    if (this.#current >= 0 && this.#live[this.#current] === 0 && this.#slabs[this.#current]) {
      this.#used = 0
      return
    }
    let free = this.#slabs.indexOf(undefined)
    if (free < 0) free = this.#slabs.length
    this.#slabs[free] = new Uint8Array(SLAB_OCTETS)
    this.#live[free] = 0
    this.#heldSlabs++
    this.#current = free
    this.#used = 0
  }
}
