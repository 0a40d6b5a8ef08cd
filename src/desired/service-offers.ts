import { type Address, familyOf } from '../../routing/ip/address.ts'
import { contains, hostPrefix, prefix as prefixOf, prefixWords } from '../../routing/ip/prefix.ts'
import type { SilentReason } from '../contract.ts'
import type { BGPAdvertisement } from '../kinds/bgp-advertisement.ts'
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
    const found = [...loadBalancerOffers(service, context, ofServices), ...otherOffers(service, context, ofServices)]
    offers.push(...found.flatMap((one) => one.offers))
    silences.push(...found.flatMap((one) => one.silences))
  }
  return { offers, silences }
}

type AddressKind = NonNullable<BGPAdvertisement['spec']['service']>['addresses'][number]

/** One address of a Service, and what decides who serves it. */
interface ServiceAddress {
  readonly service: ServiceView
  readonly kind: AddressKind
  readonly address: Address
  readonly policy: 'Cluster' | 'Local'
}

/** Every load balancer has a word on each of its addresses, or on having none. */
function loadBalancerOffers(
  service: ServiceView,
  context: Context,
  advertisements: readonly Advertisement[],
): readonly Offers[] {
  if (!service.isLoadBalancer) return []
  const reason = reasonWithoutAddress(service)
  if (reason !== undefined) return [{ offers: [], silences: [{ object: `Service ${service.name}`, reason }] }]
  return service.addresses.map((address) => {
    const what: ServiceAddress = { service, kind: 'LoadBalancerIP', address, policy: service.externalTrafficPolicy }
    const matching = advertisements.filter((one) => matches(one, what, context.cluster))
    return addressOffers(what, context, matching)
  })
}

/** External and cluster IPs, which every Service has, are spoken of where an advertisement asks for them. */
function otherOffers(service: ServiceView, context: Context, advertisements: readonly Advertisement[]): Offers[] {
  const all: readonly ServiceAddress[] = [
    ...service.externalAddresses.map(
      (address) => ({ service, kind: 'ExternalIP', address, policy: service.externalTrafficPolicy }) as const,
    ),
    ...service.clusterAddresses.map(
      (address) => ({ service, kind: 'ClusterIP', address, policy: service.internalTrafficPolicy }) as const,
    ),
  ]
  return all.flatMap((what) => {
    const matching = advertisements.filter((one) => matches(one, what, context.cluster))
    return matching.length === 0 ? [] : [addressOffers(what, context, matching)]
  })
}

function reasonWithoutAddress(service: ServiceView): SilentReason | undefined {
  if ((service.loadBalancerClass ?? LOAD_BALANCER_CLASS) !== LOAD_BALANCER_CLASS) return 'NotOurClass'
  return service.addresses.length === 0 ? 'NoAddress' : undefined
}

/** The offers of one address; when there are none, one silence: of the advertisement that came furthest. */
function addressOffers(what: ServiceAddress, context: Context, matching: readonly Advertisement[]): Offers {
  const { name } = what.service
  const object = `Service ${name}`
  const prefix = hostPrefix(what.address)
  const judged = matching.map((one) => ({ one, ...judge(one, what, context) }))
  const offers = judged
    .filter(({ reason }) => reason === undefined)
    .map(({ one, sessions }) => ({ prefix, object, because: `service ${name}`, advertisement: one, sessions }))
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

function matches({ object }: Advertisement, what: ServiceAddress, { pools }: ClusterSnapshot): boolean {
  const { service, kind, address } = what
  const { addresses = DEFAULT_KINDS, selector, namespaceSelector, pools: named = [] } = object.spec.service ?? {}
  const isInPool = () => pools.some((pool) => named.includes(pool.metadata.name) && poolHolds(pool, address))
  return (
    addresses.includes(kind) &&
    selects(selector, service.labels) &&
    selects(namespaceSelector, service.namespaceLabels) &&
    (kind !== 'LoadBalancerIP' || named.length === 0 || isInPool())
  )
}

/** Of an advertisement that says nothing of Services. */
const DEFAULT_KINDS: readonly AddressKind[] = ['LoadBalancerIP']
const ORDER = Object.keys(silentReasons)

function judge(
  advertisement: Advertisement,
  what: ServiceAddress,
  context: Context,
): { readonly reason: SilentReason | undefined; readonly sessions: Advertisement['sessions'] } {
  const family = FAMILY_NAME[familyOf(what.address)]
  const sessions = advertisement.sessions.filter(({ config }) => config.families.includes(family))
  const reason = !isAllowed(advertisement, what)
    ? 'ExternalIPNotAllowed'
    : !advertisement.selectsUs
      ? 'NodeNotSelected'
      : sessions.length === 0
        ? 'NoMatchingPeer'
        : (nodeReason(context) ?? endpointReason(advertisement, what, context))
  return { reason, sessions }
}

/** Whoever may write a Service gives it external IPs, of others too. */
function isAllowed({ object }: Advertisement, { kind, address }: ServiceAddress): boolean {
  if (kind !== 'ExternalIP') return true
  const words = prefixWords(hostPrefix(address))
  return (object.spec.service?.externalIPs ?? []).some((allowed) => contains(prefixWords(prefixOf(allowed)), words))
}

/** A cordoned node goes on announcing: cordon says nothing about traffic. */
function nodeReason({ self }: Context): SilentReason | undefined {
  if (self.node?.excluded) return 'NodeExcluded'
  if (self.node?.ready === false) return 'NodeNotReady'
  return self.node?.networkUnavailable ? 'NodeNetworkUnavailable' : undefined
}

function endpointReason(
  { object }: Advertisement,
  { service, address, policy }: ServiceAddress,
  { self }: Context,
): SilentReason | undefined {
  const serving = service.serving[familyOf(address)]
  if (!serving.anywhere) return object.spec.service?.announceWithoutEndpoints ? undefined : 'NoServingEndpoint'
  if (policy === 'Cluster' || serving.on.has(self.name)) return undefined
  return 'NoLocalEndpoint'
}
