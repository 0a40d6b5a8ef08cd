import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { eventually } from '../eventually.ts'
import { frr } from './daemons.ts'
import { basics, type Routelet, Stage, whyNot } from './stage.ts'

const reason = whyNot(...frr.programs)

/** A peer by link: FRR on the other end of a cable without any address but the link-local ones. */
describe.skipIf(reason !== undefined)(reason ?? 'FRR, unnumbered', () => {
  let stage: Stage
  let routelet: Routelet
  let ask: (command: string) => Promise<string>

  beforeAll(async () => {
    stage = await Stage.open()
    for (const n of [1, 2]) {
      const host = await stage.host(n)
      await host.ip('addr', 'flush', 'dev', 'eth0', 'scope', 'global')
      await host.ip('-6', 'addr', 'flush', 'dev', 'eth0', 'scope', 'global')
    }
    routelet = await stage.routelet(1, 'agent', OBJECTS)
    ask = await startFrr(stage)
  })
  afterAll(() => stage[Symbol.asyncDispose]())

  test('both find each other by router advertisements, and the session comes up', async () => {
    await eventually('the session', async () => (await routelet.peer('tor'))?.state === 'Established', 40_000)
    expect((await routelet.peer('tor'))?.remoteAddress).toMatch(/^fe80::/)
  })

  test('IPv4 and IPv6 routes go into the kernel by way of the link-local address', async () => {
    const via = (await routelet.peer('tor'))?.remoteAddress
    await eventually('their routes', async () => (await routelet.kernel(4)).has('20.1.0.0/24'), 20_000)
    expect((await routelet.kernel(4)).get('20.1.0.0/24')).toEqual([via])
    await eventually('their IPv6 routes', async () => (await routelet.kernel(6)).has('2001:db8:20::/48'), 20_000)
    expect((await routelet.kernel(6)).get('2001:db8:20::/48')).toEqual([via])
  })

  test('our pods are known over there, by way of us', async () => {
    for (const [family, prefix] of [
      ['ipv4', '10.1.1.0/24'],
      ['ipv6', 'fd10:1::/64'],
    ]) {
      const seen = await eventually(
        prefix!,
        async () => {
          type Shown = { paths?: { valid?: boolean; nexthops: { ip: string; used?: boolean }[] }[] }
          const shown = JSON.parse((await ask(`show bgp ${family} unicast ${prefix} json`)) || '{}') as Shown
          return shown.paths?.find(({ valid }) => valid)?.nexthops
        },
        20_000,
      )
      expect(seen?.some(({ ip }) => ip.startsWith('fe80::'))).toBe(true)
    }
  })
})

async function startFrr(stage: Stage): Promise<(command: string) => Promise<string>> {
  const folder = stage.path('frr2')
  mkdirSync(folder, { recursive: true })
  stage.write('frr2/bgpd.conf', BGPD)
  stage.write('frr2/zebra.conf', 'interface eth0\n no ipv6 nd suppress-ra\n ipv6 nd ra-interval 1\n')
  execFileSync('chown', ['-R', 'frr:frr', folder])
  const common = ['--vty_socket', folder, '-z', `${folder}/zserv`]
  const daemon = (name: string) => [
    `/usr/lib/frr/${name}`,
    ...common,
    '-i',
    `${folder}/${name}.pid`,
    '-f',
    `${folder}/${name}.conf`,
  ]
  await stage.start(2, 'zebra2', daemon('zebra'))
  await eventually('zebra answers', () => existsSync(`${folder}/zserv`) && existsSync(`${folder}/zebra.vty`), 10_000)
  await stage.start(2, 'bgpd2', daemon('bgpd'))
  const host = await stage.host(2)
  return (command) => host.exec('vtysh', '--vty_socket', folder, '-c', command)
}

const BGPD = `router bgp 65010
 bgp router-id 10.50.0.2
 no bgp ebgp-requires-policy
 no bgp network import-check
 neighbor eth0 interface remote-as external
 neighbor eth0 timers 3 9
 neighbor eth0 timers connect 1
 address-family ipv4 unicast
  network 20.1.0.0/24
 exit-address-family
 address-family ipv6 unicast
  network 2001:db8:20::/48
  neighbor eth0 activate
 exit-address-family
`

const OBJECTS = `${basics(1)}---
apiVersion: routelet.io/v1alpha1
kind: BGPPeer
metadata: { name: tor }
spec:
  interface: eth0
  peerASN: 65010
  timers: { holdSeconds: 9, keepaliveSeconds: 3, connectRetrySeconds: 1 }
  importPolicies: [all]
`
