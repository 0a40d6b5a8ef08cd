import type { PeerConfig, PeerOptions, Role } from '../../bgp/contract.ts'
import { address, familyOf } from '../../routing/ip/address.ts'
import { prefix } from '../../routing/ip/prefix.ts'
import type { BGPPeer } from '../kinds/bgp-peer.ts'
import { lower, OWN_ROUTES_ONLY } from './policies.ts'
import { anySelects, selects } from './selectors.ts'
import { commonAddresses, familiesOf, passwordOf, type Session } from './session.ts'
import type { Context } from './viewpoint.ts'

/** Most sessions of one listen range: a bound for accidents, not a size to plan with. */
const LISTEN_RANGE_LIMIT = 8192

/** The sessions that the BGPPeers ask of us. `knownPolicies` are those that can be used. */
export function peerObjectSessions(context: Context, knownPolicies: ReadonlySet<string>): Session[] {
  return context.cluster.peers
    .filter((peer) => concernsUs(peer, context))
    .flatMap((peer) => sessionsOf(peer, context, knownPolicies))
}

/** Links on which a BGPPeer of ours waits for its router. */
export function unnumberedLinks(context: Context): string[] {
  const ours = context.cluster.peers.filter((peer) => concernsUs(peer, context) && !peer.spec.shutdown.enabled)
  return ours.flatMap(({ spec }) => spec.interface ?? [])
}

/**
 * A reflector is no node. Where there are Nodes its peers are the nodes, and BGPPeers are theirs; away from any
 * cluster the BGPPeers are all it has.
 */
function concernsUs({ spec }: BGPPeer, { cluster, self }: Context): boolean {
  if (self.role === 'reflector') return cluster.nodes.size === 0 && spec.nodeSelectors.length === 0
  return anySelects(spec.nodeSelectors, self.node?.labels ?? {})
}

function sessionsOf(peer: BGPPeer, context: Context, knownPolicies: ReadonlySet<string>): Session[] {
  const { spec, metadata } = peer
  const peerField = spec.address
    ? 'address'
    : spec.interface
      ? 'interface'
      : spec.listenRange
        ? 'listenRange'
        : 'peerNodeSelector'
  const source = { name: metadata.name, labels: metadata.labels, path: `spec.${peerField}` }
  const { heldDown, ...options } = peerOptions(peer, context, knownPolicies)

  if (spec.listenRange !== undefined) {
    // A range has nobody to keep waiting: until it can be used there is none.
    if (heldDown !== undefined || spec.shutdown.enabled) return []
    const range = prefix(spec.listenRange)
    const config = { ...options, name: metadata.name, range, limit: LISTEN_RANGE_LIMIT }
    return [{ type: 'range', config, source }]
  }

  const common = {
    ...options,
    port: spec.port ?? ((spec.peerNodeSelector && context.config.spec.listenPort) || 179),
    passive: spec.passive,
    ...(heldDown !== undefined && { heldDown }),
    ...(spec.shutdown.enabled && { shutdown: { message: spec.shutdown.message } }),
  }
  const session = (config: PeerConfig): Session => ({ type: 'peer', config, source })

  if (spec.address !== undefined) {
    const remoteAddress = address(spec.address)
    if (context.self.addresses.has(remoteAddress)) return []
    const localAddress = spec.sourceAddress === undefined ? undefined : address(spec.sourceAddress)
    return [session({ ...common, name: metadata.name, remoteAddress, ...(localAddress && { localAddress }) })]
  }
  if (spec.interface !== undefined) return unnumbered(peer, context).map((one) => session({ ...common, ...one }))
  return nodeSessions(peer, context).map((one) => session({ ...common, ...one }))
}

/** `interface`: the router that was last heard on the link. */
function unnumbered({ spec, metadata }: BGPPeer, { self, report }: Context) {
  const interfaceName = spec.interface!
  const remoteAddress = self.routers?.get(interfaceName)
  if (remoteAddress !== undefined) return [{ name: metadata.name, remoteAddress, interfaceName }]
  const message = self.routers
    ? `no router has been heard on ${interfaceName} yet`
    : 'a reflector does not know its links; give it an address'
  report({ kind: 'Pending', object: `BGPPeer ${metadata.name}`, path: 'spec.interface', message })
  return []
}

