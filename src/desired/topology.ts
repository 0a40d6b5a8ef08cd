import { type Address, address, familyOf } from '../../routing/ip/address.ts'
import { isEmptySelector, selects } from './selectors.ts'
import { FAMILY_NAME, type Session, sessionsWithNode, topologySession } from './session.ts'
import type { NodeView } from './snapshot.ts'
import { type Context, firstOfEachFamily } from './viewpoint.ts'

/** The sessions that the topology of the RoutingConfig asks for: mesh, towards reflectors, towards clients. */
export function topologySessions(context: Context): Session[] {
  const { cluster, self } = context
  const others = [...cluster.nodes.values()].filter(
    (node) => node !== self.node && !node.internalAddresses.some((one) => self.addresses.has(one)),
  )
  if (self.role === 'reflector') return clientSessions(context, others, { passive: true })

  switch (topologyMode(context)) {
    case 'FullMesh':
      return others.flatMap((node) => sessionsWithNode(context, node, { name: `mesh/${node.name}` }))
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
    ...reflecting.flatMap((node) => sessionsWithNode(context, node, { name: `reflector/${node.name}` })),
  ]
  if (self.node === undefined || !isReflector(self.node, config)) return reflectors
  const clients = others.filter((node) => !isReflector(node, config))
  return [...reflectors, ...clientSessions(context, clients, { passive: false })]
}

function reflectorSessions(context: Context, reflecting: readonly NodeView[]): Session[] {
  const { config, self } = context
  const known = new Set(reflecting.flatMap((node) => node.internalAddresses))
  const addresses = config.spec.topology.reflectors.addresses
    .map(address)
    .filter((one) => !self.addresses.has(one) && !known.has(one))
  return addresses.map((remoteAddress) =>
    topologySession(context, {
      name: `reflector/${remoteAddress}`,
      remoteAddress,
      remoteAsn: config.spec.asn,
      families: familiesOver(remoteAddress, addresses),
    }),
  )
}

/** The family of the address, and the other one too where no reflector is reached by it. */
function familiesOver(remoteAddress: Address, addresses: readonly Address[]) {
  const family = familyOf(remoteAddress)
  const other = family === 4 ? 6 : 4
  const alone = addresses.every((one) => familyOf(one) === family)
  return alone ? [FAMILY_NAME[family], FAMILY_NAME[other]] : [FAMILY_NAME[family]]
}

/** A reflector elsewhere knows its clients by the addresses of the nodes and waits for them; one on a node dials too. */
function clientSessions(context: Context, clients: readonly NodeView[], options: { passive: boolean }): Session[] {
  const { addresses } = context.config.spec.topology.reflectors
  const families = new Set(firstOfEachFamily(addresses.map(address)).map(familyOf))
  return clients
    .flatMap((node) => sessionsWithNode(context, node, { name: `client/${node.name}`, client: true, ...options }))
    .filter(({ type, config }) => {
      // Nobody dials a reflector over a family that it has no published address in.
      const unused = context.self.role === 'reflector' && families.size > 0
      return !unused || (type === 'peer' && families.has(familyOf(config.remoteAddress)))
    })
}
