import { chmodSync, mkdirSync } from 'node:fs'
import { eventually } from '../eventually.ts'
import type { OtherDaemon } from './daemons.ts'

export const openbgpd: OtherDaemon = {
  name: 'OpenBGPD',
  programs: ['/usr/sbin/bgpd', '/usr/sbin/bgpctl'],
  bothFamiliesOverOne: true,

  async start(stage, { host, asn, neighbors, originate4, originate6 }) {
    const name = `openbgpd${host}`
    const socket = stage.path(`${name}.sock`)
    // Its children lock themselves in there.
    mkdirSync('/run/openbgpd', { recursive: true })
    const file = stage.write(
      `${name}.conf`,
      `AS ${asn}
router-id 10.50.0.${host}
fib-update no
socket "${socket}"
nexthop qualify via default
${[...originate4, ...originate6].map((prefix) => `network ${prefix}`).join('\n')}
${neighbors
  .map(
    ({ address, asn: remote, password, more = [] }) => `neighbor ${address} {
  remote-as ${remote}
  holdtime 9
  announce IPv4 unicast
  announce IPv6 unicast
  ${password === undefined ? '' : `tcp md5sig password "${password}"`}
  ${more.join('\n  ')}
}`,
  )
  .join('\n')}
allow from any
allow to any
`,
    )
    chmodSync(file, 0o600)
    const argv = ['/usr/sbin/bgpd', '-d', '-f', file]
    const child = await stage.start(host, name, argv)
    const netns = await stage.host(host)
    const ask = (...words: string[]) => netns.exec('bgpctl', '-s', socket, '-j', ...words)
    await eventually('bgpctl answers', () => ask('show', 'summary').then(Boolean, () => false), 10_000)
    return {
      child,
      argv,
      ask,
      async route(prefix) {
        const { rib = [] } = JSON.parse((await ask('show', 'rib', 'detail', prefix)) || '{}') as { rib?: Path[] }
        const best = rib.find((path) => path.prefix === prefix && path.neighbor.remote_addr !== '0.0.0.0')
        if (best === undefined) return undefined
        return {
          nextHop: best.exit_nexthop,
          asPath: best.aspath,
          communities: (best.communities ?? []).join(' '),
          largeCommunities: (best.large_communities ?? []).join(' '),
        }
      },
    }
  },
}

interface Path {
  readonly prefix: string
  readonly exit_nexthop: string
  readonly aspath: string
  readonly neighbor: { readonly remote_addr: string }
  readonly communities?: string[]
  readonly large_communities?: string[]
}
