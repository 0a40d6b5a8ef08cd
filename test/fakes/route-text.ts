import { type Prefix, prefix } from '../../routing/ip/prefix.ts'

/** A kernel route as people write it for `ip route`. */
export interface RouteText {
  readonly type: 'unicast' | 'blackhole'
  readonly prefix: Prefix
  readonly table: number
  readonly protocol: number
  readonly metric: number
  readonly nextHops: readonly HopText[]
}

export interface HopText {
  readonly gateway?: string
  readonly dev: string
  readonly weight: number
}

const MAIN_TABLE = 254
/** What `ip route add` gives a route when nothing is said. */
const PROTOCOL_BOOT = 3

/** Reads `[blackhole] PREFIX [via [inet6] ADDRESS] [dev NAME] [proto N] [metric N] [table N] [nexthop via … dev … weight N]…`. */
export function parseRoute(text: string): RouteText {
  const [route = '', ...hops] = text.split(/\s*nexthop\s+/)
  const words = route.replace('via inet6', 'via').trim().split(/\s+/)
  const isBlackhole = words[0] === 'blackhole'
  const destination = (isBlackhole ? words[1] : words[0]) ?? ''
  const option = optionOf(words)
  const dev = option('dev')
  return {
    type: isBlackhole ? 'blackhole' : 'unicast',
    prefix: prefix(destination === 'default' ? '0.0.0.0/0' : destination),
    table: Number(option('table') ?? MAIN_TABLE),
    protocol: Number(option('proto') ?? PROTOCOL_BOOT),
    metric: Number(option('metric') ?? (destination.includes(':') ? 1024 : 0)),
    nextHops: hops.length > 0 ? hops.map(parseHop) : dev === undefined ? [] : [hop(option('via'), dev, 1)],
  }
}

/** As `parseRoute` reads it, always in the same order. */
export function formatRoute({ type, prefix, table, protocol, metric, nextHops }: RouteText): string {
  const [first] = nextHops
  const isV4 = !prefix.includes(':')
  const via = ({ gateway }: HopText) =>
    gateway === undefined ? [] : [isV4 && gateway.includes(':') ? `via inet6 ${gateway}` : `via ${gateway}`]
  const single = first !== undefined && nextHops.length === 1 ? [...via(first), `dev ${first.dev}`] : []
  const several =
    nextHops.length < 2
      ? []
      : nextHops.map((each) => ['nexthop', ...via(each), `dev ${each.dev} weight ${each.weight}`].join(' ')).sort()
  return [
    ...(type === 'blackhole' ? ['blackhole'] : []),
    prefix,
    ...single,
    `proto ${protocol} metric ${metric}`,
    ...(table === MAIN_TABLE ? [] : [`table ${table}`]),
    ...several,
  ].join(' ')
}

function parseHop(text: string): HopText {
  const option = optionOf(text.replace('via inet6', 'via').trim().split(/\s+/))
  return hop(option('via'), option('dev') ?? '', Number(option('weight') ?? 1))
}

function hop(gateway: string | undefined, dev: string, weight: number): HopText {
  return { dev, weight, ...(gateway !== undefined && { gateway }) }
}

function optionOf(words: readonly string[]): (name: string) => string | undefined {
  return (name) => {
    const at = words.indexOf(name)
    return at < 0 ? undefined : words[at + 1]
  }
}
