import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Netns } from '../../src/lab/netns.ts'
import { eventually } from '../eventually.ts'
import { kernelRoutes, type RouteTable } from './route-table.ts'

export const FRR_PROGRAMS = ['/usr/lib/frr/bgpd', '/usr/lib/frr/zebra', '/usr/bin/vtysh'] as const

export interface Neighbor {
  readonly address: string
  readonly password?: string
}

export interface RouterConfig {
  readonly asn: number
  readonly id: string
  readonly nodesAsn: number
  readonly neighbors: readonly Neighbor[]
  readonly networks4: readonly string[]
  readonly networks6: readonly string[]
}

/** What FRR says of a session. */
export interface FrrSession {
  readonly bgpState: string
  readonly lastResetDueTo?: string
  readonly lastErrorCodeSubcode?: string
  readonly connectionsEstablished: number
}

/** The router outside the cluster: FRR's bgpd and zebra in a namespace. */
export class Router {
  readonly netns: Netns
  readonly #folder: string

  private constructor(netns: Netns, folder: string) {
    this.netns = netns
    this.#folder = folder
  }

  static async open(netns: Netns, folder: string, config: RouterConfig): Promise<Router> {
    mkdirSync(folder, { recursive: true })
    const file = join(folder, 'bgpd.conf')
    writeFileSync(file, bgpdConfig(config))
    // The daemons give up root, and then want to write here.
    execFileSync('chown', ['-R', 'frr:frr', folder])
    const common = ['--vty_socket', folder, '-z', join(folder, 'zserv')]
    const start = (name: string, conf: string) =>
      netns.spawn([`/usr/lib/frr/${name}`, ...common, '-i', join(folder, `${name}.pid`), '-f', conf], {
        logPath: join(folder, `${name}.log`),
      })
    start('zebra', '/dev/null')
    // A bgpd that does not find zebra asks again after ten seconds, and until then knows no IPv6 next hop of its own.
    await eventually('zebra listens', () => existsSync(join(folder, 'zserv')), 20_000)
    start('bgpd', file)
    const router = new Router(netns, folder)
    await eventually('FRR answers', () => router.#vtysh('show bgp summary json').then(Boolean, () => false), 20_000)
    return router
  }

  /** Prefixes of the nodes and their next hops: the best path's and those that share the load with it. */
  async routes(family: 4 | 6 = 4): Promise<RouteTable> {
    const text = await this.#vtysh(`show bgp ipv${family} unicast json`)
    const { routes = {} } = JSON.parse(text || '{}') as { routes?: Record<string, FrrPath[]> }
    const used = (path: FrrPath) => path.bestpath === true || path.multipath === true
    const nextHop = ({ nexthops = [] }: FrrPath) =>
      (nexthops.find(({ scope }) => scope !== 'link-local') ?? nexthops[0])?.ip
    return new Map(
      Object.entries(routes).map(([prefix, paths]) => [
        prefix,
        paths
          .filter(used)
          .map((path) => nextHop(path) ?? 'none')
          .sort(),
      ]),
    )
  }

  /** What zebra has put into the kernel for it. */
  kernel(family: 4 | 6 = 4): Promise<RouteTable> {
    return kernelRoutes(this.netns, 'bgp', family)
  }

  async session(neighbor: string): Promise<FrrSession> {
    const text = await this.#vtysh(`show bgp neighbors ${neighbor} json`)
    return (JSON.parse(text) as Record<string, FrrSession>)[neighbor]!
  }

  /** Gives the neighbor another TCP MD5 password. */
  async setPassword(neighbor: string, password: string): Promise<void> {
    await this.#vtysh('configure terminal', 'router bgp', `neighbor ${neighbor} password ${password}`)
  }

  /** How many segments the kernel has dropped for their signature. */
  async droppedForPassword(): Promise<number> {
    const text = await this.netns.exec('nstat', '-asz', 'TcpExtTCPMD5*')
    return [...text.matchAll(/TcpExtTCPMD5\w+ +(\d+)/g)].reduce((sum, [, count]) => sum + Number(count), 0)
  }

  #vtysh(...commands: readonly string[]): Promise<string> {
    const words = commands.flatMap((command) => ['-c', command])
    return this.netns.exec('vtysh', '--vty_socket', this.#folder, ...words)
  }
}

interface FrrPath {
  readonly bestpath?: boolean
  readonly multipath?: boolean
  readonly nexthops?: readonly { readonly ip: string; readonly scope?: string }[]
}

function bgpdConfig({ asn, id, nodesAsn, neighbors, networks4, networks6 }: RouterConfig): string {
  const each = (line: (neighbor: Neighbor) => string) => neighbors.map(line).join('\n')
  return `router bgp ${asn}
 bgp router-id ${id}
 no bgp ebgp-requires-policy
 no bgp default ipv4-unicast
 no bgp network import-check
 neighbor nodes peer-group
 neighbor nodes remote-as ${nodesAsn}
 neighbor nodes timers 3 9
 neighbor nodes timers connect 1
${each(({ address, password }) => ` neighbor ${address} peer-group nodes${password === undefined ? '' : `\n neighbor ${address} password ${password}`}`)}
 address-family ipv4 unicast
${networks4.map((prefix) => `  network ${prefix}`).join('\n')}
  maximum-paths 8
  neighbor nodes activate
 exit-address-family
 address-family ipv6 unicast
${networks6.map((prefix) => `  network ${prefix}`).join('\n')}
  maximum-paths 8
  neighbor nodes activate
 exit-address-family
`
}
