import type { Address } from '../ip/address.ts'
import type { Groups } from './groups.ts'
import type { RouteType } from './kernel-target.ts'
import { MAX_WEIGHT, NextHopWords } from './next-hop-words.ts'
import type { TargetId, TargetTable } from './targets.ts'

/** A next hop as routing protocols give it. Arrays of these are best shared: the identical array is recognized at once. */
export interface NextHop {
  readonly nextHop: Address
  readonly weight: number
  /** For link-local next hops. */
  readonly interfaceName?: string
}

/** In place of next hops: a blackhole. */
export const DISCARD: readonly NextHop[] = []

export type Resolution =
  | {
      readonly resolvable: true
      /** 0: on a link of ours; else by how good a route it is reached. */
      readonly cost: number
      readonly interfaceIndex: number
      /** What to hand packets to: the next hop, or the gateway towards it. Absent: the link itself. */
      readonly gateway?: Address
    }
  | { readonly resolvable: false; readonly cost: number; readonly because: Unresolvable }

export type Unresolvable = 'NextHopUnreachable' | 'NextHopIsOwn' | 'InterfaceUnknown' | 'InterfaceDown'

export type Resolve = (nextHop: Address, interfaceName?: string) => Resolution

export interface IntentRules {
  readonly resolve: Resolve
  /** For routes that name none. */
  readonly metric: number
  readonly maxPaths: number
}

/** Small number of a wanted set of next hops with its metric; 0: none. */
export type IntentId = number

interface Intent {
  readonly id: IntentId
  readonly key: string
  readonly nextHops: readonly NextHop[]
  readonly metric: number | undefined
  target: TargetId
  because: Unresolvable | undefined
}

/** Where an intent leads with the links as they are. */
interface Lead {
  readonly type: RouteType
  readonly metric: number
  readonly nextHops: NextHopWords
}

/** What routes want, by number, and what that comes to with the links as they are now. */
export class Intents {
  #targets: TargetTable
  #groups: Groups
  #rules: IntentRules
  #intents: (Intent | undefined)[] = [undefined]
  #free: IntentId[] = []
  #byKey = new Map<string, Intent>()
  #byIdentity = new Map<number | undefined, WeakMap<readonly NextHop[], IntentId>>()

  constructor(targets: TargetTable, groups: Groups, rules: IntentRules) {
    this.#targets = targets
    this.#groups = groups
    this.#rules = rules
  }

  get size(): number {
    return this.#byKey.size
  }

  get end(): number {
    return this.#intents.length
  }

  intern(nextHops: readonly NextHop[], metric: number | undefined): IntentId {
    let known = this.#byIdentity.get(metric)
    if (known === undefined) {
      known = new WeakMap()
      this.#byIdentity.set(metric, known)
    }
    const id = known.get(nextHops)
    if (id !== undefined) return id
    const fresh = this.#internContent(nextHops, metric)
    known.set(nextHops, fresh)
    return fresh
  }

  /** 0: none of its next hops can be used now. */
  targetOf(id: IntentId): TargetId {
    return this.#intents[id]?.target ?? 0
  }

  nextHopsOf(id: IntentId): readonly NextHop[] {
    return this.#intents[id]?.nextHops ?? []
  }

  metricOf(id: IntentId): number {
    return this.#intents[id]?.metric ?? this.#rules.metric
  }

  /** Why it leads nowhere. */
  inactiveBecause(id: IntentId): Unresolvable | undefined {
    return this.#intents[id]?.because
  }

  /**
   * Works all out anew; true when any leads to another target than before. Where all intents of a target have moved to
   * the same place, the target moves with them.
   */
  resolveAll(rules: IntentRules): boolean {
    this.#rules = rules
    const leads = new Map<Intent, Lead | undefined>()
    for (const intent of this.#intents) if (intent !== undefined) leads.set(intent, this.#lead(intent))
    this.#moveTargets(leads)
    let changed = false
    for (const [intent, lead] of leads) {
      const before = intent.target
      intent.target = this.#targetFor(intent, lead)
      changed ||= intent.target !== before
    }
    return changed
  }

  /** Forgets those not marked in `used`. */
  sweep(used: Uint8Array): void {
    for (const intent of this.#intents) {
      if (intent === undefined || used[intent.id] !== 0) continue
      this.#intents[intent.id] = undefined
      this.#byKey.delete(intent.key)
      this.#free.push(intent.id)
    }
    // It may hold numbers that are free now.
    this.#byIdentity.clear()
  }

  #internContent(nextHops: readonly NextHop[], metric: number | undefined): IntentId {
    const hops = nextHops.map((each) => `${each.nextHop}%${each.interfaceName ?? ''}*${each.weight}`).sort()
    const key = `${metric ?? ''} ${hops.join(' ')}`
    const known = this.#byKey.get(key)
    if (known !== undefined) return known.id
    const id = this.#free.pop() ?? this.#intents.length
    const intent: Intent = { id, key, nextHops, metric, target: 0, because: undefined }
    intent.target = this.#targetFor(intent, this.#lead(intent))
    this.#intents[id] = intent
    this.#byKey.set(key, intent)
    return id
  }

  #moveTargets(leads: ReadonlyMap<Intent, Lead | undefined>): void {
    const places = new Map<TargetId, Lead | undefined>()
    for (const [{ target }, lead] of leads) {
      if (!this.#groups.isMovable(target)) continue
      if (!places.has(target)) places.set(target, lead)
      else if (!samePlace(places.get(target), lead)) places.set(target, undefined)
    }
    for (const [target, lead] of places) {
      if (lead?.type !== 'unicast' || lead.metric !== this.#targets.metricOf(target)) continue
      if (!this.#leadsTo(target, lead)) this.#groups.move(target, lead.nextHops)
    }
  }

  #targetFor({ target }: Intent, lead: Lead | undefined): TargetId {
    if (lead === undefined) return 0
    return this.#leadsTo(target, lead) ? target : this.#targets.intern(lead.type, lead.metric, lead.nextHops)
  }

  #leadsTo(target: TargetId, { type, metric, nextHops }: Lead): boolean {
    return this.#targets.leadsTo(target, type, metric, nextHops)
  }

  /** Undefined: nowhere, and `because` says why. */
  #lead(intent: Intent): Lead | undefined {
    const { resolve, maxPaths } = this.#rules
    const nextHops = new NextHopWords()
    const largest = Math.max(MAX_WEIGHT, ...intent.nextHops.map((each) => each.weight))
    intent.because = undefined
    for (const each of intent.nextHops) {
      if (nextHops.count === maxPaths) break
      const resolution = resolve(each.nextHop, each.interfaceName)
      if (resolution.resolvable) {
        const weight = Math.max(1, Math.round((each.weight * MAX_WEIGHT) / largest))
        nextHops.merge(resolution.interfaceIndex, weight, resolution.gateway)
      } else intent.because ??= resolution.because
    }
    nextHops.normalize()
    const discards = intent.nextHops.length === 0
    if (nextHops.count === 0 && !discards) return undefined
    const metric = intent.metric ?? this.#rules.metric
    return { type: discards ? 'blackhole' : 'unicast', metric, nextHops }
  }
}

function samePlace(a: Lead | undefined, b: Lead | undefined): boolean {
  if (a === undefined || b === undefined) return a === b
  return a.type === b.type && a.metric === b.metric && a.nextHops.equals(b.nextHops)
}
