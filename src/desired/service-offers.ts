import { type Address, familyOf } from '../../routing/ip/address.ts'
import { hostPrefix } from '../../routing/ip/prefix.ts'
import type { SilentReason } from '../contract.ts'
import type { Advertisement, Offer, Offers, Silence } from './offer.ts'
import { poolHolds } from './pools.ts'
import { selects } from './selectors.ts'
import { FAMILY_NAME } from './session.ts'
import { silentReasons } from './silent-reasons.ts'
import type { ClusterSnapshot, ServiceView } from './snapshot.ts'
import type { Context } from './viewpoint.ts'

export const LOAD_BALANCER_CLASS = 'routelet.io/lb'

/** The service addresses this node announces, and for the others the first reason that stands in the way. */
export function serviceOffers(context: Context, advertisements: readonly Advertisement[]): Offers {
  const ofServices = advertisements.filter(({ object }) => object.spec.type === 'Service')
  const offers: Offer[] = []
  const silences: Silence[] = []
  for (const service of context.cluster.services) {
    if (!service.isLoadBalancer) continue
    const object = `Service ${service.name}`
    const withoutAddress = reasonWithoutAddress(service)
    if (withoutAddress !== undefined) {
      silences.push({ object, reason: withoutAddress })
      continue
    }
    for (const address of service.addresses) {
      const found = addressOffers(service, address, context, ofServices)
      offers.push(...found.offers)
      silences.push(...found.silences)
    }
  }
  return { offers, silences }
}

function reasonWithoutAddress(service: ServiceView): SilentReason | undefined {
  if ((service.loadBalancerClass ?? LOAD_BALANCER_CLASS) !== LOAD_BALANCER_CLASS) return 'NotOurClass'
  return service.addresses.length === 0 ? 'NoAddress' : undefined
}

/** The offers of one address; when there are none, one silence: of the advertisement that came furthest. */
function addressOffers(
  service: ServiceView,
  address: Address,
  context: Context,
  advertisements: readonly Advertisement[],
): Offers {
  const object = `Service ${service.name}`
  const prefix = hostPrefix(address)
  const matching = advertisements.filter((one) => matches(one, service, address, context.cluster))
  const judged = matching.map((one) => ({ one, ...judge(one, service, address, context) }))
  const offers = judged
    .filter(({ reason }) => reason === undefined)
    .map(({ one, sessions }) => ({
      prefix,
      object,
      because: `service ${service.name}`,
      advertisement: one,
      sessions,
    }))
  if (offers.length > 0) return { offers, silences: [] }

  const depth = ({ reason }: { readonly reason: SilentReason | undefined }) => ORDER.indexOf(reason ?? '')
  const furthest = judged.toSorted((a, b) => depth(b) - depth(a))[0]
  const silence: Silence = {
    prefix,
    object,
    ...(furthest && { advertisement: furthest.one.name }),
    reason: furthest?.reason ?? 'NoAdvertisement',
  }
  return { offers: [], silences: [silence] }
}

function matches(
  { object }: Advertisement,
  service: ServiceView,
  address: Address,
  { pools }: ClusterSnapshot,
): boolean {
  const { selector, namespaceSelector, pools: named = [] } = object.spec.service ?? {}
  return (
    selects(selector, service.labels) &&
    selects(namespaceSelector, service.namespaceLabels) &&
    (named.length === 0 || pools.some((pool) => named.includes(pool.metadata.name) && poolHolds(pool, address)))
  )
}

const ORDER = Object.keys(silentReasons)

function judge(
  advertisement: Advertisement,
  service: ServiceView,
  address: Address,
  context: Context,
): { readonly reason: SilentReason | undefined; readonly sessions: Advertisement['sessions'] } {
  const family = FAMILY_NAME[familyOf(address)]
  const sessions = advertisement.sessions.filter(({ config }) => config.families.includes(family))
  const reason = !advertisement.selectsUs
    ? 'NodeNotSelected'
    : sessions.length === 0
      ? 'NoMatchingPeer'
      : (nodeReason(context) ?? endpointReason(advertisement, service, address, context))
  return { reason, sessions }
}

/** A cordoned node goes on announcing: cordon says nothing about traffic. */
function nodeReason({ self }: Context): SilentReason | undefined {
  if (self.node?.excluded) return 'NodeExcluded'
  if (self.node?.ready === false) return 'NodeNotReady'
  return self.node?.networkUnavailable ? 'NodeNetworkUnavailable' : undefined
}

function endpointReason(
  { object }: Advertisement,
  service: ServiceView,
  address: Address,
  { self }: Context,
): SilentReason | undefined {
  const serving = service.serving[familyOf(address)]
  if (!serving.anywhere) return object.spec.service?.announceWithoutEndpoints ? undefined : 'NoServingEndpoint'
  if (service.trafficPolicy === 'Cluster' || serving.on.has(self.name)) return undefined
  return 'NoLocalEndpoint'
}