/** `peerNodeSelector`: every selected node but oneself. */
function nodeSessions({ spec, metadata }: BGPPeer, { cluster, self }: Context) {
  if (spec.peerNodeSelector === undefined) return []
  const source = spec.sourceAddress === undefined ? undefined : address(spec.sourceAddress)
  const nodes = [...cluster.nodes.values()].filter(
    (node) => node.name !== self.name && selects(spec.peerNodeSelector, node.labels),
  )
  return nodes.flatMap((node) => {
    const common = commonAddresses(self, node)
    const families = familiesOf(common).filter((family) => spec.families.includes(family))
    const remoteAddress = common.find((one) => source === undefined || familyOf(one) === familyOf(source))
    if (remoteAddress === undefined || families.length === 0) return []
    const localAddress = source ?? self.sessionAddresses.find((one) => familyOf(one) === familyOf(remoteAddress))
    return [{ name: `${metadata.name}/${node.name}`, remoteAddress, families, ...(localAddress && { localAddress }) }]
  })
}

function peerOptions(
  peer: BGPPeer,
  context: Context,
  knownPolicies: ReadonlySet<string>,
): PeerOptions & Pick<PeerConfig, 'heldDown'> {
  const { spec, metadata } = peer
  const object = `BGPPeer ${metadata.name}`
  const localAsn = spec.localASN ?? context.self.asn
  const remoteAsn = spec.peerASN ?? (spec.peerASNType === 'Internal' ? 'internal' : 'external')
  const internal = remoteAsn === 'internal' || remoteAsn === localAsn
  const { password, heldDown } = passwordOf(context, spec.passwordSecretRef, { object, path: 'spec.passwordSecretRef' })
  const missingPolicy = firstMissingPolicy(peer, context, knownPolicies)
  const waitsFor = heldDown ?? missingPolicy
  return {
    remoteAsn,
    localAsn,
    families: [...new Set(spec.families)],
    timers: spec.timers,
    routeReflectorClient: spec.routeReflectorClient && internal,
    nextHop: lower(spec.nextHop),
    allowOwnAsn: spec.allowOwnASN,
    extendedNextHop: spec.extendedNextHop,
    ...(spec.addPath && { addPath: spec.addPath }),
    ...roleOf(peer, internal, context),
    ...(password !== undefined && { password }),
    ...(spec.ebgpMultihopTTL !== undefined && { multihopTtl: spec.ebgpMultihopTTL }),
    ...(spec.ttlSecurityHops !== undefined && { ttlSecurityHops: spec.ttlSecurityHops }),
    ...(spec.importPolicies.length > 0 && { importPolicies: spec.importPolicies }),
    ...exportPolicies(spec.exportPolicies, internal),
    ...(spec.maxPrefixes && { maxPrefixes: { ...spec.maxPrefixes, action: lower(spec.maxPrefixes.action) } }),
    ...(waitsFor !== undefined && { heldDown: waitsFor }),
  }
}

/** Roles are between ASes; whether the peer's is our own may depend on the node. */
function roleOf({ spec, metadata }: BGPPeer, internal: boolean, { report }: Context): Pick<PeerOptions, 'role'> {
  if (spec.role === undefined) return {}
  if (!internal) return { role: ROLE[spec.role] }
  const message = 'the peer is internal and has no role; this one is left out'
  report({ kind: 'Invalid', object: `BGPPeer ${metadata.name}`, path: 'spec.role', message })
  return {}
}

const ROLE: Readonly<Record<NonNullable<BGPPeer['spec']['role']>, Role>> = {
  Provider: 'provider',
  Customer: 'customer',
  Peer: 'peer',
  RouteServer: 'route-server',
  RouteServerClient: 'route-server-client',
}

/** What BGPAdvertisements name is advertised to an external peer without a policy, and nothing else (RFC 8212). */
function exportPolicies(names: readonly string[], internal: boolean): Pick<PeerOptions, 'exportPolicies'> {
  if (names.length > 0) return { exportPolicies: names }
  return internal ? {} : { exportPolicies: [OWN_ROUTES_ONLY] }
}

/** A policy that is not there must never mean that everything passes. */
function firstMissingPolicy(
  { spec, metadata }: BGPPeer,
  { report }: Context,
  known: ReadonlySet<string>,
): string | undefined {
  const named = [
    ...spec.importPolicies.map((name, i) => ({ name, path: `spec.importPolicies[${i}]` })),
    ...spec.exportPolicies.map((name, i) => ({ name, path: `spec.exportPolicies[${i}]` })),
  ]
  const missing = named.filter(({ name }) => !known.has(name))
  for (const { name, path } of missing) {
    const message = `there is no usable RoutePolicy ${name}; the session is held down`
    report({ kind: 'Pending', object: `BGPPeer ${metadata.name}`, path, message })
  }
  return missing[0] && `there is no usable RoutePolicy ${missing[0].name}`
}
