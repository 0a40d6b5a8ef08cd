import type { ChildProcess } from 'node:child_process'
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync } from 'node:fs'
import { eventually } from '../eventually.ts'
import type { Stage } from './stage.ts'

/** A neighbour of a daemon under test. */
export interface Neighbor {
  readonly address: string
  readonly asn: number
  readonly password?: string
  /** More lines of its configuration, in the language of the daemon. */
  readonly more?: readonly string[]
}

export interface DaemonConfig {
  readonly host: number
  readonly asn: number
  readonly neighbors: readonly Neighbor[]
  /** More lines of FRR's `router bgp`. */
  readonly more?: readonly string[]
  readonly originate4: readonly string[]
  readonly originate6: readonly string[]
}

export interface SeenRoute {
  readonly nextHop: string
  readonly asPath: string
  readonly communities: string
  readonly largeCommunities: string
  readonly originatorId?: string
}

/** Another implementation, as a peer to test against. */
export interface OtherDaemon {
  readonly name: string
  readonly programs: readonly string[]
  /** Can carry IPv6 routes on a session over IPv4. */
  readonly bothFamiliesOverOne: boolean
  start(stage: Stage, config: DaemonConfig): Promise<Running>
}

export interface Running {
  readonly child: ChildProcess
  /** How it was started, to start it again as it was. */
  readonly argv: readonly string[]
  /** What a command of its own prints. */
  ask(...words: string[]): Promise<string>
  /** What it has for the prefix, undefined when it has nothing. */
  route(prefix: string): Promise<SeenRoute | undefined>
}

export const frr: OtherDaemon = {
  name: 'FRR',
  programs: ['/usr/lib/frr/bgpd', '/usr/lib/frr/zebra', '/usr/bin/vtysh'],
  bothFamiliesOverOne: true,

  async start(stage, config) {
    const name = `frr${config.host}`
    const folder = stage.path(name)
    mkdirSync(folder, { recursive: true })
    const file = stage.write(`${name}/bgpd.conf`, frrConfig(config))
    // Its daemons give up root, and then want to write here.
    execFileSync('chown', ['-R', 'frr:frr', folder])
    const common = ['--vty_socket', folder, '-z', `${folder}/zserv`]
    await stage.start(config.host, `${name}-zebra`, [
      '/usr/lib/frr/zebra',
      ...common,
      '-i',
      `${folder}/zebra.pid`,
      '-f',
      '/dev/null',
    ])
    // A bgpd that comes first asks zebra again only after ten seconds, and knows no IPv6 next hop until then.
    await eventually('zebra answers', () => existsSync(`${folder}/zserv`) && existsSync(`${folder}/zebra.vty`), 10_000)
    const argv = ['/usr/lib/frr/bgpd', ...common, '-i', `${folder}/bgpd.pid`, '-f', file]
    const child = await stage.start(config.host, name, argv)
    const host = await stage.host(config.host)
    const ask = (...words: string[]) => host.exec('vtysh', '--vty_socket', folder, '-c', words.join(' '))
    await eventually('vtysh answers', () => ask('show bgp summary json').then(Boolean, () => false), 10_000)
    return {
      child,
      argv,
      ask,
      async route(prefix) {
        const text = await ask(`show bgp ${prefix.includes(':') ? 'ipv6' : 'ipv4'} unicast ${prefix} json`)
        const { paths = [] } = JSON.parse(text || '{}') as { paths?: FrrPath[] }
        const best = paths.find((path) => path.bestpath?.overall)
        if (best === undefined) return undefined
        const nextHop = best.nexthops.find(({ scope }) => scope !== 'link-local') ?? best.nexthops[0]
        return {
          nextHop: nextHop?.ip ?? '',
          asPath: best.aspath?.string === 'Local' ? '' : (best.aspath?.string ?? ''),
          communities: best.community?.string ?? '',
          largeCommunities: best.largeCommunity?.string ?? '',
          ...(best.originatorId === undefined ? {} : { originatorId: best.originatorId }),
        }
      },
    }
  },
}

