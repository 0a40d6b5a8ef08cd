import { type Address, address, familyOf } from '../../routing/ip/address.ts'
import { isEmptySelector, selects } from './selectors.ts'
import {
  type AddPath,
  commonAddresses,
  FAMILY_NAME,
  familiesOf,
  type Session,
  sessionWithNode,
  topologySession,
} from './session.ts'
import type { NodeView } from './snapshot.ts'
import { asnOf, type Context, firstOfEachFamily } from './viewpoint.ts'

/** The sessions that the topology of the RoutingConfig asks for: mesh, towards reflectors, towards clients. */
export function topologySessions(context: Context): Session[] {
  const { cluster, self } = context
  const others = [...cluster.nodes.values()].filter(
    (node) => node !== self.node && !node.internalAddresses.some((one) => self.addresses.has(one)),
  )
  if (self.role === 'reflector') return clientSessions(context, others, { passive: true })

  switch (topologyMode(context)) {
    case 'FullMesh':
      return others.flatMap((node) => sessionWithNode(context, node, { name: `mesh/${node.name}` }))
    case 'Reflectors':
      return reflectorTopology(context, others)
    case 'None':
      return []
  }
}

/** CLUSTER_ID, for those who reflect. */
export function clusterId({ config, self }: Context): Address | undefined {
  const { clusterID } = config.spec.topology.reflectors
  const reflects = self.role === 'reflector' || (self.node !== undefined && isReflector(self.node, config))
  return reflects && clusterID !== undefined ? address(clusterID) : undefined
}

function topologyMode({ cluster, config, report }: Context): 'FullMesh' | 'Reflectors' | 'None' {
  const { mode, maxMeshNodes, reflectors } = config.spec.topology
  const nodes = [...cluster.nodes.values()]
  const hasReflectors = reflectors.addresses.length > 0 || nodes.some((node) => isReflector(node, config))
  const pending = (path: string, message: string) =>
    report({ kind: 'Pending', object: 'RoutingConfig default', path, message })

  switch (mode) {
    case 'FullMesh':
    case 'None':
      return mode
    case 'Reflectors':
      if (!hasReflectors) pending('spec.topology.reflectors', 'no address is given and no node is selected')
      return mode
    case 'Auto':
      if (nodes.length <= maxMeshNodes) return 'FullMesh'
      if (hasReflectors) return 'Reflectors'
      pending(
        'spec.topology.reflectors',
        `${nodes.length} nodes are more than maxMeshNodes (${maxMeshNodes}), but there are no reflectors; the full mesh stays`,
      )
      return 'FullMesh'
  }
}

function isReflector(node: NodeView, config: Context['config']): boolean {
  const { nodeSelector } = config.spec.topology.reflectors
  return !isEmptySelector(nodeSelector) && selects(nodeSelector, node.labels)
}

/** A node that reflects has all others as clients; a node that does not has the reflectors as its only peers. */
function reflectorTopology(context: Context, others: readonly NodeView[]): Session[] {
  const { config, self } = context
  const reflecting = others.filter((node) => isReflector(node, config))
  const reflectors = [
    ...reflectorSessions(context, reflecting),
    ...reflecting.flatMap((node) =>
      sessionWithNode(context, node, { name: `reflector/${node.name}`, addPath: pathsToReflectors(context) }),
    ),
  ]
  if (self.node === undefined || !isReflector(self.node, config)) return reflectors
  const clients = others.filter((node) => !isReflector(node, config))
  return [...reflectors, ...clientSessions(context, clients, { passive: false })]
}

/** Clients need as many next hops of an address that several nodes announce as they use together. */
function pathsToClients({ config }: Context): AddPath {
  return { send: config.spec.kernel.maxPaths, receive: false }
}

/** Those who reflect themselves pass on to each other what their clients need. */
function pathsToReflectors(context: Context): AddPath {
  const { self, config } = context
  const reflects = self.node !== undefined && isReflector(self.node, config)
  return { send: reflects ? pathsToClients(context).send : 1, receive: true }
}

function reflectorSessions(context: Context, reflecting: readonly NodeView[]): Session[] {
  const { config, self } = context
  const known = new Set(reflecting.flatMap((node) => node.internalAddresses))
  const addresses = config.spec.topology.reflectors.addresses
    .map(address)
    .filter((one) => !self.addresses.has(one) && !known.has(one))
  const ways = new Set(addresses.map(familyOf))
  return addresses.map((remoteAddress) => {
    const own = FAMILY_NAME[familyOf(remoteAddress)]
    // Routes of a family go over that family; where no reflector is reached by it, over the other one.
    const carried = self.sessionAddresses.filter((one) => !ways.has(familyOf(one)))
    return topologySession(context, {
      name: `reflector/${remoteAddress}`,
      addPath: pathsToReflectors(context),
      remoteAddress,
      remoteAsn: config.spec.asn,
      families: [...new Set([own, ...familiesOf(carried)])],
    })
  })
}

/** A reflector elsewhere knows its clients by the addresses of the nodes and waits for them; one on a node dials too. */
function clientSessions(context: Context, clients: readonly NodeView[], options: { passive: boolean }): Session[] {
  const { addresses } = context.config.spec.topology.reflectors
  const ways = context.self.role === 'reflector' ? new Set(addresses.map(address).map(familyOf)) : new Set()
  return clients.flatMap((node) => {
    const about = { name: `client/${node.name}`, client: true, addPath: pathsToClients(context), ...options }
    if (ways.size === 0) return sessionWithNode(context, node, about)
    // Clients dial each published address, and over each family tell what `reflectorSessions` says.
    return firstOfEachFamily(node.internalAddresses)
      .filter((one) => ways.has(familyOf(one)))
      .map((remoteAddress, i) =>
        topologySession(context, {
          ...about,
          name: i === 0 ? about.name : `${about.name}/ipv6`,
          remoteAddress,
          remoteAsn: asnOf(node, context.config),
          families:
            ways.size > 1 ? [FAMILY_NAME[familyOf(remoteAddress)]] : familiesOf(commonAddresses(context.self, node)),
        }),
      )
  })
}
