import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { eventually } from '../eventually.ts'
import { bird, frr, type Running } from './daemons.ts'
import { basics, type Routelet, Stage, whyNot } from './stage.ts'

/** Roles (RFC 9234): the neighbour is our provider, and a route leak is stopped; then it takes a role that does not fit. */
const WORDS = {
  FRR: { provider: 'local-role provider', peer: 'local-role peer' },
  BIRD: { provider: 'local role provider;', peer: 'local role peer;' },
} as const

describe.each([frr, bird])('$name', (daemon) => {
  const reason = whyNot(...daemon.programs)
  describe.skipIf(reason !== undefined)(reason ?? 'with roles', () => {
    const words = WORDS[daemon.name as keyof typeof WORDS]
    let stage: Stage
    let routelet: Routelet
    let provider: Running
    let second: Running

    beforeAll(async () => {
      stage = await Stage.open()
      routelet = await stage.routelet(1, 'agent', `${basics(1)}${peer('p2', 2)}${peer('p3', 3)}`)
      provider = await start(2, words.provider)
      second = await start(3, words.provider)
      for (const name of ['p2', 'p3']) {
        await eventually(name, async () => (await routelet.peer(name))?.state === 'Established', 30_000)
      }
    })
    afterAll(() => stage[Symbol.asyncDispose]())

    test('both tell their role', async () => {
      const { capabilities } = (await routelet.peer('p2'))!
      expect(capabilities?.sent).toContain('role customer')
      expect(capabilities?.received).toContain('role provider')
    })

    test('what a provider sends is marked with its AS, and not told to the other provider', async () => {
      const [route] = await eventually('the route', () => found(routelet.routes('20.2.0.0/24')), 20_000)
      expect(route).toMatchObject({ from: 'p2', onlyToCustomer: 65002, unknownAttributes: [] })
      await eventually('our own route is there', () => second.route('10.1.1.0/24'), 20_000)
      expect(await second.route('20.2.0.0/24')).toBeUndefined()
      expect(await routelet.routes('--advertised-to', 'p3')).toHaveLength(2)
    })

    test('a role that does not fit is refused with 2/11, whoever says so first', async () => {
      await stage.kill(provider.child)
      provider = await start(2, words.peer)
      const refused = await eventually(
        'the refusal',
        async () => (await routelet.peer('p2'))?.notifications.find((one) => one.code === 2 && one.subcode === 11),
        30_000,
      )
      expect(refused).toBeDefined()
      expect((await routelet.peer('p2'))?.state).not.toBe('Established')
      expect((await routelet.peer('p3'))?.timesEstablished).toBe(1)
    })

    function start(host: number, line: string): Promise<Running> {
      return daemon.start(stage, {
        host,
        asn: 65000 + host,
        neighbors: [{ address: '10.50.0.1', asn: 65000, more: [line] }],
        originate4: [`20.${host}.0.0/24`],
        originate6: [],
      })
    }
  })
})

async function found<T>(rows: Promise<T[]>): Promise<T[] | undefined> {
  const all = await rows
  return all.length > 0 ? all : undefined
}

function peer(name: string, host: number): string {
  return `---
apiVersion: routelet.io/v1alpha1
kind: BGPPeer
metadata: { name: ${name} }
spec:
  address: 10.50.0.${host}
  peerASN: ${65000 + host}
  role: Customer
  timers: { holdSeconds: 9, keepaliveSeconds: 3, connectRetrySeconds: 1 }
  importPolicies: [all]
  exportPolicies: [all]
`
}
