import type { Policy, PolicyRule } from '../../bgp/contract.ts'
import { address } from '../../routing/ip/address.ts'
import { maxLength, prefix, prefixWords } from '../../routing/ip/prefix.ts'
import type { RoutePolicy } from '../kinds/route-policy.ts'
import { type CommunityNames, communityNames, resolveCommunities } from './communities.ts'
import type { Context, Report } from './viewpoint.ts'

/** Accepts and passes on everything: between nodes of different AS, which trust each other all the same. */
export const ACCEPT_ALL = 'routelet/accept-all'
/** Passes on our own routes only: what RFC 8212 leaves of an external peer without export policy. */
export const OWN_ROUTES_ONLY = 'routelet/own-routes-only'

const builtIn: readonly Policy[] = [
  { name: ACCEPT_ALL, rules: [], defaultAction: 'accept' },
  {
    name: OWN_ROUTES_ONLY,
    rules: [{ name: 'own-routes', match: { source: 'local' }, set: {}, action: 'accept' }],
    defaultAction: 'reject',
  },
]

/**
 * The policies of the speaker. One with a community name that stands for nothing is left out, as if it did not exist:
 * without that condition it could accept what it was written to keep out. Names of ours hold a slash, which no
 * object's name can.
 */
export function policies({ cluster, config, report }: Context): Policy[] {
  const names = communityNames(config)
  return [...builtIn, ...cluster.policies.flatMap((policy) => policyOf(policy, names, report) ?? [])]
}

function policyOf(policy: RoutePolicy, names: CommunityNames, report: Report): Policy | undefined {
  const { rules, defaultAction } = policy.spec
  const object = `RoutePolicy ${policy.metadata.name}`
  let complete = true
  const converted = rules.map((rule, i) =>
    ruleOf(rule, (texts, path) => {
      const { communities, unknown } = resolveCommunities(texts, names)
      for (const { index, name } of unknown) {
        complete = false
        const message = `no community or alias is named ${name}; peers that name this policy are held down`
        report({ kind: 'Pending', object, path: `spec.rules[${i}].${path}[${index}]`, message })
      }
      return communities
    }),
  )
  if (!complete) return undefined
  return { name: policy.metadata.name, rules: converted, defaultAction: lower(defaultAction) }
}

type Rule = RoutePolicy['spec']['rules'][number]
type Resolve = (texts: readonly string[], path: string) => readonly string[]

function ruleOf(rule: Rule, resolve: Resolve): PolicyRule {
  return {
    name: rule.name,
    match: matchOf(rule.match, resolve),
    set: setOf(rule.set, resolve),
    action: lower(rule.action),
  }
}

function matchOf(match: Rule['match'], resolve: Resolve): PolicyRule['match'] {
  const { families, prefixes, communities, asPath, nextHops, source } = match
  return {
    ...(families && { families }),
    ...(prefixes && { prefixes: prefixes.map(prefixMatch) }),
    ...(communities && {
      communities: {
        ...(communities.any && { any: resolve(communities.any, 'match.communities.any') }),
        ...(communities.all && { all: resolve(communities.all, 'match.communities.all') }),
        ...(communities.none && { none: resolve(communities.none, 'match.communities.none') }),
      },
    }),
    ...(asPath && { asPath }),
    ...(nextHops && { nextHops: nextHops.map(prefix) }),
    ...(source !== 'Any' && { source: lower(source) }),
  }
}

type PrefixMatch = NonNullable<Rule['match']['prefixes']>[number]

/** Without lengths the prefix itself; a shortest length alone means anything longer too. */
function prefixMatch(match: PrefixMatch) {
  const inside = prefix(match.prefix)
  const { family, length } = prefixWords(inside)
  const longest = match.minLength === undefined ? length : maxLength(family)
  return { prefix: inside, minLength: match.minLength ?? length, maxLength: match.maxLength ?? longest }
}

function setOf(set: Rule['set'], resolve: Resolve): PolicyRule['set'] {
  const { localPref, med, addCommunities, removeCommunities, prepend, nextHop, kernelMetric } = set
  return {
    ...(localPref !== undefined && { localPref }),
    ...(med !== undefined && { med }),
    ...(addCommunities && { addCommunities: resolve(addCommunities, 'set.addCommunities') }),
    ...(removeCommunities && { removeCommunities: resolve(removeCommunities, 'set.removeCommunities') }),
    ...(prepend && { prepend }),
    ...(nextHop !== undefined && { nextHop: nextHop === 'Self' ? 'self' : address(nextHop) }),
    ...(kernelMetric !== undefined && { kernelMetric }),
  }
}

export function lower<T extends string>(word: T): Lowercase<T> {
  // TypeScript knows the type of the word, but not that of the method's result.
  return word.toLowerCase() as Lowercase<T>
}
