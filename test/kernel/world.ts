import { prefix } from '../../routing/ip/prefix.ts'
import { openKernel } from '../../routing/kernel.ts'
import type { SocketTuning } from '../../routing/netlink/tuning.ts'
import type { Log } from '../../routing/ports.ts'
import { systemClock } from '../../src/platform/clock.ts'
import { netlinkTuning } from '../../src/platform/netlink-tuning.ts'
import type { KernelWorld } from '../contracts/kernel-routes.ts'
import { eventually } from '../eventually.ts'
import { silentLog } from '../fakes/log.ts'
import { formatRoute, type HopText, parseRoute, type RouteText } from '../fakes/route-text.ts'
import { ip, ipBatch } from './namespace.ts'

const PROTOCOL_KERNEL = '2'
const LOCAL_TABLE = '255'
const TABLES = ['main', '100', '1000']
const PROTOCOLS = [179, 200, 4]
const DEADLINE_MS = 10_000

/** As `ip -N -j route` prints it. */
interface IpRoute {
  readonly type?: string
  readonly dst: string
  readonly gateway?: string
  readonly via?: { readonly host: string }
  readonly dev?: string
  readonly table?: string
  readonly protocol: string
  readonly metric?: number
  readonly nexthops?: readonly IpHop[]
}

interface IpHop {
  readonly gateway?: string
  readonly via?: { readonly host: string }
  readonly dev?: string
  readonly weight?: number
}

export interface WorldOptions {
  readonly tuning?: SocketTuning
  readonly log?: Log
  readonly groups?: boolean
}

/** The kernel of this machine, in the namespace of the test; other programs are played by `ip`. */
export function realWorld({ tuning = netlinkTuning, log = silentLog, groups = true }: WorldOptions = {}): KernelWorld {
  clear()
  return {
    open: () => openKernel({ clock: systemClock, log, tuning, groups }),
    addLink: (name, ...addresses) => {
      ip(`link add ${name} type veth peer name ${name}-far`)
      for (const each of addresses) ip(`address add ${each} dev ${name}${each.includes(':') ? ' nodad' : ''}`)
      ip(`link set ${name}-far up`)
      ip(`link set ${name} up`)
    },
    setLink: (name, state) => void ip(`link set ${name} ${state}`),
    addRoute: (route) => void ip(`${familyOption(route)}route add ${route}`),
    replaceRoute: (route) => void ip(`${familyOption(route)}route replace ${route}`),
    deleteRoute: (route) => void ip(`${familyOption(route)}route del ${withoutNextHops(route)}`),
    routes: kernelRoutes,
    ...(groups && { groups: kernelGroups, deleteGroups: () => void ip('nexthop flush proto 179') }),
    until: async (what, condition) => void (await eventually(what, condition, DEADLINE_MS)),
    now: () => systemClock.now(),
  }
}

/** Which route is meant, to `ip route del`: where it leads is left out, which the kernel compares by letter, not by sense. */
export function withoutNextHops(route: string): string {
  return formatRoute({ ...parseRoute(route), nextHops: [] })
}

/** Without the option `ip` takes a blackhole for an IPv4 route whatever its prefix. */
function familyOption(route: string): string {
  return /^(blackhole )?[0-9a-f]*:/.test(route) ? '-6 ' : ''
}

/** What the kernel holds, but for its own routes and the table of local addresses. */
export function kernelRoutes(): string[] {
  const of = (family: 4 | 6) =>
    (JSON.parse(ip(`-${family} -N -j route show table all`)) as IpRoute[])
      .filter((route) => route.protocol !== PROTOCOL_KERNEL && route.table !== LOCAL_TABLE)
      .map((route) => formatRoute(toText(route, family)))
  return [...of(4), ...of(6)].sort()
}

function toText(route: IpRoute, family: 4 | 6): RouteText {
  const isBlackhole = route.type === 'blackhole' || route.type === '6'
  const hops = route.nexthops ?? (route.dev === undefined || isBlackhole ? [] : [route])
  return {
    type: isBlackhole ? 'blackhole' : 'unicast',
    prefix: prefix(withLength(route.dst, family)),
    table: Number(route.table ?? 254),
    protocol: Number(route.protocol),
    metric: route.metric ?? 0,
    nextHops: hops.map(toHop),
  }
}

function toHop({ gateway, via, dev = '', weight = 1 }: IpHop): HopText {
  const address = gateway ?? via?.host
  return { dev, weight, ...(address !== undefined && { gateway: address }) }
}

function withLength(destination: string, family: 4 | 6): string {
  if (destination === 'default') return family === 4 ? '0.0.0.0/0' : '::/0'
  if (destination.includes('/')) return destination
  return `${destination}/${family === 4 ? 32 : 128}`
}

interface IpNextHop {
  readonly id: number
  readonly group?: readonly { readonly id: number; readonly weight?: number }[]
  readonly gateway?: string
  readonly dev?: string
  readonly protocol?: string
}

/** All next-hop groups, each written as its next hops are in a route, in order. */
function kernelGroups(): string[] {
  const all = JSON.parse(ip('-N -j nexthop show') || '[]') as IpNextHop[]
  const single = new Map(all.map((each) => [each.id, each]))
  const text = ({ id, weight = 1 }: { id: number; weight?: number }) => {
    const { gateway, dev } = single.get(id)!
    return `via ${gateway} dev ${dev} weight ${weight}`
  }
  const groups = all.flatMap(({ group, protocol }) =>
    group === undefined || protocol !== '179' ? [] : group.map(text).sort().join(' '),
  )
  const used = new Set(all.flatMap(({ group = [] }) => group.map(({ id }) => id)))
  const unused = all.filter(({ id, group, protocol }) => protocol === '179' && group === undefined && !used.has(id))
  return [...groups, ...unused.map(({ id }) => `unused ${text({ id })}`)].sort()
}

/** Links go with all routes over them; of our blackholes and what stands in other tables the rest. */
function clear(): void {
  const links = JSON.parse(ip('-j link show type veth')) as { ifname?: string }[]
  const names = links.flatMap(({ ifname }) => (ifname === undefined || ifname.endsWith('-far') ? [] : ifname))
  ipBatch(names.map((name) => `link del ${name}`))
  ipBatch(['nexthop flush'])
  for (const family of [4, 6]) {
    const flush = TABLES.flatMap((table) => PROTOCOLS.map((protocol) => `route flush table ${table} proto ${protocol}`))
    ipBatch(flush, `-${family}`)
  }
}
