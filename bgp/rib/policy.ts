import { type Address, familyOf } from '../../routing/ip/address.ts'
import { contains, hostPrefix, type PrefixWords, parsePrefixWords, prefixWords } from '../../routing/ip/prefix.ts'
import type { Policy, PolicyRule } from '../contract.ts'
import { joinSequences } from '../wire/attributes/as-path.ts'
import { canonicalCommunity } from '../wire/attributes/community-text.ts'
import { asPathLength, type PathAttributes } from '../wire/attributes/record.ts'
import type { FamilyRow } from '../wire/families.ts'
import { SegmentType } from '../wire/iana.ts'
import { obeySignals } from './signals.ts'

/** Where a route came from, for `match.source`. */
export type RouteSource = 'local' | 'internal' | 'external'

export interface PolicyResult {
  readonly accept: boolean
  /** The record as the rules left it: the very same object when none changed it. */
  readonly attributes: PathAttributes
  /** The accepting rule has `prefixes`, so it named this route. */
  readonly named: boolean
  readonly nextHopSelf: boolean
  readonly kernelMetric: number | undefined
  /** `from-tor/default-route-only`, or the default that decided. */
  readonly decidedBy: string
}

/** Compiled, ordered policies of one peer and direction; see `Policy` in the contract for what they mean. */
export class PolicyChain {
  readonly #rules: readonly CompiledRule[]
  readonly #accept: boolean
  readonly #lastName: string
  /** No rule looks at the prefix, so the result depends on the attribute set alone. */
  readonly prefixIndependent: boolean

  /** Every route passes as it is, but for the signals it may carry. */
  readonly changesNothing: boolean

  readonly #obeysSignals: boolean

  /** `imports`: what external peers ask for by communities is done after the rules (see `obeySignals`). */
  constructor(policies: readonly Policy[], { imports = false } = {}) {
    this.#obeysSignals = imports
    this.#rules = policies.flatMap((policy) => policy.rules.map((rule) => compile(policy, rule)))
    const last = policies.at(-1)
    this.#accept = last?.defaultAction === 'accept'
    this.#lastName = last?.name ?? 'none'
    this.changesNothing = this.#accept && this.#rules.length === 0
    this.prefixIndependent = this.#rules.every(({ prefixes }) => prefixes === undefined)
  }

  /** `prefix` may be undefined when the chain is `prefixIndependent`. */
  evaluate(
    attributes: PathAttributes,
    family: FamilyRow,
    prefix: PrefixWords | undefined,
    source: RouteSource,
  ): PolicyResult {
    let current = attributes
    let nextHopSelf = false
    let kernelMetric: number | undefined
    for (const compiled of this.#rules) {
      const { rule, name } = compiled
      if (!matches(compiled, current, family, prefix, source)) continue
      if (rule.action === 'reject') return verdict(false, current, false, nextHopSelf, kernelMetric, name)
      current = apply(rule.set, current, family)
      nextHopSelf ||= rule.set.nextHop === 'self'
      kernelMetric = rule.set.kernelMetric ?? kernelMetric
      if (rule.action === 'accept') {
        const result = this.#obey(current, source)
        return verdict(true, result, compiled.prefixes !== undefined, nextHopSelf, kernelMetric, name)
      }
    }
    const result = this.#accept ? this.#obey(current, source) : current
    return verdict(this.#accept, result, false, nextHopSelf, kernelMetric, `${this.#lastName}/default`)
  }

  #obey(attributes: PathAttributes, source: RouteSource): PathAttributes {
    return this.#obeysSignals && source === 'external' ? obeySignals(attributes) : attributes
  }
}

interface CompiledRule {
  readonly name: string
  readonly rule: PolicyRule
  readonly prefixes:
    | readonly { readonly words: PrefixWords; readonly minLength: number; readonly maxLength: number }[]
    | undefined
  readonly nextHops: readonly PrefixWords[] | undefined
  readonly communities: PolicyRule['match']['communities']
}