interface FrrPath {
  readonly bestpath?: { overall?: boolean }
  readonly aspath?: { string: string }
  readonly nexthops: { ip: string; scope?: string }[]
  readonly community?: { string: string }
  readonly largeCommunity?: { string: string }
  readonly originatorId?: string
}

/** Of FRR: IPv4 routes on a session over IPv6 (RFC 8950). */
const EXTENDED = 'capability extended-nexthop'

function frrConfig({ host, asn, neighbors, originate4, originate6, more: lines = [] }: DaemonConfig): string {
  const each = (line: (neighbor: Neighbor) => string) => neighbors.map(line).join('\n')
  return `router bgp ${asn}
 bgp router-id 10.50.0.${host}
 no bgp ebgp-requires-policy
 no bgp default ipv4-unicast
 no bgp network import-check
${lines.map((line) => ` ${line}`).join('\n')}
${each(
  ({ address, asn, password, more = [] }) => ` neighbor ${address} remote-as ${asn}
 neighbor ${address} timers 3 9
 neighbor ${address} timers connect 1
${password === undefined ? '' : ` neighbor ${address} password ${password}`}
${more.map((line) => ` neighbor ${address} ${line}`).join('\n')}`,
)}
 address-family ipv4 unicast
${originate4.map((prefix) => `  network ${prefix}`).join('\n')}
${each(({ address, more = [] }) => (address.includes(':') && !more.includes(EXTENDED) ? '' : `  neighbor ${address} activate`))}
 exit-address-family
 address-family ipv6 unicast
${originate6.map((prefix) => `  network ${prefix}`).join('\n')}
${each(({ address }) => `  neighbor ${address} activate`)}
 exit-address-family
`
}

export const bird: OtherDaemon = {
  name: 'BIRD',
  programs: ['/usr/sbin/bird', '/usr/sbin/birdc'],
  bothFamiliesOverOne: true,

  async start(stage, config) {
    const name = `bird${config.host}`
    const file = stage.write(`${name}.conf`, birdConfig(config))
    const socket = stage.path(`${name}.ctl`)
    const pid = stage.path(`${name}.pid`)
    const argv = ['/usr/sbin/bird', '-f', '-c', file, '-s', socket, '-P', pid]
    const child = await stage.start(config.host, name, argv)
    const host = await stage.host(config.host)
    const ask = (...words: string[]) => host.exec('birdc', '-s', socket, ...words)
    await eventually('birdc answers', () => ask('show', 'status').then(Boolean, () => false), 10_000)
    return {
      child,
      argv,
      ask,
      async route(prefix) {
        // birdc ends with an error when there is no such network.
        const text = await ask('show', 'route', 'all', 'primary', 'for', prefix).catch(() => '')
        if (!text.includes(`\n${prefix} `) || !text.includes('BGP.as_path')) return undefined
        const field = (key: string) => new RegExp(`BGP\\.${key}: ?(.*)`).exec(text)?.[1]?.trim() ?? ''
        const originatorId = field('originator_id')
        return {
          nextHop: field('next_hop').split(' ')[0] ?? '',
          asPath: field('as_path'),
          communities: field('community').replace(/\((\d+),(\d+)\)/g, '$1:$2'),
          largeCommunities: field('large_community').replace(/\((\d+), ?(\d+), ?(\d+)\)/g, '$1:$2:$3'),
          ...(originatorId === '' ? {} : { originatorId }),
        }
      },
    }
  },
}

