import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { eventually } from '../eventually.ts'
import { bird, frr, gobgp, type OtherDaemon, type Running } from './daemons.ts'
import { basics, type Routelet, Stage, whyNot } from './stage.ts'

/** Long-lived graceful restart (RFC 9494): restart times of 2 and 3 seconds, stale times of an hour. */
const LONG_LIVED = {
  BIRD: [
    'graceful restart on; graceful restart time 3;',
    'long lived graceful restart on; long lived stale time 3600;',
  ],
  GoBGP: [
    '    [neighbors.afi-safis.mp-graceful-restart.config]',
    '      enabled = true',
    '    [neighbors.afi-safis.long-lived-graceful-restart.config]',
    '      enabled = true',
    '      restart-time = 3600',
    '  [neighbors.graceful-restart.config]',
    '    enabled = true',
    '    restart-time = 3',
    '    long-lived-enabled = true',
  ],
} as const

describe.each([bird, gobgp])('$name, long-lived', (daemon) => {
  const reason = whyNot(...daemon.programs)
  describe.skipIf(reason !== undefined)(reason ?? 'restarts', () => {
    let stage: Stage
    let routelet: Routelet
    let other: Running

    beforeAll(async () => {
      stage = await Stage.open()
      routelet = await stage.routelet(1, 'agent', objects('restartSeconds: 2, longLivedStaleSeconds: 3600'))
      other = await start(stage, daemon, LONG_LIVED[daemon.name as keyof typeof LONG_LIVED])
      await eventually('our route there', () => other.route('10.1.1.0/24'), 30_000)
      await eventually('their route here', async () => (await routelet.kernel()).has('20.2.0.0/24'), 30_000)
    })
    afterAll(() => stage[Symbol.asyncDispose]())

    test('both offer it', async () => {
      const { sent, received } = (await routelet.peer('p2'))!.capabilities!
      expect(sent.join()).toContain('long-lived-graceful-restart ipv4-unicast 3600 s')
      expect(received.join()).toContain('long-lived-graceful-restart ipv4-unicast 3600 s')
    })

    test('while we are long away our routes stay there, marked, and are fresh when we are back', async () => {
      await routelet.kill()
      const marked = async () => {
        const { communities = '' } = (await other.route('10.1.1.0/24')) ?? {}
        return /65535:6|llgr/i.test(communities)
      }
      await eventually('the mark', marked, 30_000)
      await routelet.restart()
      await eventually('no mark', async () => !(await marked()), 30_000)
      await eventually('routelet answers', () => routelet.peers().then(Boolean, () => false), 20_000)
    })

    test('while it is long away its routes stay here, marked, and in the kernel; they are fresh when it is back', async () => {
      await eventually('their route here', async () => (await routelet.kernel()).has('20.2.0.0/24'), 30_000)
      await stage.kill(other.child)
      const marked = async () => {
        const [route] = await routelet.routes('20.2.0.0/24')
        expect((await routelet.kernel()).has('20.2.0.0/24')).toBe(true)
        return route?.stale && route.communities.includes('llgr-stale')
      }
      await eventually('the mark', marked, 30_000)
      other = await start(stage, daemon, LONG_LIVED[daemon.name as keyof typeof LONG_LIVED])
      await eventually(
        'no mark',
        async () => (await routelet.routes('20.2.0.0/24'))[0]?.stale === false && !(await marked()),
        40_000,
      )
    })
  })
})

/** Without the second line it says that it has lost its forwarding, and what was kept goes as soon as it is back. */
const KEEPING = ['bgp graceful-restart notification', 'bgp graceful-restart preserve-fw-state']

const noFrr = whyNot(...frr.programs)

describe.skipIf(noFrr !== undefined)(noFrr ?? 'NOTIFICATIONs of FRR as restarts (RFC 8538)', () => {
  test.each([
    ['a reset keeps the routes on both sides', ['no bgp hard-administrative-reset'], 4],
    ['a hard reset does not', ['bgp hard-administrative-reset'], 9],
  ] as const)('%s', async (_, lines, subcode) => {
    await using stage = await Stage.open()
    const routelet = await stage.routelet(1, 'agent', objects('restartSeconds: 60, longLivedStaleSeconds: 60'))
    const other = await start(stage, frr, ['graceful-restart'], [...KEEPING, ...lines])
    await eventually('our route there', () => other.route('10.1.1.0/24'), 30_000)
    await eventually('their route here', async () => (await routelet.kernel()).has('20.2.0.0/24'), 30_000)
    let lost = false
    await other.ask('clear bgp 10.50.0.1')
    await eventually(
      'the session again',
      async () => {
        lost ||= !(await routelet.kernel()).has('20.2.0.0/24')
        const peer = (await routelet.peer('p2'))!
        return peer.timesEstablished >= 2 && peer.families.some(({ endOfRibReceived }) => endOfRibReceived)
      },
      30_000,
    )
    const { notifications } = (await routelet.peer('p2'))!
    expect(notifications).toMatchObject([{ direction: 'received', code: 6, subcode }])
    if (subcode === 4) expect(lost).toBe(false)
    await eventually('their route here', async () => (await routelet.kernel()).has('20.2.0.0/24'), 30_000)
  })
})

function start(stage: Stage, daemon: OtherDaemon, more: readonly string[], lines: readonly string[] = []) {
  return daemon.start(stage, {
    host: 2,
    asn: 65000,
    neighbors: [{ address: '10.50.0.1', asn: 65000, more }],
    more: lines,
    originate4: ['20.2.0.0/24'],
    originate6: [],
  })
}

function objects(gracefulRestart: string): string {
  return `${basics(1, 65000, `  gracefulRestart: { ${gracefulRestart} }`)}---
apiVersion: routelet.io/v1alpha1
kind: BGPPeer
metadata: { name: p2 }
spec:
  address: 10.50.0.2
  peerASN: 65000
  families: [ipv4-unicast]
  timers: { holdSeconds: 9, keepaliveSeconds: 3, connectRetrySeconds: 1 }
`
}