function compile(policy: Policy, rule: PolicyRule): CompiledRule {
  const { prefixes, nextHops, communities } = rule.match
  return {
    name: `${policy.name}/${rule.name}`,
    rule,
    prefixes: prefixes?.map(({ prefix, ...lengths }) => ({ words: prefixWords(prefix), ...lengths })),
    nextHops: nextHops?.map(prefixWords),
    communities: communities && {
      ...(communities.any && { any: canonical(communities.any) }),
      ...(communities.all && { all: canonical(communities.all) }),
      ...(communities.none && { none: canonical(communities.none) }),
    },
  }
}

function matches(
  { rule, prefixes, nextHops, communities }: CompiledRule,
  attributes: PathAttributes,
  family: FamilyRow,
  prefix: PrefixWords | undefined,
  source: RouteSource,
): boolean {
  const { families, asPath, source: wantedSource = 'any' } = rule.match
  if (families && !families.includes(family.name)) return false
  if (wantedSource !== 'any' && wantedSource !== source) return false
  if (prefixes && !prefixes.some((entry) => prefix !== undefined && matchesPrefix(entry, prefix))) return false
  if (communities && !matchesCommunities(communities, attributes.communities)) return false
  if (asPath && !matchesPath(asPath, attributes)) return false
  return !nextHops || matchesNextHop(nextHops, attributes.nextHop)
}

function matchesPrefix(
  entry: { readonly words: PrefixWords; readonly minLength: number; readonly maxLength: number },
  prefix: PrefixWords,
): boolean {
  return contains(entry.words, prefix) && prefix.length >= entry.minLength && prefix.length <= entry.maxLength
}

function matchesCommunities(
  wanted: NonNullable<PolicyRule['match']['communities']>,
  present: readonly string[],
): boolean {
  if (wanted.any && !wanted.any.some((text) => present.includes(text))) return false
  if (wanted.all && !wanted.all.every((text) => present.includes(text))) return false
  return !wanted.none?.some((text) => present.includes(text))
}

function matchesPath(wanted: NonNullable<PolicyRule['match']['asPath']>, attributes: PathAttributes): boolean {
  const asns = attributes.asPath.flatMap((segment) => segment.asns)
  if (wanted.contains && wanted.contains.length > 0 && !wanted.contains.some((asn) => asns.includes(asn))) return false
  if (wanted.originates && wanted.originates.length > 0) {
    const originator = asns.at(-1)
    if (originator === undefined || !wanted.originates.includes(originator)) return false
  }
  return wanted.maxLength === undefined || asPathLength(attributes) <= wanted.maxLength
}

function matchesNextHop(wanted: readonly PrefixWords[], nextHop: Address | undefined): boolean {
  if (nextHop === undefined) return false
  const words = parsePrefixWords(hostPrefix(nextHop))!
  return wanted.some((prefix) => prefix.family === familyOf(nextHop) && contains(prefix, words))
}

function apply(set: PolicyRule['set'], attributes: PathAttributes, { family }: FamilyRow): PathAttributes {
  let next = attributes
  if (set.localPref !== undefined) next = { ...next, localPref: set.localPref }
  if (set.med !== undefined) next = { ...next, med: set.med }
  const removed = canonical(set.removeCommunities ?? [])
  const added = canonical(set.addCommunities ?? [])
  if (removed.length + added.length > 0) {
    const kept = next.communities.filter((text) => !removed.includes(text))
    next = { ...next, communities: [...kept, ...added.filter((text) => !kept.includes(text))] }
  }
  if (set.prepend) {
    const { asn, times } = set.prepend
    const lead = { type: SegmentType.Sequence, asns: Array<number>(times).fill(asn) }
    next = { ...next, asPath: joinSequences([lead, ...next.asPath]) }
  }
  // One policy may serve both families; an address of the other one cannot be a next hop (RFC 8950 is not spoken).
  if (set.nextHop !== undefined && set.nextHop !== 'self' && familyOf(set.nextHop) === family)
    next = { ...next, nextHop: set.nextHop }
  return next
}

function canonical(texts: readonly string[]): string[] {
  return texts.map((text) => canonicalCommunity(text) ?? text)
}

function verdict(
  accept: boolean,
  attributes: PathAttributes,
  named: boolean,
  nextHopSelf: boolean,
  kernelMetric: number | undefined,
  decidedBy: string,
): PolicyResult {
  return { accept, attributes, named, nextHopSelf, kernelMetric, decidedBy }
}
