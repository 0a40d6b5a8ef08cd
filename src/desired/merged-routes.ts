import type { OriginatedRoute } from '../../bgp/contract.ts'
import type { Prefix } from '../../routing/ip/prefix.ts'
import { groupBy } from './group-by.ts'
import type { Offer } from './offer.ts'
import type { Report } from './viewpoint.ts'

/**
 * One route per prefix out of what several advertisements offer: communities unite; where attributes contradict each
 * other the older advertisement holds and the newer one is reported. `offers` come with the older advertisement first.
 */
export function mergedRoutes(offers: readonly Offer[], peers: readonly string[], report: Report): OriginatedRoute[] {
  const byPrefix = groupBy(offers, ({ prefix }) => prefix)
  return [...byPrefix]
    .map(([prefix, offered]) => mergedRoute(prefix, offered, peers, report))
    .toSorted((a, b) => (a.prefix < b.prefix ? -1 : 1))
}

function mergedRoute(
  prefix: Prefix,
  offered: readonly Offer[],
  peers: readonly string[],
  report: Report,
): OriginatedRoute {
  const communities = new Set(offered.flatMap(({ advertisement }) => advertisement?.communities ?? []))
  const chosen = (field: Contradictable) => oldest(field, prefix, offered, peers, report)
  const localPref = chosen('localPref')
  const med = chosen('med')
  const prepend = chosen('asPathPrepend')
  return {
    prefix,
    because: [...new Set(offered.map(({ because }) => because))].join(', '),
    communities: [...communities].toSorted(),
    ...(localPref !== undefined && { localPref }),
    ...(med !== undefined && { med }),
    ...(prepend !== undefined && prepend > 0 && { prepend }),
  }
}

type Contradictable = 'localPref' | 'med' | 'asPathPrepend'

function oldest(
  field: Contradictable,
  prefix: Prefix,
  offered: readonly Offer[],
  peers: readonly string[],
  report: Report,
): number | undefined {
  const given = offered.flatMap(({ advertisement }) => {
    const value = advertisement?.object.spec.attributes[field]
    return advertisement === undefined || value === undefined ? [] : [{ name: advertisement.name, value }]
  })
  const [first, ...others] = given
  for (const { name, value } of others) {
    if (first === undefined || value === first.value) continue
    report({
      kind: 'Invalid',
      object: `BGPAdvertisement ${name}`,
      path: `spec.attributes.${field}`,
      message:
        `${value} contradicts the ${first.value} of the older BGPAdvertisement ${first.name}, which holds, ` +
        `for ${prefix} to ${listed(peers)}`,
    })
  }
  return first?.value
}

function listed(names: readonly string[]): string {
  return names.length <= 3 ? names.join(', ') : `${names.slice(0, 3).join(', ')} and ${names.length - 3} more`
}
