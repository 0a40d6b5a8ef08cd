import type { KernelTarget, RouteType } from './kernel-target.ts'
import { type NextHopWords, WORDS_PER_NEXT_HOP } from './next-hop-words.ts'

/** Small number of a target; 0: no route. */
export type TargetId = number

interface Entry {
  readonly id: TargetId
  readonly hash: number
  readonly words: Uint32Array
  readonly target: KernelTarget
}

/** Kernel targets by number: routes are compared and kept by it, however many lead to the same place. */
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
      const left = this.#byHash.get(entry.hash)?.filter((each) => each !== entry) ?? []
      if (left.length > 0) this.#byHash.set(entry.hash, left)
      else this.#byHash.delete(entry.hash)
    }
  }

  #make(hash: number, type: RouteType, metric: number, nextHops: NextHopWords): Entry {
    const id = this.#free.pop() ?? this.#entries.length
    const words = nextHops.words.slice(0, nextHops.count * WORDS_PER_NEXT_HOP)
    const entry = { id, hash, words, target: { type, metric, nextHops: nextHops.toNextHops() } }
    this.#entries[id] = entry
    this.#byHash.set(hash, [...(this.#byHash.get(hash) ?? []), entry])
    return entry
  }
}

const TYPE_SEED: Readonly<Record<RouteType, number>> = { unicast: 1, blackhole: 2, other: 3 }

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
