import { expect, test } from 'vitest'
import { eventually } from '../eventually.ts'
import { bird } from './daemons.ts'
import { basics, Stage, whyNot } from './stage.ts'

/** What BIRD asks for by communities: GRACEFUL_SHUTDOWN (RFC 8326) and BLACKHOLE (RFC 7999). */
const reason = whyNot(...bird.programs)

test.skipIf(reason !== undefined)(reason ?? 'BIRD withdraws gracefully, and has traffic discarded', async () => {
  await using stage = await Stage.open()
  const routelet = await stage.routelet(1, 'agent', objects)
  const signals = 'if net.len = 32 then bgp_community.add((65535, 666)); else bgp_community.add((65535, 0)); accept;'
  const more = [`ipv4 { import all; export filter { ${signals} }; };`]
  await bird.start(stage, {
    host: 2,
    asn: 65010,
    neighbors: [{ address: '10.50.0.1', asn: 65000, more }],
    originate4: ['20.1.0.0/24', '20.2.0.1/32'],
    originate6: [],
  })
  await eventually('both in the kernel', async () => (await routelet.kernel()).size >= 3, 30_000)
  const kernel = await routelet.kernel()
  expect([kernel.get('20.1.0.0/24'), kernel.get('20.2.0.1/32')]).toEqual([['10.50.0.2'], ['blackhole']])
  expect(await routelet.routes('20.1.0.0/24')).toMatchObject([{ localPref: 0, communities: ['graceful-shutdown'] }])
  expect(await routelet.routes('20.2.0.1/32')).toMatchObject([{ communities: ['blackhole', 'no-export'] }])
})

const objects = `${basics(1)}---
apiVersion: routelet.io/v1alpha1
kind: RoutePolicy
metadata: { name: victims }
spec:
  defaultAction: Accept
  rules:
    - { name: hosts, match: { prefixes: [{ prefix: 20.2.0.0/16, minLength: 32, maxLength: 32 }] }, action: Accept }
---
apiVersion: routelet.io/v1alpha1
kind: BGPPeer
metadata: { name: other }
spec:
  address: 10.50.0.2
  peerASN: 65010
  timers: { holdSeconds: 9, keepaliveSeconds: 3, connectRetrySeconds: 1 }
  importPolicies: [victims]
`
