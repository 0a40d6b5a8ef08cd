import type { ForeignWay } from '../fib/foreign-routes.ts'
import type { Resolution } from '../fib/intents.ts'
import { type Address, isLinkLocal } from '../ip/address.ts'
import type { Link } from './kernel-links.ts'
import type { LinkTable } from './link-table.ts'

/** Worse than any route. */
export const UNREACHABLE_COST = 0xffffffff
/** Worse than any other route, whatever its metric. */
const DEFAULT_ROUTE_COST = UNREACHABLE_COST - 1

/**
 * How a next hop is reached: on a link of ours, or over a route that somebody else has put into the kernel, the default
 * route at last: nodes of other subnets are often behind nothing but that. Our own routes do not count, so that no route
 * can hang on itself.
 */
export function resolveNextHop(
  links: LinkTable,
  foreignRoute: (address: Address) => ForeignWay | undefined,
  nextHop: Address,
  interfaceName?: string,
): Resolution {
  if (links.isOwn(nextHop)) return unresolvable('NextHopIsOwn')
  if (interfaceName !== undefined) return overNamedLink(links.named(interfaceName), nextHop)
  if (isLinkLocal(nextHop)) return unresolvable('NextHopUnreachable')

  const link = links.linkTowards(nextHop)
  if (link !== undefined) return onLink(link, nextHop)

  const way = foreignRoute(nextHop)
  const route = way?.target
  const hop =
    route?.type === 'unicast' ? route.nextHops.find((each) => links.indexed(each.interfaceIndex)?.up) : undefined
  if (route === undefined || hop === undefined) return unresolvable('NextHopUnreachable')
  return {
    resolvable: true,
    cost: way?.isDefault ? DEFAULT_ROUTE_COST : Math.min(route.metric + 1, DEFAULT_ROUTE_COST - 1),
    interfaceIndex: hop.interfaceIndex,
    gateway: hop.gateway ?? nextHop,
  }
}

function overNamedLink(link: Link | undefined, nextHop: Address): Resolution {
  if (link === undefined) return unresolvable('InterfaceUnknown')
  return link.up ? onLink(link, nextHop) : unresolvable('InterfaceDown')
}

function onLink(link: Link, nextHop: Address): Resolution {
  return { resolvable: true, cost: 0, interfaceIndex: link.index, gateway: nextHop }
}

function unresolvable(because: (Resolution & { resolvable: false })['because']): Resolution {
  return { resolvable: false, cost: UNREACHABLE_COST, because }
}
