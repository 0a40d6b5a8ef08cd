import { describe, expect, test } from 'vitest'
import { eventually } from '../eventually.ts'
import { bird, frr, type OtherDaemon } from './daemons.ts'
import { basics, Stage, whyNot } from './stage.ts'

/** A Secret with a TCP MD5 key that changes while the session runs (RFC 2385). */
const alone = whyNot()

describe.skipIf(alone !== undefined)(alone ?? 'two of ours', () => {
  test('both change the key one after the other, twice, and the session does not notice', async () => {
    await using stage = await Stage.open()
    const both = [
      await stage.routelet(1, 'agent', objects(1, 2, 'k1')),
      await stage.routelet(2, 'agent', objects(2, 1, 'k1')),
    ]
    const established = async () => {
      const peers = await Promise.all(both.map(async (one) => (await one.peer('other'))!))
      return peers.every(({ state }) => state === 'Established') ? peers : undefined
    }
    await eventually('the session', established, 30_000)
    for (const key of ['k2', 'k3']) {
      for (const [i, one] of both.entries()) {
        const before = (await one.peer('other'))!.messages.received
        one.configure(objects(i + 1, 2 - i, key))
        // With different keys nothing is heard; with the same one keepalives come again.
        if (i === 0) continue
        await eventually('keepalives', async () => (await one.peer('other'))!.messages.received > before + 1, 20_000)
      }
    }
    expect(await established()).toMatchObject([
      { timesEstablished: 1, notifications: [] },
      { timesEstablished: 1, notifications: [] },
    ])
  })
})

/** Both end a session themselves when their key changes. */
const CHANGES: Readonly<
  Record<string, (ask: (...words: string[]) => Promise<string>, stage: Stage) => Promise<unknown>>
> = {
  FRR: (ask) => ask('configure terminal\nrouter bgp 65010\nneighbor 10.50.0.1 password second'),
  BIRD: (ask, stage) => {
    const file = stage.path('bird2.conf')
    stage.write('bird2.conf', stage.read('bird2.conf').replace('password "first"', 'password "second"'))
    return ask('configure', `"${file}"`)
  },
}

describe.each([frr, bird])('$name', (daemon: OtherDaemon) => {
  const reason = whyNot(...daemon.programs)
  test.skipIf(reason !== undefined)(
    reason ?? 'the key changes on both ends; only its own change resets the session',
    async () => {
      await using stage = await Stage.open()
      const routelet = await stage.routelet(1, 'agent', objects(1, 2, 'first', 65010))
      const neighbors = [{ address: '10.50.0.1', asn: 65000, password: 'first' }]
      const other = await daemon.start(stage, { host: 2, asn: 65010, neighbors, originate4: [], originate6: [] })
      await eventually('our route there', () => other.route('10.1.1.0/24'), 40_000)
      routelet.configure(objects(1, 2, 'second', 65010))
      await CHANGES[daemon.name]!((...words) => other.ask(...words), stage)
      const again = await eventually(
        'the session with the new key',
        async () => {
          const peer = (await routelet.peer('other'))!
          return peer.state === 'Established' && peer.timesEstablished === 2 ? peer : undefined
        },
        40_000,
      )
      expect(again.notifications.filter(({ direction }) => direction === 'sent')).toEqual([])
      await eventually('our route there', () => other.route('10.1.1.0/24'), 20_000)
    },
  )
})

function objects(n: number, other: number, password: string, asn = 65000): string {
  return `${basics(n)}---
apiVersion: v1
kind: Secret
metadata: { name: key, namespace: routelet-system }
stringData: { password: ${password} }
---
apiVersion: routelet.io/v1alpha1
kind: BGPPeer
metadata: { name: other }
spec:
  address: 10.50.0.${other}
  peerASN: ${asn}
  timers: { holdSeconds: 15, keepaliveSeconds: 1, connectRetrySeconds: 1 }
  importPolicies: [all]
  passwordSecretRef: { name: key, key: password }
`
}
