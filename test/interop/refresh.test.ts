import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { eventually } from '../eventually.ts'
import { bird, frr, type Running } from './daemons.ts'
import { basics, type Routelet, Stage, whyNot } from './stage.ts'

/** Refreshes asked by the others and told by BIRD (RFC 2918, RFC 7313). GoBGP asks nobody: it keeps what it was told. */
const PEERS = [
  { daemon: frr, host: 2, ask: ['clear bgp 10.50.0.1 soft in'] },
  { daemon: bird, host: 3, ask: ['reload', 'in', 'peer0'] },
] as const

const reason = whyNot(...PEERS.flatMap(({ daemon }) => daemon.programs))

describe.skipIf(reason !== undefined)(reason ?? 'route refresh', () => {
  let stage: Stage
  let routelet: Routelet
  const running = new Map<number, Running>()

  beforeAll(async () => {
    stage = await Stage.open()
    routelet = await stage.routelet(1, 'agent', objects(''))
    for (const { daemon, host } of PEERS) {
      const neighbors = [{ address: '10.50.0.1', asn: 65000 }]
      const config = { host, asn: 65000, neighbors, originate4: [`20.${host}.0.0/24`], originate6: [] }
      running.set(host, await daemon.start(stage, config))
    }
    for (const { daemon, host } of PEERS) {
      await eventually(daemon.name, () => running.get(host)!.route('10.1.1.0/24'), 30_000)
    }
  })
  afterAll(() => stage[Symbol.asyncDispose]())

  test.each(PEERS)('$daemon.name asks, is told again and keeps the session', async ({ host, ask }) => {
    const before = (await routelet.peer(`p${host}`))!
    expect(before.capabilities?.received).toContain('enhanced-route-refresh')
    await running.get(host)!.ask(...ask)
    const after = await eventually(
      'UPDATEs again',
      async () => {
        const now = (await routelet.peer(`p${host}`))!
        return now.messages.updatesSent > before.messages.updatesSent &&
          now.messages.sent - now.messages.updatesSent >= before.messages.sent - before.messages.updatesSent + 2
          ? now
          : undefined
      },
      20_000,
    )
    expect(after).toMatchObject({ state: 'Established', timesEstablished: 1, notifications: [] })
    expect(await running.get(host)!.route('10.1.1.0/24')).toMatchObject({ nextHop: '10.50.0.1' })
  })

  test('our policies change what is told and what is taken, and neither session notices', async () => {
    routelet.configure(objects(POLICIES, '  importPolicies: [theirs]\n  exportPolicies: [ours]\n'))
    for (const { host } of PEERS) {
      const marked = async () => (await running.get(host)!.route('10.1.1.0/24'))?.communities.includes('65000:99')
      await eventually('our route with the mark', marked, 20_000)
    }
    await eventually('the one refused is gone', async () => !(await routelet.kernel()).has('20.2.0.0/24'), 20_000)
    expect((await routelet.kernel()).has('20.3.0.0/24')).toBe(true)
    routelet.configure(objects(''))
    await eventually('it is back', async () => (await routelet.kernel()).has('20.2.0.0/24'), 20_000)
    for (const { host } of PEERS) {
      const plain = async () => (await running.get(host)!.route('10.1.1.0/24'))?.communities === '65000:7'
      await eventually('our route without the mark', plain, 20_000)
      expect(await routelet.peer(`p${host}`)).toMatchObject({ timesEstablished: 1, notifications: [] })
    }
  })

  test('a policy of FRR changes what it makes of us, by a refresh', async () => {
    const { ask, route } = running.get(2)!
    await ask(
      ['configure terminal', 'route-map heard permit 10', 'set community 65010:5', 'exit', 'router bgp 65000']
        .concat('address-family ipv4 unicast', 'neighbor 10.50.0.1 route-map heard in')
        .join('\n'),
    )
    await ask('clear bgp 10.50.0.1 soft in')
    await eventually('its mark', async () => (await route('10.1.1.0/24'))?.communities === '65010:5', 20_000)
    expect(await routelet.peer('p2')).toMatchObject({ timesEstablished: 1, notifications: [] })
  })

  test('BIRD tells everything again between beginning and end, and nothing is lost', async () => {
    const before = (await routelet.peer('p3'))!
    await running.get(3)!.ask('reload', 'out', 'peer0')
    await eventually(
      'a beginning, an UPDATE and an end',
      async () => (await routelet.peer('p3'))!.messages.received >= before.messages.received + 3,
      20_000,
    )
    expect(await routelet.peer('p3')).toMatchObject({ state: 'Established', timesEstablished: 1 })
    expect(await routelet.routes('20.3.0.0/24')).toMatchObject([{ from: 'p3', best: true, stale: false }])
    expect(stage.log('routelet1')).not.toContain('stale after a refresh')
  })
})

const POLICIES = `---
apiVersion: routelet.io/v1alpha1
kind: RoutePolicy
metadata: { name: ours }
spec:
  defaultAction: Accept
  rules: [{ name: mark, match: {}, set: { addCommunities: ["65000:99"] }, action: Accept }]
---
apiVersion: routelet.io/v1alpha1
kind: RoutePolicy
metadata: { name: theirs }
spec:
  defaultAction: Accept
  rules: [{ name: not-this, match: { prefixes: [{ prefix: 20.2.0.0/24 }] }, action: Reject }]
`

function objects(more: string, options = ''): string {
  return `${basics(1)}${more}${PEERS.map(({ host }) => `${peer(host)}${options}`).join('')}`
}

function peer(host: number): string {
  return `---
apiVersion: routelet.io/v1alpha1
kind: BGPPeer
metadata: { name: p${host} }
spec:
  address: 10.50.0.${host}
  peerASN: 65000
  timers: { holdSeconds: 90, keepaliveSeconds: 30, connectRetrySeconds: 1 }
`
}
