import { type Address, type Family, parseAddress } from '../../routing/ip/address.ts'
import { parsePrefix } from '../../routing/ip/prefix.ts'
import type { EndpointSlice, Namespace, Node, Secret, Service } from '../objects/core-kinds.ts'
import type { RoutingObject } from '../objects/parse.ts'
import { groupBy } from './group-by.ts'
import { onceEach } from './once-each.ts'
import type { ClusterSnapshot, NodeView, ServiceView, Serving } from './snapshot.ts'

const EXCLUDE_LABEL = 'node.kubernetes.io/exclude-from-external-load-balancers'
const SERVICE_LABEL = 'kubernetes.io/service-name'
const NAMESPACE_LABEL = 'kubernetes.io/metadata.name'

/** What the objects say, as plain facts. `namespace` is routelet's own: only its Secrets count. */
export function snapshotOf(objects: Iterable<RoutingObject>, namespace: string): ClusterSnapshot {
  const by = groupByKind(objects)
  const slices = groupBy(by('EndpointSlice'), sliceOwner)
  const namespaces = new Map(by('Namespace').map((one) => [one.metadata.name, one]))
  const routingConfig = by('RoutingConfig')[0]
  return {
    ...(routingConfig && { routingConfig }),
    peers: oldestFirst(by('BGPPeer')),
    advertisements: oldestFirst(by('BGPAdvertisement')),
    policies: oldestFirst(by('RoutePolicy')),
    pools: oldestFirst(by('IPAddressPool')),
    nodes: new Map(by('Node').map((node) => [node.metadata.name, nodeView(node)])),
    services: by('Service')
      .map((service) => serviceView(service, slices.get(fullName(service)) ?? [], namespaces))
      .toSorted((a, b) => compareText(a.name, b.name)),
    secrets: new Map(
      by('Secret')
        .filter((secret) => (secret.metadata.namespace ?? namespace) === namespace)
        .map((secret) => [secret.metadata.name, secretTexts(secret)]),
    ),
    apiServerAddresses: apiServerAddresses(by('Service'), slices),
  }
}

type OfKind<K extends RoutingObject['kind']> = Extract<RoutingObject, { readonly kind: K }>

function groupByKind(objects: Iterable<RoutingObject>) {
  const groups = groupBy(objects, (object) => object.kind)
  return <K extends RoutingObject['kind']>(kind: K) =>
    (groups.get(kind) ?? []).filter((object): object is OfKind<K> => object.kind === kind)
}

interface Aged {
  readonly metadata: { readonly name: string; readonly creationTimestamp?: string }
}

/** By age, then by name: the order in which objects that contradict each other win, the same on every node. */
export function oldestFirst<T extends Aged>(objects: readonly T[]): T[] {
  return objects.toSorted(
    (a, b) =>
      compareText(a.metadata.creationTimestamp ?? '', b.metadata.creationTimestamp ?? '') ||
      compareText(a.metadata.name, b.metadata.name),
  )
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

const nodeView = onceEach(({ metadata, spec, status }: Node): NodeView => {
  const podCidrs = spec.podCIDRs.length > 0 ? spec.podCIDRs : spec.podCIDR === undefined ? [] : [spec.podCIDR]
  const condition = (type: string) => status.conditions.find((one) => one.type === type)?.status
  return {
    name: metadata.name,
    labels: metadata.labels,
    annotations: metadata.annotations,
    podPrefixes: podCidrs.map(parsePrefix).filter(isGiven),
    internalAddresses: status.addresses
      .filter(({ type }) => type === 'InternalIP')
      .map(({ address }) => parseAddress(address))
      .filter(isGiven),
    ready: (condition('Ready') ?? 'True') === 'True',
    networkUnavailable: condition('NetworkUnavailable') === 'True',
    excluded: Object.hasOwn(metadata.labels, EXCLUDE_LABEL),
  }
})

function serviceView(
  service: Service,
  slices: readonly EndpointSlice[],
  namespaces: ReadonlyMap<string, Namespace>,
): ServiceView {
  const namespace = namespaceOf(service)
  return {
    ...serviceAlone(service),
    namespaceLabels: { ...namespaces.get(namespace)?.metadata.labels, [NAMESPACE_LABEL]: namespace },
    serving: { 4: serving(slices, 'IPv4'), 6: serving(slices, 'IPv6') } satisfies Record<Family, Serving>,
  }
}

const serviceAlone = onceEach((service: Service) => {
  const { metadata, spec, status } = service
  return {
    name: fullName(service),
    labels: metadata.labels,
    isLoadBalancer: spec.type === 'LoadBalancer',
    ...(spec.loadBalancerClass !== undefined && { loadBalancerClass: spec.loadBalancerClass }),
    // With ipMode Proxy the address is that of a proxy elsewhere, and the nodes do not answer for it.
    addresses: status.loadBalancer.ingress
      .filter(({ ipMode }) => ipMode !== 'Proxy')
      .map(({ ip }) => (ip === undefined ? undefined : parseAddress(ip)))
      .filter(isGiven),
    externalAddresses: spec.externalIPs.map(parseAddress).filter(isGiven),
    // Headless Services say `None`.
    clusterAddresses: spec.clusterIPs.map(parseAddress).filter(isGiven),
    externalTrafficPolicy: spec.externalTrafficPolicy,
    internalTrafficPolicy: spec.internalTrafficPolicy,
  }
})

function serving(slices: readonly EndpointSlice[], addressType: string): Serving {
  const parts = slices.filter((slice) => slice.addressType === addressType).map(servingIn)
  if (parts.length === 1 && parts[0] !== undefined) return parts[0]
  return { anywhere: parts.some(({ anywhere }) => anywhere), on: new Set(parts.flatMap(({ on }) => [...on])) }
}

/** One endpoint that does not serve never hides another with the same address that does. */
const servingIn = onceEach(({ endpoints }: EndpointSlice): Serving => {
  const able = endpoints.filter(({ conditions }) => conditions.ready !== false || conditions.serving === true)
  return { anywhere: able.length > 0, on: new Set(able.map(({ nodeName }) => nodeName).filter(isGiven)) }
})

/** Endpoints of the API server carry no label of their Service before 1.21, but have always had its name. */
function apiServerAddresses(
  services: readonly Service[],
  slices: ReadonlyMap<string, readonly EndpointSlice[]>,
): Address[] {
  const own = services.filter((service) => fullName(service) === 'default/kubernetes')
  const endpoints = (slices.get('default/kubernetes') ?? []).flatMap((slice) => slice.endpoints)
  const texts = [...own.flatMap(({ spec }) => spec.clusterIPs), ...endpoints.flatMap(({ addresses }) => addresses)]
  return texts.map(parseAddress).filter(isGiven)
}

function sliceOwner(slice: EndpointSlice): string {
  const { namespace = 'default', name, labels } = slice.metadata
  return `${namespace}/${labels[SERVICE_LABEL] ?? name}`
}

function fullName(service: Service): string {
  return `${namespaceOf(service)}/${service.metadata.name}`
}

function namespaceOf({ metadata }: Service): string {
  return metadata.namespace ?? 'default'
}

function secretTexts({ data, stringData }: Secret): Map<string, string> {
  const decoded = Object.entries(data).map(([key, value]) => [key, Buffer.from(value, 'base64').toString()] as const)
  return new Map([...decoded, ...Object.entries(stringData)])
}

function isGiven<T>(value: T | undefined): value is T {
  return value !== undefined
}
