import type { ClusterSnapshot } from '../../src/desired/snapshot.ts'
import { snapshotOf } from '../../src/desired/snapshot-of.ts'
import { parseObject, type RoutingObject } from '../../src/objects/parse.ts'

/** Objects for tests: written short, read by the parser of the program. */

export const NAMESPACE = 'routelet-system'

interface Meta {
  readonly labels?: Readonly<Record<string, string>>
  readonly annotations?: Readonly<Record<string, string>>
  /** Smaller is older. */
  readonly age?: number
}

export function ours(kind: string, name: string, spec: object, meta: Meta = {}): object {
  return { apiVersion: 'routelet.io/v1alpha1', kind, metadata: metadata(name, meta), spec }
}

export const config = (spec: object = {}) => ours('RoutingConfig', 'default', { asn: 64512, ...spec })
export const peer = (name: string, spec: object = {}, meta: Meta = {}) => {
  const where = ['address', 'listenRange', 'peerNodeSelector'].some((field) => field in spec)
  return ours('BGPPeer', name, { ...(!where && { address: '192.0.2.1' }), peerASN: 65000, ...spec }, meta)
}
export const advertisement = (name: string, spec: object = {}, meta: Meta = {}) =>
  ours('BGPAdvertisement', name, { type: 'Service', ...spec }, meta)
export const policy = (name: string, spec: object = {}) => ours('RoutePolicy', name, spec)
export const pool = (name: string, ...addresses: string[]) => ours('IPAddressPool', name, { addresses })

export interface NodeFacts extends Meta {
  readonly addresses?: readonly string[]
  readonly podCIDRs?: readonly string[]
  readonly conditions?: Readonly<Record<string, string>>
}

/** Node `n7` has the address 10.0.0.7 and the pods 10.1.7.0/24, unless it is said otherwise. */
export function node(name: string, facts: NodeFacts = {}): object {
  const number = Number(name.replace(/\D/g, '')) || 0
  const { addresses = [`10.0.0.${number}`], podCIDRs = [`10.1.${number}.0/24`], conditions = {} } = facts
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: metadata(name, facts),
    spec: { podCIDRs },
    status: {
      addresses: [
        { type: 'Hostname', address: name },
        ...addresses.map((address) => ({ type: 'InternalIP', address })),
      ],
      conditions: Object.entries(conditions).map(([type, status]) => ({ type, status })),
    },
  }
}

export interface ServiceFacts extends Meta {
  readonly type?: string
  readonly addresses?: readonly string[]
  readonly policy?: 'Cluster' | 'Local'
  readonly internalPolicy?: 'Cluster' | 'Local'
  readonly externalIPs?: readonly string[]
  readonly clusterIPs?: readonly string[]
  readonly class?: string
  readonly ingress?: readonly object[]
}

/** `shop/web`, with the address 203.0.113.1 unless it is said otherwise. */
export function service(fullName: string, facts: ServiceFacts = {}): object {
  const { type = 'LoadBalancer', addresses = ['203.0.113.1'], policy = 'Cluster', ingress } = facts
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: namespaced(fullName, facts),
    spec: {
      type,
      externalTrafficPolicy: policy,
      internalTrafficPolicy: facts.internalPolicy ?? 'Cluster',
      ...(facts.class !== undefined && { loadBalancerClass: facts.class }),
      ...(facts.externalIPs && { externalIPs: facts.externalIPs }),
      ...(facts.clusterIPs && { clusterIPs: facts.clusterIPs }),
    },
    status: { loadBalancer: { ingress: ingress ?? addresses.map((ip) => ({ ip })) } },
  }
}

/** Endpoints of a service: `n1` is ready there, `{ nodeName, ready, serving }` says more. */
export function endpoints(fullName: string, where: readonly (string | EndpointFacts)[], addressType = 'IPv4'): object {
  const { name, namespace } = namespaced(fullName, {})
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {
      name: `${name}-${addressType.toLowerCase()}`,
      namespace,
      labels: { 'kubernetes.io/service-name': name },
    },
    addressType,
    endpoints: where.map((one) => {
      if (typeof one === 'string') return { addresses: ['10.1.0.9'], nodeName: one, conditions: { ready: true } }
      const { nodeName, ...conditions } = one
      return { addresses: ['10.1.0.9'], ...(nodeName !== undefined && { nodeName }), conditions }
    }),
  }
}

export interface EndpointFacts {
  readonly nodeName?: string
  readonly ready?: boolean
  readonly serving?: boolean
  readonly terminating?: boolean
}

export function secret(name: string, stringData: Readonly<Record<string, string>>, namespace = NAMESPACE): object {
  return { apiVersion: 'v1', kind: 'Secret', metadata: { name, namespace }, stringData }
}

export function namespace(name: string, labels: Readonly<Record<string, string>>): object {
  return { apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } }
}

/** The objects as the program reads them; a bad one is a mistake of the test. */
export function parsed(...objects: readonly object[]): RoutingObject[] {
  return objects.map((raw) => {
    const result = parseObject(raw, { position: 'an object' })
    if (!result.ok) throw new TypeError(JSON.stringify(result.problems))
    return result.object
  })
}

export function cluster(...objects: readonly object[]): ClusterSnapshot {
  return snapshotOf(parsed(...objects), NAMESPACE)
}

/** What is wrong with an object. */
export function verdict(raw: unknown): readonly { readonly path: string; readonly message: string }[] {
  const result = parseObject(raw, { position: 'an object' })
  return result.ok ? [] : result.problems.map(({ path, message }) => ({ path, message }))
}

function metadata(name: string, { labels, annotations, age }: Meta): object {
  return {
    name,
    ...(labels && { labels }),
    ...(annotations && { annotations }),
    ...(age !== undefined && { creationTimestamp: new Date(Date.UTC(2030, 0, 1, 0, age)).toISOString() }),
  }
}

function namespaced(fullName: string, meta: Meta) {
  const [namespace = '', name = ''] = fullName.split('/')
  return { ...metadata(name, meta), name, namespace }
}
