import type { Address, Family } from '../../routing/ip/address.ts'
import type { Prefix } from '../../routing/ip/prefix.ts'
import type { BGPAdvertisement } from '../kinds/bgp-advertisement.ts'
import type { BGPPeer } from '../kinds/bgp-peer.ts'
import type { IPAddressPool } from '../kinds/ip-address-pool.ts'
import type { RoutePolicy } from '../kinds/route-policy.ts'
import type { RoutingConfig } from '../kinds/routing-config.ts'
import type { Labels } from './selectors.ts'

/** All that is known of the cluster, as plain facts. Our own kinds come as they are, the older of a kind first. */
export interface ClusterSnapshot {
  readonly routingConfig?: RoutingConfig
  readonly peers: readonly BGPPeer[]
  readonly advertisements: readonly BGPAdvertisement[]
  readonly policies: readonly RoutePolicy[]
  readonly pools: readonly IPAddressPool[]
  readonly nodes: ReadonlyMap<string, NodeView>
  readonly services: readonly ServiceView[]
  /** Secrets of our own namespace: name → key → text. */
  readonly secrets: ReadonlyMap<string, ReadonlyMap<string, string>>
  /** Where the API server answers: the addresses and endpoints of the Service `default/kubernetes`. */
  readonly apiServerAddresses: readonly Address[]
}

export interface NodeView {
  readonly name: string
  readonly labels: Labels
  readonly annotations: Labels
  readonly podPrefixes: readonly Prefix[]
  readonly internalAddresses: readonly Address[]
  /** False when the condition Ready is anything but True; a node without that condition counts as ready. */
  readonly ready: boolean
  readonly networkUnavailable: boolean
  /** Labelled `node.kubernetes.io/exclude-from-external-load-balancers`. */
  readonly excluded: boolean
}

export interface ServiceView {
  /** `shop/web`. */
  readonly name: string
  readonly labels: Labels
  /** With `kubernetes.io/metadata.name`, whether or not the Namespace itself is known. */
  readonly namespaceLabels: Labels
  readonly isLoadBalancer: boolean
  readonly loadBalancerClass?: string
  /** Load balancer addresses that the nodes themselves serve. */
  readonly addresses: readonly Address[]
  readonly externalAddresses: readonly Address[]
  readonly clusterAddresses: readonly Address[]
  readonly externalTrafficPolicy: 'Cluster' | 'Local'
  readonly internalTrafficPolicy: 'Cluster' | 'Local'
  readonly serving: Readonly<Record<Family, Serving>>
}

/** Where endpoints of one family serve: ready, or terminating and still serving. */
export interface Serving {
  readonly anywhere: boolean
  /** Nodes by name; an endpoint without one counts `anywhere` only. */
  readonly on: ReadonlySet<string>
}
