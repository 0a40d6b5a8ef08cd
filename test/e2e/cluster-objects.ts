import * as objects from '../fakes/objects.ts'

/** Objects of the cluster in namespaces. */

export const NODES_ASN = 64512
export const ROUTER_ASN = 65001
export const ADDRESS = { router: 9, api: 100 } as const
/** What the router tells the nodes. */
export const OUTSIDE = { 4: '20.1.0.0/24', 6: '2001:db8:20::/48' } as const
export const WITH_PASSWORD = { rack: 'locked' } as const

/** A new agent has so long; less than the patience of the tests, more than a start takes. */
const RESTART_SECONDS = 40

export function routingConfig({ gracefulRestart }: { readonly gracefulRestart: boolean }): object {
  return objects.config({
    asn: NODES_ASN,
    gracefulRestart: { enabled: gracefulRestart, restartSeconds: RESTART_SECONDS },
  })
}

/** Node `n7` has the addresses 10.60.0.7 and fd60::7, and the pods 10.61.7.0/24 and fd61:7::/64. */
export function node(number: number, labels: Readonly<Record<string, string>> = {}): object {
  return objects.node(`n${number}`, {
    labels,
    addresses: [`10.60.0.${number}`, `fd60::${number}`],
    podCIDRs: [podCIDR(number, 4), podCIDR(number, 6)],
    conditions: { Ready: 'True' },
  })
}

export function podCIDR(number: number, family: 4 | 6): string {
  return family === 4 ? `10.61.${number}.0/24` : `fd61:${number}::/64`
}

/** The address of a node or of the router. */
export function addressOf(number: number, family: 4 | 6): string {
  return family === 4 ? `10.60.0.${number}` : `fd60::${number}`
}

/** A BGPPeer for the router. */
export function routerPeer(name: string, more: object = {}): object {
  return objects.peer(name, {
    address: addressOf(ADDRESS.router, 4),
    peerASN: ROUTER_ASN,
    timers: { holdSeconds: 9, keepaliveSeconds: 3, connectRetrySeconds: 1 },
    importPolicies: ['from-router'],
    ...more,
  })
}

export function password(value: string): object {
  return objects.secret('router-password', { password: value })
}

/** All that stands in the API server before the first test. */
export function atFirst(secret: string): object[] {
  const plain = [{ matchExpressions: [{ key: 'rack', operator: 'DoesNotExist' }] }]
  return [
    objects.namespace('shop', {}),
    routingConfig({ gracefulRestart: true }),
    password(secret),
    objects.policy('from-router', {
      rules: [
        { name: 'v4', match: { prefixes: [{ prefix: OUTSIDE[4] }] }, action: 'Accept' },
        { name: 'v6', match: { prefixes: [{ prefix: OUTSIDE[6] }] }, action: 'Accept' },
      ],
      defaultAction: 'Reject',
    }),
    routerPeer('router', { nodeSelectors: plain }),
    routerPeer('router-locked', {
      nodeSelectors: [{ matchLabels: WITH_PASSWORD }],
      passwordSecretRef: { name: 'router-password', key: 'password' },
    }),
    objects.advertisement('pods', { type: 'PodCIDR' }),
    objects.advertisement('services'),
  ]
}

/** One endpoint of the service on each of these nodes. */
export function endpoints(name: string, nodes: readonly number[], family: 4 | 6 = 4): object {
  const names = nodes.map((number) => `n${number}`)
  const made = objects.endpoints(name, names, `IPv${family}`) as { readonly endpoints: readonly object[] }
  const addressed = made.endpoints.map((endpoint, i) => {
    return { ...endpoint, addresses: [podCIDR(nodes[i]!, family).replace(family === 4 ? '0/24' : '/64', '9')] }
  })
  return { ...made, endpoints: addressed }
}

/** A Service as the API server takes it. */
export function service(name: string, facts: objects.ServiceFacts): object {
  const made = objects.service(name, facts) as { readonly spec: object }
  return { ...made, spec: { ...made.spec, ports: [{ port: 80 }] } }
}
