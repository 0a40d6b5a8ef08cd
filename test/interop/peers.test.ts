import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { eventually } from '../eventually.ts'
import { bird, frr, gobgp, type OtherDaemon, type Running } from './daemons.ts'
import { basics, type Routelet, Stage, whyNot } from './stage.ts'

const BOTH = [4, 6] as const

describe.each([frr, bird, gobgp])('$name', (daemon) => {
  const reason = whyNot(...daemon.programs)
  describe.skipIf(reason !== undefined)(reason ?? 'as a peer', () => {
    describe.each([
      ['internal', 65000, 4],
      ['internal', 65000, 6],
      ['external', 65010, 4],
      ['external', 65010, 6],
    ] as const)('%s (AS %i) over IPv%i', (type, asn, transport) => {
      let stage: Stage
      let routelet: Routelet
      let other: Running
      const families = daemon.bothFamiliesOverOne && transport === 4 ? BOTH : [transport]
      const start = () => startOther(daemon, stage, asn, transport)

      beforeAll(async () => {
        stage = await Stage.open()
        routelet = await stage.routelet(1, 'agent', objects(asn, transport))
        other = await start()
        await eventually('the session', async () => (await routelet.peer('other'))?.state === 'Established', 30_000)
      })
      afterAll(() => stage[Symbol.asyncDispose]())

      test.each(families)('routes of IPv%i go both ways, to the kernel and to the peer', async (family) => {
        const [theirs, ours, nextHop] =
          family === 4 ? ['20.1.0.0/24', '10.1.1.0/24', '10.50.0.'] : ['2001:db8:20::/48', 'fd10:1::/64', 'fd50::']
        await eventually('their route in our kernel', async () => (await routelet.kernel(family)).has(theirs), 20_000)
        expect((await routelet.kernel(family)).get(theirs)).toEqual([`${nextHop}2`])
        const [best] = await routelet.routes(theirs)
        expect(best).toMatchObject({ from: 'other', asPath: type === 'internal' ? '' : '65010' })

        const seen = await eventually('our route at the peer', () => other.route(ours), 20_000)
        expect(seen).toMatchObject({
          nextHop: `${nextHop}1`,
          asPath: type === 'internal' ? '' : '65000',
          communities: '65000:7',
          largeCommunities: '65000:1:2',
        })
      })

      test('the session ends when the peer is killed, its routes go, and all is back when it is', async () => {
        await stage.kill(other.child)
        await eventually(
          'the session ends',
          async () => (await routelet.peer('other'))?.state !== 'Established',
          15_000,
        )
        for (const family of families) {
          await eventually('their routes are gone', async () => (await learned(routelet, family)).length === 0, 15_000)
        }
        other = await start()
        for (const family of families) {
          await eventually('their routes are back', async () => (await learned(routelet, family)).length === 1, 30_000)
        }
        // More than twice when both ends dialed at once and one judged the collision later (RFC 4271, 6.8).
        expect((await routelet.peer('other'))?.timesEstablished).toBeGreaterThanOrEqual(2)
      })
    })

    test('TCP MD5: no session with the wrong password, one as soon as it is right', async () => {
      await using stage = await Stage.open()
      const routelet = await stage.routelet(1, 'agent', objects(65010, 4, 'wrong'))
      const other = await startOther(daemon, stage, 65010, 4, 'right')
      await eventually('attempts', async () => (await stage.drops('TCPMD5Failure', 1, 2)) >= 3, 20_000)
      expect((await routelet.peer('other'))?.timesEstablished).toBe(0)
      routelet.configure(objects(65010, 4, 'right'))
      await eventually('the session', async () => (await routelet.peer('other'))?.state === 'Established', 40_000)
      await eventually('our route at the peer', () => other.route('10.1.1.0/24'), 20_000)
    })
  })
})

async function learned(routelet: Routelet, family: 4 | 6): Promise<string[]> {
  return [...(await routelet.kernel(family))].filter(([, [way]]) => way !== 'blackhole').map(([prefix]) => prefix)
}

function startOther(daemon: OtherDaemon, stage: Stage, asn: number, transport: 4 | 6, password?: string) {
  return daemon.start(stage, {
    host: 2,
    asn,
    neighbors: [
      {
        address: transport === 4 ? '10.50.0.1' : 'fd50::1',
        asn: 65000,
        ...(password === undefined ? {} : { password }),
      },
    ],
    originate4: ['20.1.0.0/24'],
    originate6: ['2001:db8:20::/48'],
  })
}

function objects(asn: number, transport: 4 | 6, password?: string): string {
  const secret = `---
apiVersion: v1
kind: Secret
metadata: { name: key, namespace: routelet-system }
stringData: { password: ${password} }
`
  return `${basics(1)}${password === undefined ? '' : secret}---
apiVersion: routelet.io/v1alpha1
kind: BGPPeer
metadata: { name: other }
spec:
  address: "${transport === 4 ? '10.50.0.2' : 'fd50::2'}"
  peerASN: ${asn}
  families: [${transport === 4 ? 'ipv4-unicast, ' : ''}ipv6-unicast]
  timers: { holdSeconds: 9, keepaliveSeconds: 3, connectRetrySeconds: 1 }
  importPolicies: [all]
${password === undefined ? '' : '  passwordSecretRef: { name: key, key: password }'}
`
}
