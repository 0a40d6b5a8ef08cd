import type { SilentReason } from '../contract.ts'

/** Why something is not announced by a node, in the words of the reference page; in the order they are looked for. */
export const silentReasons: Readonly<Record<SilentReason, string>> = {
  NotOurClass: 'The Service has a loadBalancerClass other than routelet.io/lb.',
  NoAddress: 'The Service has no load balancer address, or only addresses that the nodes do not answer for.',
  NoAdvertisement: 'No BGPAdvertisement in force selects it.',
  ExternalIPNotAllowed: 'The ExternalIP is in none of the `externalIPs` of the BGPAdvertisements that select it.',
  NodeNotSelected: 'The BGPAdvertisements that select it are for other nodes.',
  NoMatchingPeer: 'No peer of this node is told, or none that carries the address family.',
  NodeExcluded: 'The node is labelled node.kubernetes.io/exclude-from-external-load-balancers.',
  NodeNotReady: 'The condition Ready of the node is not True. Pod CIDRs are announced all the same.',
  NodeNetworkUnavailable: 'The condition NetworkUnavailable of the node is True.',
  NoLocalEndpoint:
    'externalTrafficPolicy is Local (of a ClusterIP: internalTrafficPolicy), and no endpoint on this node serves.',
  NoServingEndpoint: 'No endpoint of the address family serves anywhere.',
}
