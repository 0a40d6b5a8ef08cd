import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { eventually } from '../eventually.ts'
import type { Running } from './daemons.ts'
import { openbgpd } from './openbgpd.ts'
import { basics, type Routelet, Stage, whyNot } from './stage.ts'

const reason = whyNot(...openbgpd.programs)

describe.skipIf(reason !== undefined).each([
  { kind: 'internal', asn: 65000 },
  { kind: 'external', asn: 65010 },
])(reason ?? 'OpenBGPD, $kind', ({ kind, asn }) => {
  let stage: Stage
  let routelet: Routelet
  let other: Running

  beforeAll(async () => {
    stage = await Stage.open()
    routelet = await stage.routelet(1, 'agent', objects(asn))
    other = await openbgpd.start(stage, {
      host: 2,
      asn,
      neighbors: [{ address: '10.50.0.1', asn: 65000 }],
      originate4: ['20.1.0.0/24'],
      originate6: [],
    })
    await eventually('the session', async () => (await routelet.peer('other'))?.state === 'Established', 40_000)
  })
  afterAll(() => stage[Symbol.asyncDispose]())

  test('its routes come into our kernel', async () => {
    await eventually('their route in our kernel', async () => (await routelet.kernel(4)).has('20.1.0.0/24'), 20_000)
    expect((await routelet.kernel(4)).get('20.1.0.0/24')).toEqual(['10.50.0.2'])
    expect((await routelet.routes('20.1.0.0/24'))[0]).toMatchObject({ asPath: kind === 'internal' ? '' : '65010' })
  })

  test('ours come there, with their communities', async () => {
    const seen = await eventually('our route', () => other.route('10.1.1.0/24'), 20_000)
    expect(seen).toMatchObject({
      nextHop: '10.50.0.1',
      asPath: kind === 'internal' ? '' : '65000',
      communities: '65000:7',
      largeCommunities: '65000:1:2',
    })
  })

  test('what is withdrawn here is gone there', async () => {
    routelet.configure(objects(asn).replace('podCIDRs: [10.1.1.0/24,', 'podCIDRs: [10.1.9.0/24,'))
    await eventually('the new one', () => other.route('10.1.9.0/24'), 20_000)
    await eventually('the old one is gone', async () => (await other.route('10.1.1.0/24')) === undefined, 20_000)
  })
})

function objects(asn: number): string {
  return `${basics(1)}---
apiVersion: routelet.io/v1alpha1
kind: BGPPeer
metadata: { name: other }
spec:
  address: 10.50.0.2
  peerASN: ${asn}
  timers: { holdSeconds: 9, keepaliveSeconds: 3, connectRetrySeconds: 1 }
  importPolicies: [all]
`
}
