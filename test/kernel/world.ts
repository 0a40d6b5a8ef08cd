import { prefix } from '../../routing/ip/prefix.ts'
import { openKernel } from '../../routing/kernel.ts'
import type { SocketTuning } from '../../routing/netlink/tuning.ts'
import type { Log } from '../../routing/ports.ts'
import { systemClock } from '../../src/platform/clock.ts'
import { netlinkTuning } from '../../src/platform/netlink-tuning.ts'
import type { KernelWorld } from '../contracts/kernel-routes.ts'
import { eventually } from '../eventually.ts'
import { silentLog } from '../fakes/log.ts'
import { formatRoute, type HopText, type RouteText } from '../fakes/route-text.ts'
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
}

/** The kernel of this machine, in the namespace of the test; other programs are played by `ip`. */
export function realWorld({ tuning = netlinkTuning, log = silentLog }: WorldOptions = {}): KernelWorld {
  clear()
  return {
    open: () => openKernel({ clock: systemClock, log, tuning }),
    addLink: (name, ...addresses) => {
      ip(`link add ${name} type veth peer name ${name}-far`)
      for (const each of addresses) ip(`address add ${each} dev ${name}${each.includes(':') ? ' nodad' : ''}`)
      ip(`link set ${name}-far up`)
      ip(`link set ${name} up`)
    },
    setLink: (name, state) => void ip(`link set ${name} ${state}`),
    addRoute: (route) => void ip(`${familyOption(route)}route add ${route}`),
    replaceRoute: (route) => void ip(`${familyOption(route)}route replace ${route}`),
    deleteRoute: (route) => void ip(`${familyOption(route)}route del ${route}`),
    routes: kernelRoutes,
    until: async (what, condition) => void (await eventually(what, condition, DEADLINE_MS)),
    now: () => systemClock.now(),
  }
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

/** Links go with all routes over them; of our blackholes and what stands in other tables the rest. */
function clear(): void {
  const links = JSON.parse(ip('-j link show type veth')) as { ifname?: string }[]
  const names = links.flatMap(({ ifname }) => (ifname === undefined || ifname.endsWith('-far') ? [] : ifname))
  ipBatch(names.map((name) => `link del ${name}`))
  for (const family of [4, 6]) {
    const flush = TABLES.flatMap((table) => PROTOCOLS.map((protocol) => `route flush table ${table} proto ${protocol}`))
    ipBatch(flush, `-${family}`)
  }
}