function birdConfig({ host, asn, neighbors, originate4, originate6 }: DaemonConfig): string {
  const statics = (prefixes: readonly string[]) => prefixes.map((prefix) => `  route ${prefix} blackhole;`).join('\n')
  return `router id 10.50.0.${host};
log stderr all;
protocol device {}
protocol static { ipv4;\n${statics(originate4)}\n}
protocol static { ipv6;\n${statics(originate6)}\n}
${neighbors
  .map(
    ({ address, asn: remote, password, more = [] }, i) => `protocol bgp peer${i} {
  local as ${asn};
  neighbor ${address} as ${remote};
  hold time 9; keepalive time 3; connect retry time 1; connect delay time 1; error wait time 1, 2;
  ${more.join('\n  ')}
  ${more.some((line) => line.includes('graceful restart')) ? '' : 'graceful restart off;'}
  ${password === undefined ? '' : `password "${password}";`}
  ${address.includes(':') || more.some((line) => line.startsWith('ipv4')) ? '' : 'ipv4 { import all; export all; next hop self; };'}
  ipv6 { import all; export all; next hop self; };
}`,
  )
  .join('\n')}
`
}

export const gobgp: OtherDaemon = {
  name: 'GoBGP',
  programs: ['/usr/bin/gobgpd', '/usr/bin/gobgp'],
  bothFamiliesOverOne: false,

  async start(stage, config) {
    const name = `gobgp${config.host}`
    const file = stage.write(`${name}.toml`, gobgpConfig(config))
    const argv = ['/usr/bin/gobgpd', '-f', file, '--api-hosts', '127.0.0.1:50051']
    const child = await stage.start(config.host, name, argv)
    const host = await stage.host(config.host)
    const ask = (...words: string[]) => host.exec('gobgp', ...words)
    await eventually('gobgp answers', () => ask('global').then(Boolean, () => false), 10_000)
    for (const prefix of config.originate4) await ask('global', 'rib', 'add', prefix, '-a', 'ipv4')
    for (const prefix of config.originate6) {
      await ask('global', 'rib', 'add', prefix, 'nexthop', `fd50::${config.host}`, '-a', 'ipv6')
    }
    return {
      child,
      argv,
      ask,
      async route(prefix) {
        const family = prefix.includes(':') ? 'ipv6' : 'ipv4'
        const text = await ask('global', 'rib', prefix, '-a', family, '-j').catch(() => '{}')
        const tables = JSON.parse(text || '{}') as Record<string, GobgpPath[]>
        const best = tables[prefix]?.[0]
        return best && seenByGobgp(best)
      },
    }
  },
}

interface GobgpPath {
  readonly attrs: {
    type: number
    nexthop?: string
    value?: unknown
    as_paths?: { asns: number[] }[]
    communities?: number[]
  }[]
}

function seenByGobgp({ attrs }: GobgpPath): SeenRoute {
  const attribute = (type: number) => attrs.find((candidate) => candidate.type === type)
  const large = (attribute(32)?.value ?? []) as { ASN: number; LocalData1: number; LocalData2: number }[]
  const originatorId = attribute(9)?.value
  return {
    nextHop: attribute(3)?.nexthop ?? attribute(14)?.nexthop ?? '',
    asPath: (attribute(2)?.as_paths ?? []).flatMap(({ asns }) => asns).join(' '),
    communities: (attribute(8)?.communities ?? []).map((value) => `${value >>> 16}:${value & 0xffff}`).join(' '),
    largeCommunities: large.map(({ ASN, LocalData1, LocalData2 }) => `${ASN}:${LocalData1}:${LocalData2}`).join(' '),
    ...(typeof originatorId === 'string' ? { originatorId } : {}),
  }
}

function gobgpConfig({ host, asn, neighbors }: DaemonConfig): string {
  return `[global.config]
  as = ${asn}
  router-id = "10.50.0.${host}"
${neighbors
  .map(
    ({ address, asn: remote, password, more = [] }) => `[[neighbors]]
  [neighbors.config]
    neighbor-address = "${address}"
    peer-as = ${remote}
    ${password === undefined ? '' : `auth-password = "${password}"`}
  [neighbors.timers.config]
    hold-time = 9
    keepalive-interval = 3
    connect-retry = 1
    idle-hold-time-after-reset = 1
  [[neighbors.afi-safis]]
    [neighbors.afi-safis.config]
      afi-safi-name = "${address.includes(':') ? 'ipv6' : 'ipv4'}-unicast"
${more.join('\n')}
`,
  )
  .join('\n')}`
}
