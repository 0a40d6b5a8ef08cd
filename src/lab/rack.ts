import type { Namespaces, Netns } from './netns.ts'
import { CLIENT, type LabNode, NODES, REFLECTOR, SERVICE, TOR } from './plan.ts'

/** The machines and cables of the lab. */
export interface Rack {
  readonly tor: Netns
  readonly client: Netns
  readonly reflector: Netns
  readonly nodes: readonly RackNode[]
}

export interface RackNode {
  readonly plan: LabNode
  readonly netns: Netns
  readonly pod: Netns
}

/** Namespaces, links and addresses: everything but the routes that routelet brings. */
export async function buildRack(namespaces: Namespaces): Promise<Rack> {
  const tor = await buildTor(namespaces)
  const client = await namespaces.add('client')
  await namespaces.link({ netns: tor, dev: 'client' }, { netns: client, dev: 'eth0' })
  await tor.ip('address', 'add', `${TOR.client}/24`, 'dev', 'client')
  await giveAddress(client, CLIENT.address, TOR.client)

  const reflector = await plugIn(namespaces, tor, REFLECTOR)
  const nodes: RackNode[] = []
  for (const plan of NODES) nodes.push(await buildNode(namespaces, tor, plan))
  return { tor, client, reflector, nodes }
}

/** The router with a bridge per rack. Its ECMP hashes ports too, so one client reaches all nodes. */
async function buildTor(namespaces: Namespaces): Promise<Netns> {
  const tor = await namespaces.add('tor')
  await tor.sysctl({ 'net.ipv4.ip_forward': 1, 'net.ipv4.fib_multipath_hash_policy': 1 })
  for (const [rack, address] of Object.entries(TOR.racks)) {
    await tor.ip('link', 'add', 'name', `rack-${rack}`, 'type', 'bridge')
    await tor.ip('address', 'add', `${address}/24`, 'dev', `rack-${rack}`)
    await tor.ip('link', 'set', `rack-${rack}`, 'up')
  }
  return tor
}

/** A machine on the bridge of its rack, with the router as its gateway. */
async function plugIn(
  namespaces: Namespaces,
  tor: Netns,
  machine: { readonly name: string; readonly rack: string; readonly address: string; readonly gateway: string },
): Promise<Netns> {
  const netns = await namespaces.add(machine.name)
  await namespaces.link({ netns: tor, dev: machine.name }, { netns, dev: 'eth0' })
  await tor.ip('link', 'set', machine.name, 'master', `rack-${machine.rack}`)
  await giveAddress(netns, machine.address, machine.gateway)
  return netns
}

async function buildNode(namespaces: Namespaces, tor: Netns, plan: LabNode): Promise<RackNode> {
  const netns = await plugIn(namespaces, tor, plan)
  await netns.sysctl({ 'net.ipv4.ip_forward': 1 })
  const pod = await namespaces.add(plan.pod.name)
  await namespaces.link({ netns, dev: plan.pod.name }, { netns: pod, dev: 'eth0' })
  await netns.ip('address', 'add', `${plan.podGateway}/32`, 'dev', plan.pod.name)
  await netns.ip('route', 'add', plan.pod.address, 'dev', plan.pod.name)
  await pod.ip('address', 'add', `${plan.pod.address}/32`, 'dev', 'eth0')
  await pod.ip('route', 'add', plan.podGateway, 'dev', 'eth0')
  await pod.ip('route', 'add', 'default', 'via', plan.podGateway)
  if (plan.serves) await serve({ plan, netns, pod })
  return { plan, netns, pod }
}

/**
 * Stands in for kube-proxy: the pod answers to the service address itself, and its node has a route to it there. No
 * address is translated, so nothing but routing is at work.
 */
async function serve({ plan, netns, pod }: RackNode): Promise<void> {
  await pod.ip('address', 'add', `${SERVICE.address}/32`, 'dev', 'lo')
  await netns.ip('route', 'add', `${SERVICE.address}/32`, 'via', plan.pod.address, 'dev', plan.pod.name, 'onlink')
}

async function giveAddress(netns: Netns, address: string, gateway: string): Promise<void> {
  await netns.ip('address', 'add', `${address}/24`, 'dev', 'eth0')
  await addRoutes(netns, gateway)
}

/**
 * What the owner of a machine gives it: a default route, and one to the racks. Next hops in other racks are found by the
 * latter, for a default route promises nothing about any address.
 */
export async function addRoutes(netns: Netns, gateway: string): Promise<void> {
  await netns.ip('route', 'replace', 'default', 'via', gateway)
  await netns.ip('route', 'replace', TOR.nodesRange, 'via', gateway)
}
