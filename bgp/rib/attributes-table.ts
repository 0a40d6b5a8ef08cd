import { type Column16, type Column32, grow16, grow32, nextCapacity } from '../../routing/ip/columns.ts'
import { Arena } from './arena.ts'
import { decodeFields, newFields, type SetFields, SetFlag, type SetSource, scopeOf } from './fields.ts'
import type { NextHops } from './next-hops.ts'

/** Dense number of an attribute set; 0 is none. */
export type SetId = number

/** As much as the attributes of an UPDATE can be. */
export const MAX_SET_OCTETS = 0xffff

const FIRST_ROWS = 1024
const NONE = 0

/**
 * One row per distinct set of path attributes of one peer, found by hashing the octets as they came, reference-counted.
 * Since the peer is part of the identity, a set knows its source: split horizon, ORIGINATOR_ID and the tie-breaks need
 * no column per route.
 *
 * The octets are normalized (see `normalizeAttributes`) and lie in an arena; what the decision needs is decoded once
 * into the public columns.
 */
export class AttributesTable {
  readonly nextHops: NextHops
  /** Columns by SetId; replaced when they grow, so read them afresh after `add`. */
  localPref: Column32 = new Uint32Array(FIRST_ROWS)
  lengthAndOrigin: Column32 = new Uint32Array(FIRST_ROWS)
  med: Column32 = new Uint32Array(FIRST_ROWS)
  neighbourAsn: Column32 = new Uint32Array(FIRST_ROWS)
  nextHop: Column32 = new Uint32Array(FIRST_ROWS)
  originator: Column32 = new Uint32Array(FIRST_ROWS)
  clusterListLength: Column16 = new Uint16Array(FIRST_ROWS)
  flags: Column32 = new Uint32Array(FIRST_ROWS)
  /** Slot of the peer it came from. */
  source: Column16 = new Uint16Array(FIRST_ROWS)
  refs: Column32 = new Uint32Array(FIRST_ROWS)
  /** Rows that the columns hold. */
  capacity = FIRST_ROWS
  size = 0

  #hashes: Column32 = new Uint32Array(FIRST_ROWS)
  #offset: Column32 = new Uint32Array(FIRST_ROWS)
  #length: Column16 = new Uint16Array(FIRST_ROWS)
  #slots: Column32 = new Uint32Array(FIRST_ROWS * 2)
  #mask = FIRST_ROWS * 2 - 1
  #nextFree = NONE
  #firstUnused = 1
  #arena = new Arena()
  /** Of the octets that `find` was last asked for. */
  #lastHash = 0
  readonly #seed: number
  readonly #fields: SetFields = newFields()
  readonly #removeListeners = new Set<(id: SetId, parent: SetId) => void>()
  /** Sets per peer slot: a slot may be given to another peer when there are none. */
  readonly #setsBySource: number[] = []
  readonly #octetsBySource: number[] = []
  /** CLUSTER_ID of the cluster that the peer is a client in, by slot. */
  readonly #clusterBySource: number[] = []
  /** Of derived sets only: what the policy started from, and the metric it set for the kernel. */
  readonly #derivation = new Map<SetId, { readonly parent: SetId; readonly kernelMetric: number | undefined }>()

  constructor(seed: number, nextHops: NextHops) {
    this.#seed = seed | 0
    this.nextHops = nextHops
  }

