import type { GroupId, KernelTarget, RouteType } from './kernel-target.ts'
import { type NextHopWords, WORDS_PER_NEXT_HOP } from './next-hop-words.ts'

/** Small number of a target; 0: no route. */
export type TargetId = number

interface Entry {
  readonly id: TargetId
  /** Of what it was made for. */
  readonly hash: number
  words: Uint32Array
  target: KernelTarget
}

/**
 * Kernel targets by number: routes are compared and kept by it, however many lead to the same place. A target that has a
 * group can be moved: all its routes lead elsewhere then, and are the same routes.
 */
export class TargetTable {
  #entries: (Entry | undefined)[] = [undefined]
  #free: TargetId[] = []
  #byHash = new Map<number, Entry[]>()
  /** Routes come in runs that lead to the same place. */
  #last: Entry | undefined

  /** Targets in the table. */
  get size(): number {
    return this.#entries.length - 1 - this.#free.length
  }

  /** Ids are smaller than this. */
  get end(): number {
    return this.#entries.length
  }

  get(id: TargetId): KernelTarget | undefined {
    return this.#entries[id]?.target
  }

  /** Its routes name this group from now on; undefined: they name their next hops. */
  setGroup(id: TargetId, group: GroupId | undefined): void {
    const entry = this.#entries[id]
    if (entry === undefined) return
    const { group: _, ...target } = entry.target
    entry.target = group === undefined ? target : { ...target, group }
  }

  /** From now on this target leads elsewhere. It belongs to those that have it: nobody else finds it by where it leads. */
  move(id: TargetId, nextHops: NextHopWords): void {
    const entry = this.#entries[id]
    if (entry === undefined) return
    this.#unlist(entry)
    entry.words = wordsOf(nextHops)
    entry.target = { ...entry.target, nextHops: nextHops.toNextHops() }
  }

  leadsTo(id: TargetId, type: RouteType, metric: number, nextHops: NextHopWords): boolean {
    const entry = this.#entries[id]
    return entry !== undefined && matches(entry, type, metric, nextHops)
  }

  /** Does any of them lead over this link? */
  usesLink(interfaceIndex: number): boolean {
    return this.#entries.some((entry) => entry?.target.nextHops.some((hop) => hop.interfaceIndex === interfaceIndex))
  }

  metricOf(id: TargetId): number {
    return this.#entries[id]?.target.metric ?? 0
  }

  /** The number of this target. The next hops must be normalized. */
  intern(type: RouteType, metric: number, nextHops: NextHopWords): TargetId {
    if (this.#last !== undefined && matches(this.#last, type, metric, nextHops)) return this.#last.id
    const hash = hashOf(type, metric, nextHops)
    const known = this.#byHash.get(hash)?.find((entry) => matches(entry, type, metric, nextHops))
    this.#last = known ?? this.#make(hash, type, metric, nextHops)
    return this.#last.id
  }

  /** Forgets all targets whose numbers are not marked in `used`. */
  sweep(used: Uint8Array): void {
    this.#last = undefined
    for (const entry of this.#entries) {
      if (entry === undefined || used[entry.id] !== 0) continue
      this.#entries[entry.id] = undefined
      this.#free.push(entry.id)
      this.#unlist(entry)
    }
  }

  #unlist(entry: Entry): void {
    if (this.#last === entry) this.#last = undefined
    const left = this.#byHash.get(entry.hash)?.filter((each) => each !== entry) ?? []
    if (left.length > 0) this.#byHash.set(entry.hash, left)
    else this.#byHash.delete(entry.hash)
  }

  #make(hash: number, type: RouteType, metric: number, nextHops: NextHopWords): Entry {
    const id = this.#free.pop() ?? this.#entries.length
    const entry = { id, hash, words: wordsOf(nextHops), target: { type, metric, nextHops: nextHops.toNextHops() } }
    this.#entries[id] = entry
    this.#byHash.set(hash, [...(this.#byHash.get(hash) ?? []), entry])
    return entry
  }
}

const TYPE_SEED: Readonly<Record<RouteType, number>> = { unicast: 1, blackhole: 2, other: 3 }

function wordsOf({ words, count }: NextHopWords): Uint32Array {
  return words.slice(0, count * WORDS_PER_NEXT_HOP)
}

function hashOf(type: RouteType, metric: number, { words, count }: NextHopWords): number {
  let hash = Math.imul(metric ^ 0x9e3779b1, TYPE_SEED[type])
  for (let i = 0; i < count * WORDS_PER_NEXT_HOP; i++) hash = Math.imul(hash ^ words[i]! ^ (hash >>> 15), 0x2c1b3c6d)
  return hash >>> 0
}

function matches(entry: Entry, type: RouteType, metric: number, nextHops: NextHopWords): boolean {
  const { target, words } = entry
  if (target.type !== type || target.metric !== metric) return false
  if (words.length !== nextHops.count * WORDS_PER_NEXT_HOP) return false
  for (let i = 0; i < words.length; i++) if (words[i] !== nextHops.words[i]) return false
  return true
}
