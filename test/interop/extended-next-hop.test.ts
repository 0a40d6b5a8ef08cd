import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { eventually } from '../eventually.ts'
import { bird, frr, type Running } from './daemons.ts'
import { basics, type Routelet, Stage, whyNot } from './stage.ts'

/** IPv4 routes on a session over IPv6, with IPv6 next hops (RFC 8950), down to the kernel. */
describe.each([
  { daemon: frr, neighbor: ['capability extended-nexthop'] },
  { daemon: bird, neighbor: ['ipv4 { import all; export all; next hop self; extended next hop on; };'] },
])('$daemon.name', ({ daemon, neighbor }) => {
  const reason = whyNot(...daemon.programs)
  describe.skipIf(reason !== undefined)(reason ?? 'over IPv6 alone', () => {
    let stage: Stage
    let routelet: Routelet
    let other: Running

    beforeAll(async () => {
      stage = await Stage.open()
      routelet = await stage.routelet(1, 'agent', OBJECTS)
      other = await daemon.start(stage, {
        host: 2,
        asn: 65010,
        neighbors: [{ address: 'fd50::1', asn: 65000, more: neighbor }],
        originate4: ['20.1.0.0/24'],
        originate6: ['2001:db8:20::/48'],
      })
      await eventually('the session', async () => (await routelet.peer('other'))?.state === 'Established', 30_000)
    })
    afterAll(() => stage[Symbol.asyncDispose]())

    test('an IPv4 route comes with an IPv6 next hop, and goes into the kernel so', async () => {
      await eventually('their route in our kernel', async () => (await routelet.kernel(4)).has('20.1.0.0/24'), 20_000)
      expect((await routelet.kernel(4)).get('20.1.0.0/24')).toEqual(['fd50::2'])
      expect((await routelet.routes('20.1.0.0/24'))[0]).toMatchObject({ nextHop: 'fd50::2', asPath: '65010' })
    })

    test('an IPv4 route goes out with our IPv6 address as next hop', async () => {
      const seen = await eventually('our route at the peer', () => other.route('10.1.1.0/24'), 20_000)
      expect(seen).toMatchObject({ nextHop: 'fd50::1', asPath: '65000', communities: '65000:7' })
    })

    test('and the IPv6 routes beside them as ever', async () => {
      await eventually('theirs', async () => (await routelet.kernel(6)).has('2001:db8:20::/48'), 20_000)
      await eventually('ours', () => other.route('fd10:1::/64'), 20_000)
    })
  })
})

const OBJECTS = `${basics(1)}---
apiVersion: routelet.io/v1alpha1
kind: BGPPeer
metadata: { name: other }
spec:
  address: "fd50::2"
  peerASN: 65010
  timers: { holdSeconds: 9, keepaliveSeconds: 3, connectRetrySeconds: 1 }
  importPolicies: [all]
`
