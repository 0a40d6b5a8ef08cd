import {
  type Address,
  address,
  addressFromWords,
  familyOf,
  isLinkLocal,
  parseAddress,
} from '../../routing/ip/address.ts'
import type { Prefix } from '../../routing/ip/prefix.ts'
import type { Problem } from '../contract.ts'
import { MAX_ASN } from '../kinds/common.ts'
import type { RoutingConfig } from '../kinds/routing-config.ts'
import type { ClusterSnapshot, NodeView } from './snapshot.ts'

/** For whom the desired state is worked out. */
export interface Viewpoint {
  readonly role: 'agent' | 'reflector'
  readonly nodeName: string
  /** What the machine itself says; unknown until it has been asked. */
  readonly facts?: {
    readonly localSubnets: readonly Prefix[]
    readonly localAddresses: readonly Address[]
    readonly routers: ReadonlyMap<string, Address>
  }
  /** Addresses of the API server that are known from the connection to it. */
  readonly apiServerAddresses?: readonly Address[]
}

/** Ourselves, as the rest of the desired state needs us. */
export interface Self {
  readonly role: 'agent' | 'reflector'
  readonly name: string
  /** Absent for a reflector, and where there is no such Node. */
  readonly node?: NodeView
  readonly asn: number
  readonly bgpIdentifier: Address
  /** Every address known to be ours. */
  readonly addresses: ReadonlySet<Address>
  /** The address of each family that other nodes know us by: sessions run from it, next hops are made of it. */
  readonly sessionAddresses: readonly Address[]
  /** Name of a link → the router last heard on it; unknown to a reflector, which has no kernel. */
  readonly routers: ReadonlyMap<string, Address> | undefined
}

export type Report = (problem: Problem) => void

/** Everything the parts of the desired state are made from. */
export interface Context {
  readonly cluster: ClusterSnapshot
  readonly config: RoutingConfig
  readonly self: Self
  readonly report: Report
}

const ASN_ANNOTATION = 'routelet.io/asn'
const ROUTER_ID_ANNOTATION = 'routelet.io/router-id'

export function selfOf(cluster: ClusterSnapshot, config: RoutingConfig, viewpoint: Viewpoint, report: Report): Self {
  const { role, nodeName, facts } = viewpoint
  // A reflector may run on a node, but is another speaker than the agent there.
  const node = role === 'agent' ? cluster.nodes.get(nodeName) : undefined
  const local = facts?.localAddresses ?? []
  const sessionAddresses = firstOfEachFamily(node?.internalAddresses ?? local.filter(isReachable))
  if (role === 'agent' && node === undefined && cluster.nodes.size > 0)
    report({ kind: 'Pending', object: `Node ${nodeName}`, path: '', message: 'there is no such Node' })
  return {
    role,
    name: nodeName,
    ...(node && { node }),
    asn: asnOf(node, config, report),
    bgpIdentifier: bgpIdentifier(node, config, viewpoint, report),
    addresses: new Set([...(node?.internalAddresses ?? []), ...local]),
    sessionAddresses,
    routers: facts?.routers,
  }
}

function isReachable(address: Address): boolean {
  return !address.startsWith('127.') && address !== '::1' && !isLinkLocal(address)
}

/** The AS of a node: that of the cluster unless its annotation says another. */
export function asnOf(node: NodeView | undefined, config: RoutingConfig, report?: Report): number {
  const annotation = node?.annotations[ASN_ANNOTATION]
  if (node === undefined || annotation === undefined) return config.spec.asn
  const asn = /^\d{1,10}$/.test(annotation) ? Number(annotation) : 0
  if (asn >= 1 && asn <= MAX_ASN) return asn
  report?.(badAnnotation(node, ASN_ANNOTATION, `an AS number from 1 to ${MAX_ASN}`, annotation))
  return config.spec.asn
}

/** One address per family: nodes with several of a family are known by the first. */
export function firstOfEachFamily(addresses: readonly Address[]): Address[] {
  return [4, 6].flatMap((family) => addresses.find((one) => familyOf(one) === family) ?? [])
}

function bgpIdentifier(
  node: NodeView | undefined,
  config: RoutingConfig,
  { role, nodeName, facts }: Viewpoint,
  report: Report,
): Address {
  const annotation = node?.annotations[ROUTER_ID_ANNOTATION]
  if (node !== undefined && annotation !== undefined) {
    const given = parseAddress(annotation)
    if (given !== undefined && familyOf(given) === 4 && given !== '0.0.0.0') return given
    report(badAnnotation(node, ROUTER_ID_ANNOTATION, 'an IPv4 address other than 0.0.0.0', annotation))
  }
  // A reflector may share the address of the node it runs on with the agent there, but never the identifier.
  if (role === 'reflector') return hashedIdentifier(`reflector/${nodeName}`)
  if (config.spec.routerID.mode === 'Hash') return hashedIdentifier(nodeName)
  const addresses = node?.internalAddresses ?? facts?.localAddresses.filter(isReachable) ?? []
  const first = addresses.find((one) => familyOf(one) === 4)
  return first ?? hashedIdentifier(nodeName)
}

/** FNV-1a of the name, kept out of 0.0.0.0. */
function hashedIdentifier(name: string): Address {
  let hash = 0x811c9dc5
  for (const octet of Buffer.from(name)) hash = Math.imul(hash ^ octet, 0x01000193) >>> 0
  return hash === 0 ? address('0.0.0.1') : addressFromWords(4, hash)
}

function badAnnotation(node: NodeView, name: string, expected: string, came: string): Problem {
  const message = `expected ${expected}, got ${JSON.stringify(came)}`
  return { kind: 'Invalid', object: `Node ${node.name}`, path: `metadata.annotations[${name}]`, message }
}
