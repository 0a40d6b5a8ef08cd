import type { Netns } from './netns.ts'
import { SERVICE, TOR } from './plan.ts'
import type { Rack, RackNode } from './rack.ts'
import type { Routelets } from './routelets.ts'

/** One route as `ip -j route` shows it, as far as the lab looks. */
export interface ListedRoute {
  readonly dst: string
  readonly type?: string
  readonly gateway?: string
  readonly protocol?: string
  readonly nexthops?: readonly { readonly gateway?: string }[]
}

/** What is still missing of the state the rack should come to, in words; empty once it is there. */
export async function missing(
  rack: Rack,
  routelets: Routelets,
  gone: readonly string[] = [],
): Promise<readonly string[]> {
  const there = rack.nodes.filter(({ plan }) => !gone.includes(plan.name))
  const parts = await Promise.all([
    ...there.map((node) => missingSessions(node.plan.name, routelets)),
    ...there.map((node) => missingOnNode(node, there)),
    missingOnTor(rack.tor, there),
  ])
  return parts.flat()
}

async function missingSessions(name: string, routelets: Routelets): Promise<readonly string[]> {
  const peers = await routelets.peers(name).catch(() => [])
  if (peers.length === 0) return [`${name}: the agent does not answer yet`]
  return peers
    .filter((peer) => peer.state !== 'Established')
    .map((peer) => `${name}: session with ${peer.name} is ${peer.state}`)
}

async function missingOnNode({ plan, netns }: RackNode, there: readonly RackNode[]): Promise<readonly string[]> {
  const others = there.filter((other) => other.plan.name !== plan.name).map((other) => other.plan.podCidr)
  const have = new Set((await listRoutes(netns)).map((route) => route.dst))
  return [...others, TOR.clientSubnet]
    .filter((prefix) => !have.has(prefix))
    .map((prefix) => `${plan.name}: no route to ${prefix}`)
}

async function missingOnTor(tor: Netns, there: readonly RackNode[]): Promise<readonly string[]> {
  const routes = await listRoutes(tor)
  const have = new Set(routes.map((route) => route.dst))
  const pods = there.filter(({ plan }) => !have.has(plan.podCidr)).map(({ plan }) => `tor: no route to ${plan.podCidr}`)
  const wanted = there.filter(({ plan }) => plan.serves).map(({ plan }) => plan.address)
  const service = nextHopsTo(routes, SERVICE.address)
  const same = service.length === wanted.length && wanted.every((address) => service.includes(address))
  return same
    ? pods
    : [...pods, `tor: ${SERVICE.address} goes to ${service.join(', ') || 'nobody'}, not to ${wanted.join(', ')}`]
}

export function nextHopsTo(routes: readonly ListedRoute[], destination: string): readonly string[] {
  const route = routes.find(({ dst }) => dst === destination)
  if (!route) return []
  const gateways = route.nexthops?.map((nextHop) => nextHop.gateway) ?? [route.gateway]
  return gateways.filter((gateway) => gateway !== undefined)
}

/** The main table, IPv4. */
export async function listRoutes(netns: Netns): Promise<readonly ListedRoute[]> {
  return JSON.parse((await netns.ip('-j', '-4', 'route', 'show')) || '[]') as readonly ListedRoute[]
}
