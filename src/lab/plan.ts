/**
 * The rack of the lab.
 *
 *                client 10.99.9.10
 *                   │
 *                  tor  AS 65000, routes between the three subnets, ECMP
 *         ┌─────────┴──────────┐
 *   10.99.1.0/24          10.99.2.0/24
 *    │       │     │           │
 *  node-1  node-2  reflector  node-3      AS 64512: reflector clients; each node also peers with the tor
 *    │       │                 │
 *  pod-1   pod-2             pod-3        pod-1 and pod-3 serve the service address
 */
export interface LabNode {
  readonly name: string
  readonly rack: 'a' | 'b'
  readonly address: string
  readonly gateway: string
  readonly podCidr: string
  /** Node side of the link to its pod. */
  readonly podGateway: string
  readonly pod: { readonly name: string; readonly address: string }
  /** Has an endpoint of the service. */
  readonly serves: boolean
}

export const CLUSTER_ASN = 64512
export const TOR_ASN = 65000

export const TOR = {
  racks: { a: '10.99.1.1', b: '10.99.2.1' },
  client: '10.99.9.1',
  clientSubnet: '10.99.9.0/24',
  nodesRange: '10.99.0.0/16',
} as const

export const REFLECTOR = { name: 'reflector', rack: 'a', address: '10.99.1.9', gateway: TOR.racks.a } as const
export const CLIENT = { address: '10.99.9.10' } as const
export const SERVICE = { address: '192.0.2.10', port: 8080 } as const

/** Sessions notice a dead peer after this long: the shortest hold time RFC 4271 allows. */
export const HOLD_SECONDS = 3

export const NODES: readonly LabNode[] = [node(1, 'a', true), node(2, 'a', false), node(3, 'b', true)]

function node(number: number, rack: 'a' | 'b', serves: boolean): LabNode {
  const gateway = TOR.racks[rack]
  return {
    name: `node-${number}`,
    rack,
    address: `${gateway.slice(0, gateway.lastIndexOf('.'))}.${10 + number}`,
    gateway,
    podCidr: `10.244.${number}.0/24`,
    podGateway: `10.244.${number}.1`,
    pod: { name: `pod-${number}`, address: `10.244.${number}.10` },
    serves,
  }
}