  /** The set of this peer with exactly these octets, or 0. Hot: once per UPDATE whose attributes differ from the last. */
  find(slot: number, octets: Uint8Array, start: number, end: number): SetId {
    const hash = this.#hash(slot, octets, start, end)
    const length = end - start
    this.#lastHash = hash
    for (let at = hash & this.#mask; ; at = (at + 1) & this.#mask) {
      const id = this.#slots[at]!
      if (id === NONE) return NONE
      if (this.#hashes[id] !== hash || this.source[id] !== slot || this.#length[id] !== length) continue
      if ((this.flags[id]! & SetFlag.Derived) !== 0) continue
      if (this.#arena.equals(this.#offset[id]!, octets, start, length)) return id
    }
  }

  /** Adds the set that the last `find` did not know. It has no reference yet: `retain` it, or `releaseUnused` it. */
  add(source: SetSource, octets: Uint8Array, start: number, end: number): SetId {
    return this.#insert(this.#lastHash, source, octets, start, end, 0)
  }

  /** A set made from `parent` by a policy. Each call makes a new one; callers keep the mapping. */
  derive(parent: SetId, source: SetSource, octets: Uint8Array, end: number, kernelMetric: number | undefined): SetId {
    const hash = this.#hash(source.slot, octets, 0, end)
    const id = this.#insert(hash, source, octets, 0, end, SetFlag.Derived)
    this.#derivation.set(id, { parent, kernelMetric })
    this.retain(parent)
    return id
  }

  /** What the peer sent, before policy. */
  originalOf(id: SetId): SetId {
    return this.#derivation.get(id)?.parent ?? id
  }

  kernelMetricOf(id: SetId): number | undefined {
    return this.#derivation.get(id)?.kernelMetric
  }

  /** Calls `listener` with each set that ceases to be, and for derived ones with what they were made from (else 0). */
  onRemove(listener: (id: SetId, parent: SetId) => void): () => void {
    this.#removeListeners.add(listener)
    return () => this.#removeListeners.delete(listener)
  }

  /** Sets that still name this peer slot as their source. */
  setsOf(slot: number): number {
    return this.#setsBySource[slot] ?? 0
  }

  /** Octets that they fill. */
  octetsFrom(slot: number): number {
    return this.#octetsBySource[slot] ?? 0
  }

  /** 0: it is no client. */
  clusterOf(slot: number): number {
    return this.#clusterBySource[slot] ?? 0
  }

  retain(id: SetId): void {
    this.refs[id]!++
  }

  release(id: SetId): void {
    if (--this.refs[id]! === 0) this.#remove(id)
  }

  /** Removes a set that nothing came to refer to. */
  releaseUnused(id: SetId): void {
    if (id !== NONE && this.refs[id] === 0) this.#remove(id)
  }

  /** The normalized octets: `octets[start..start + length)`, valid until the next `add` or `release`. */
  octetsOf(id: SetId): Uint8Array {
    return this.#arena.slabOf(this.#offset[id]!)
  }

  startOf(id: SetId): number {
    return this.#arena.positionOf(this.#offset[id]!)
  }

  lengthOf(id: SetId): number {
    return this.#length[id]!
  }

  /** A copy of the normalized octets. */
  copyOf(id: SetId): Uint8Array {
    const start = this.startOf(id)
    return this.octetsOf(id).slice(start, start + this.#length[id]!)
  }

  #insert(hash: number, source: SetSource, octets: Uint8Array, start: number, end: number, extraFlags: number): SetId {
    const f = this.#fields
    decodeFields(octets, start, end, source, f)
    const id = this.#allocate()
    this.localPref[id] = f.localPref
    this.lengthAndOrigin[id] = f.lengthAndOrigin
    this.med[id] = f.med
    this.neighbourAsn[id] = f.neighbourAsn
    this.originator[id] = f.originator
    this.clusterListLength[id] = f.clusterListLength
    this.flags[id] = f.flags | extraFlags
    this.source[id] = source.slot
    this.#setsBySource[source.slot] = this.setsOf(source.slot) + 1
    this.#clusterBySource[source.slot] = source.client ? source.clusterId : 0
    this.#octetsBySource[source.slot] = this.octetsFrom(source.slot) + end - start
    this.refs[id] = 0
    const nextHop = this.#internNextHop(f, source)
    this.nextHops.retain(nextHop)
    this.nextHop[id] = nextHop
    this.#hashes[id] = hash
    this.#length[id] = end - start
    this.#offset[id] = this.#arena.store(octets, start, end)
    if (++this.size * 2 > this.#mask) this.#rehash(this.#slots.length * 2)
    else this.#place(id)
    return id
  }

  #internNextHop({ nextHopWord, nextHop }: SetFields, source: SetSource): number {
    if (nextHopWord !== 0) return this.nextHops.internWord(nextHopWord)
    return nextHop === undefined ? NONE : this.nextHops.intern(nextHop, scopeOf(nextHop, source))
  }

  #remove(id: SetId): void {
    const derivation = this.#derivation.get(id)
    for (const listener of this.#removeListeners) listener(id, derivation?.parent ?? NONE)
    this.#unlink(id)
    this.#setsBySource[this.source[id]!]!--
    this.#octetsBySource[this.source[id]!]! -= this.#length[id]!
    this.nextHops.release(this.nextHop[id]!)
    this.#arena.free(this.#offset[id]!, this.#length[id]!)
    this.#length[id] = 0
    this.#hashes[id] = this.#nextFree
    this.#nextFree = id
    this.size--
    this.#derivation.delete(id)
    if (derivation) this.release(derivation.parent)
    if (this.size === 0) this.#shrink()
    else if (this.#arena.wasteful) this.#compact()
  }

  #hash(slot: number, octets: Uint8Array, start: number, end: number): number {
    let h = Math.imul(this.#seed ^ slot, 0x9e3779b1) ^ (end - start)
    let at = start
    for (const words = end - 3; at < words; at += 4) {
      const word = (octets[at]! << 24) | (octets[at + 1]! << 16) | (octets[at + 2]! << 8) | octets[at + 3]!
      h = Math.imul(h ^ word, 0x85ebca6b)
      h ^= h >>> 15
    }
    for (; at < end; at++) h = Math.imul(h ^ octets[at]!, 0xc2b2ae35)
    h = Math.imul(h ^ (h >>> 13), 0x7feb352d)
    return (h ^ (h >>> 16)) >>> 0
  }

  #place(id: SetId): void {
    let at = this.#hashes[id]! & this.#mask
    while (this.#slots[at] !== NONE) at = (at + 1) & this.#mask
    this.#slots[at] = id
  }

  /** Removes the slot of `id`, moving later ones of its probe sequence up. */
  #unlink(id: SetId): void {
    const slots = this.#slots
    let hole = this.#hashes[id]! & this.#mask
    while (slots[hole] !== id) hole = (hole + 1) & this.#mask
    for (let at = (hole + 1) & this.#mask; slots[at] !== NONE; at = (at + 1) & this.#mask) {
      const home = this.#hashes[slots[at]!]! & this.#mask
      if (((at - home) & this.#mask) >= ((at - hole) & this.#mask)) {
        slots[hole] = slots[at]!
        hole = at
      }
    }
    slots[hole] = NONE
  }

  #rehash(slotCount: number): void {
    this.#slots.buffer.transfer(0)
    this.#slots = new Uint32Array(slotCount)
    this.#mask = slotCount - 1
    for (let id = 1; id < this.#firstUnused; id++) if (this.#length[id] !== 0) this.#place(id)
  }

  #allocate(): SetId {
    if (this.#nextFree !== NONE) {
      const id = this.#nextFree
      this.#nextFree = this.#hashes[id]!
      return id
    }
    if (this.#firstUnused === this.capacity) this.#resize(nextCapacity(this.capacity))
    return this.#firstUnused++
  }

  #resize(rows: number): void {
    this.capacity = rows
    this.localPref = grow32(this.localPref, rows)
    this.lengthAndOrigin = grow32(this.lengthAndOrigin, rows)
    this.med = grow32(this.med, rows)
    this.neighbourAsn = grow32(this.neighbourAsn, rows)
    this.nextHop = grow32(this.nextHop, rows)
    this.originator = grow32(this.originator, rows)
    this.clusterListLength = grow16(this.clusterListLength, rows)
    this.flags = grow32(this.flags, rows)
    this.source = grow16(this.source, rows)
    this.refs = grow32(this.refs, rows)
    this.#hashes = grow32(this.#hashes, rows)
    this.#offset = grow32(this.#offset, rows)
    this.#length = grow16(this.#length, rows)
  }

  /** An empty table gives its memory back. */
  #shrink(): void {
    if (this.capacity === FIRST_ROWS) return
    this.#resize(FIRST_ROWS)
    this.#slots = new Uint32Array(FIRST_ROWS * 2)
    this.#mask = FIRST_ROWS * 2 - 1
    this.#nextFree = NONE
    this.#firstUnused = 1
    this.#arena = new Arena()
  }

  /** Moves the living octets together. A few milliseconds for tens of megabytes, and only when most is waste. */
  #compact(): void {
    const fresh = new Arena()
    for (let id = 1; id < this.#firstUnused; id++) {
      const length = this.#length[id]!
      if (length === 0) continue
      const start = this.startOf(id)
      this.#offset[id] = fresh.store(this.octetsOf(id), start, start + length)
    }
    this.#arena = fresh
  }
}
