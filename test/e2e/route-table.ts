import type { Netns } from '../../src/lab/netns.ts'

/** Prefix → where it goes: addresses of next hops in order, or `blackhole`. */
export type RouteTable = ReadonlyMap<string, readonly string[]>

interface Row {
  readonly dst: string
  readonly type?: string
  readonly gateway?: string
  readonly via?: { readonly host: string }
  readonly nexthops?: readonly { readonly gateway?: string; readonly via?: { readonly host: string } }[]
}

/** The routes of one routing protocol in the kernel. */
export async function kernelRoutes(netns: Netns, protocol: string, family: 4 | 6): Promise<RouteTable> {
  const text = await netns.ip(`-${family}`, '-j', 'route', 'show', 'proto', protocol)
  const table = new Map<string, string[]>()
  for (const { dst, type, nexthops, ...way } of JSON.parse(text || '[]') as Row[]) {
    const prefix = dst.includes('/') ? dst : `${dst}/${family === 4 ? 32 : 128}`
    // Without next-hop groups IPv6 shows a route once per next hop.
    const before = table.get(prefix) ?? []
    const ways = nexthops ?? [way]
    const gateways = ways.map(({ gateway, via }) => gateway ?? via?.host ?? type ?? 'none')
    table.set(prefix, [...before, ...gateways].sort())
  }
  return table
}
