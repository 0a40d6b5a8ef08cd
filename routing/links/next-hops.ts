import type { Resolution } from '../fib/intents.ts'
import type { KernelTarget } from '../fib/kernel-target.ts'
import { type Address, isLinkLocal } from '../ip/address.ts'
import type { Link } from './kernel-links.ts'
import type { LinkTable } from './link-table.ts'

/** Worse than any route. */
export const UNREACHABLE_COST = 0xffffffff

/**
 * How a next hop is reached: on a link of ours, or over a route that somebody else has put into the kernel. Our own
 * routes and the default route do not count, so that no route can hang on itself.
 */
export function resolveNextHop(
  links: LinkTable,
  foreignRoute: (address: Address) => KernelTarget | undefined,
  nextHop: Address,
  interfaceName?: string,
): Resolution {
  if (links.isOwn(nextHop)) return unresolvable('NextHopIsOwn')
  if (interfaceName !== undefined) return overNamedLink(links.named(interfaceName), nextHop)
  if (isLinkLocal(nextHop)) return unresolvable('NextHopUnreachable')

  const link = links.linkTowards(nextHop)
  if (link !== undefined) return onLink(link, nextHop)

  const route = foreignRoute(nextHop)
  const hop =
    route?.type === 'unicast' ? route.nextHops.find((each) => links.indexed(each.interfaceIndex)?.up) : undefined
  if (route === undefined || hop === undefined) return unresolvable('NextHopUnreachable')
  return {
    resolvable: true,
    cost: Math.min(route.metric + 1, UNREACHABLE_COST - 1),
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
