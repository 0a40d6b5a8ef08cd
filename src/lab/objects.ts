import { CLUSTER_ASN, HOLD_SECONDS, type LabNode, NODES, REFLECTOR, SERVICE, TOR, TOR_ASN } from './plan.ts'

/** What the lab configures its routelets with: the very objects a cluster would have. */
export type LabObject = Readonly<Record<string, unknown>>

const TIMERS = { holdSeconds: HOLD_SECONDS, keepaliveSeconds: 1, connectRetrySeconds: 1 }

/** One folder for the nodes and the reflector, as one API server would serve them all. */
export function clusterObjects(): readonly LabObject[] {
  return [
    routingConfig({
      asn: CLUSTER_ASN,
      topology: { mode: 'Reflectors', reflectors: { addresses: [REFLECTOR.address] } },
    }),
    ...(['a', 'b'] as const).map(torPeer),
    ours('BGPAdvertisement', 'pods', { type: 'PodCIDR' }),
    ours('BGPAdvertisement', 'services', { type: 'Service', service: { addresses: ['LoadBalancerIP'] } }),
    acceptAll('from-tor'),
    ...NODES.map(clusterNode),
    ...service(),
  ]
}

/** The router is a routelet too: an agent that is no node of the cluster. */
export function torObjects(): readonly LabObject[] {
  return [
    routingConfig({ asn: TOR_ASN, topology: { mode: 'None' } }),
    ours('BGPPeer', 'nodes', {
      listenRange: TOR.nodesRange,
      peerASN: CLUSTER_ASN,
      timers: TIMERS,
      importPolicies: ['from-nodes'],
    }),
    acceptAll('from-nodes'),
    ours('BGPAdvertisement', 'clients', { type: 'Prefix', prefixes: [TOR.clientSubnet] }),
    coreNode('tor', TOR.racks.a, {}),
  ]
}

function routingConfig(spec: LabObject): LabObject {
  return ours('RoutingConfig', 'default', spec)
}

function torPeer(rack: 'a' | 'b'): LabObject {
  return ours('BGPPeer', `tor-${rack}`, {
    nodeSelectors: [{ matchLabels: { rack } }],
    address: TOR.racks[rack],
    peerASN: TOR_ASN,
    timers: TIMERS,
    importPolicies: ['from-tor'],
  })
}

function acceptAll(name: string): LabObject {
  return ours('RoutePolicy', name, { rules: [], defaultAction: 'Accept' })
}

function clusterNode({ name, address, podCidr, rack }: LabNode): LabObject {
  return coreNode(name, address, { podCIDRs: [podCidr] }, { rack })
}

function coreNode(name: string, address: string, spec: LabObject, labels: LabObject = {}): LabObject {
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name, labels },
    spec,
    status: { addresses: [{ type: 'InternalIP', address }], conditions: [{ type: 'Ready', status: 'True' }] },
  }
}

function service(): readonly LabObject[] {
  const metadata = { name: 'web', namespace: 'shop' }
  return [
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata,
      spec: { type: 'LoadBalancer', externalTrafficPolicy: 'Local', loadBalancerClass: 'routelet.io/lb' },
      status: { loadBalancer: { ingress: [{ ip: SERVICE.address }] } },
    },
    {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: { ...metadata, labels: { 'kubernetes.io/service-name': metadata.name } },
      addressType: 'IPv4',
      endpoints: NODES.filter((node) => node.serves).map((node) => ({
        addresses: [node.pod.address],
        nodeName: node.name,
        conditions: { ready: true, serving: true, terminating: false },
      })),
    },
  ]
}

function ours(kind: string, name: string, spec: LabObject): LabObject {
  return { apiVersion: 'routelet.io/v1alpha1', kind, metadata: { name }, spec }
}
