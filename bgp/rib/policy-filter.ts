import type { Address } from '../../routing/ip/address.ts'
import { emptyPrefix, type PrefixId } from '../../routing/ip/prefix-table.ts'
import { type PathAttributes, readAttributes, writeAttributeRecord } from '../wire/attributes/record.ts'
import { type AttributesTable, MAX_SET_OCTETS, type SetId } from './attributes-table.ts'
import { SetFlag, type SetSource } from './fields.ts'
import type { PolicyChain, PolicyResult, RouteSource } from './policy.ts'
import type { Rib } from './rib.ts'

const NONE: SetId = 0
/** Sets with these are looked at even where a policy changes nothing (see `obeySignals`). */
const SIGNALS = SetFlag.GracefulShutdown | SetFlag.Blackhole

/** What a policy makes of a route. */
export interface Filtered {
  /** The set to use: the given one, or one derived from it. */
  readonly set: SetId
  readonly accept: boolean
  readonly named: boolean
}

/**
 * Applies a policy chain to attribute sets. Where the chain does not look at prefixes the result is kept per set, so a
 * policy costs once per distinct set, not per route.
 */
export class PolicyFilter {
  readonly #chain: PolicyChain
  readonly #rib: Rib
  readonly #sets: AttributesTable
  readonly #sourceOf: (slot: number) => SetSource
  readonly #self: Address | undefined
  readonly #kept = new Map<SetId, Filtered>()
  readonly #same = { set: NONE, accept: true, named: false }
  /** Derived sets by parent and result, so that equal results share one set. */
  readonly #derived = new Map<SetId, Map<string, SetId>>()
  readonly #forget: () => void

  /** `self`: what `nextHop: Self` stands for. */
  constructor(
    chain: PolicyChain,
    rib: Rib,
    sets: AttributesTable,
    sourceOf: (slot: number) => SetSource,
    self: Address | undefined,
  ) {
    this.#chain = chain
    this.#rib = rib
    this.#sets = sets
    this.#sourceOf = sourceOf
    this.#self = self
    this.#forget = sets.onRemove((id, parent) => {
      this.#kept.delete(id)
      this.#derived.delete(id)
      this.#kept.delete(parent)
      this.#derived.delete(parent)
    })
  }

  dispose(): void {
    this.#forget()
  }

  get prefixIndependent(): boolean {
    return this.#chain.prefixIndependent
  }

  /** The result is valid until the next call. Hot: once per route. */
  apply(prefix: PrefixId, set: SetId): Filtered {
    if (this.#chain.changesNothing && (this.#sets.flags[set]! & SIGNALS) === 0) {
      this.#same.set = set
      return this.#same
    }
    const kept = this.#kept.get(set)
    if (kept !== undefined) return kept
    const { result, attributes } = this.evaluate(prefix, set)
    const derived = result.accept ? this.#derive(set, attributes, result) : NONE
    const filtered = { set: derived === NONE ? set : derived, accept: derived !== NONE, named: result.named }
    if (this.#chain.prefixIndependent) this.#kept.set(set, filtered)
    return filtered
  }

  /** The policy's word in full, for explanations. */
  evaluate(prefix: PrefixId, set: SetId): { readonly result: PolicyResult; readonly attributes: PathAttributes } {
    const attributes = readAttributes(this.#sets.copyOf(set))
    const flags = this.#sets.flags[set]!
    const words = this.#chain.prefixIndependent
      ? undefined
      : this.#rib.prefixes.read(prefix, emptyPrefix(this.#rib.family.family))
    return { result: this.#chain.evaluate(attributes, this.#rib.family, words, sourceKind(flags)), attributes }
  }

  /** None when the attributes have grown longer than attributes can be. */
  #derive(set: SetId, before: PathAttributes, result: PolicyResult): SetId {
    const withSelf =
      result.nextHopSelf && this.#self ? { ...result.attributes, nextHop: this.#self } : result.attributes
    if (withSelf === before && result.kernelMetric === undefined) return set
    const octets = writeAttributeRecord(withSelf)
    if (octets.length > MAX_SET_OCTETS) return NONE
    const key = `${result.kernelMetric ?? ''}/${Buffer.from(octets).toString('latin1')}`
    const siblings = this.#derived.get(set) ?? new Map<string, SetId>()
    this.#derived.set(set, siblings)
    const known = siblings.get(key)
    if (known !== undefined) return known
    const source = this.#sourceOf(this.#sets.source[set]!)
    const derived = this.#sets.derive(
      set,
      source,
      octets,
      octets.length,
      result.kernelMetric ?? this.#sets.kernelMetricOf(set),
    )
    siblings.set(key, derived)
    return derived
  }
}

function sourceKind(flags: number): RouteSource {
  if ((flags & SetFlag.Local) !== 0) return 'local'
  return (flags & SetFlag.External) !== 0 ? 'external' : 'internal'
}
