import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { eventually } from '../eventually.ts'
import { bird, frr, gobgp, type Running } from './daemons.ts'
import { type Routelet, Stage, whyNot } from './stage.ts'

const CLIENTS = [
  { daemon: frr, host: 2 },
  { daemon: bird, host: 3 },
  { daemon: gobgp, host: 4 },
] as const

const reason = whyNot(...CLIENTS.flatMap(({ daemon }) => daemon.programs))

describe.skipIf(reason !== undefined)(reason ?? 'routelet reflects between FRR, BIRD and GoBGP', () => {
  let stage: Stage
  let reflector: Routelet
  const running = new Map<string, Running>()

  beforeAll(async () => {
    stage = await Stage.open()
    reflector = await stage.routelet(1, 'reflector', objects())
    for (const { daemon, host } of CLIENTS) running.set(daemon.name, await start(stage, daemon, host))
    await eventually('all sessions', async () => established(await reflector.peers()) === CLIENTS.length, 30_000)
  })
  afterAll(() => stage[Symbol.asyncDispose]())

  test.each(pairs())('a route of $from.daemon.name reaches $to.daemon.name as it was', async ({ from, to }) => {
    const prefix = `20.${from.host}.0.0/24`
    const seen = await eventually('the route', () => running.get(to.daemon.name)!.route(prefix), 20_000)
    expect(seen).toMatchObject({ nextHop: `10.50.0.${from.host}`, asPath: '', originatorId: `10.50.0.${from.host}` })
  })

  test.each(pairs().filter(({ from, to }) => from.daemon.bothFamiliesOverOne && to.daemon.bothFamiliesOverOne))(
    'an IPv6 route of $from.daemon.name reaches $to.daemon.name over the IPv4 session',
    async ({ from, to }) => {
      const prefix = `2001:db8:${from.host}::/48`
      const seen = await eventually('the route', () => running.get(to.daemon.name)!.route(prefix), 20_000)
      expect(seen).toMatchObject({ nextHop: `fd50::${from.host}`, originatorId: `10.50.0.${from.host}` })
    },
  )

  test('no client is told its own routes, and the reflector installs none', async () => {
    for (const { host } of CLIENTS) {
      const told = await reflector.routes('--advertised-to', `client${host}`)
      expect(told.map(({ prefix }) => prefix)).not.toContain(`20.${host}.0.0/24`)
      expect(told.length).toBeGreaterThanOrEqual(2)
    }
    expect([...(await reflector.kernel())]).toEqual([])
  })

  test('a client that is killed takes its routes with it, and the others stay', async () => {
    const [frrClient] = CLIENTS
    await stage.kill(running.get('FRR')!.child)
    await eventually(
      'BIRD forgets it',
      async () => (await running.get('BIRD')!.route('20.2.0.0/24')) === undefined,
      20_000,
    )
    expect(await running.get('BIRD')!.route('20.4.0.0/24')).toBeDefined()
    running.set('FRR', await start(stage, frrClient.daemon, frrClient.host))
    await eventually('BIRD has it again', () => running.get('BIRD')!.route('20.2.0.0/24'), 30_000)
    const others = (await reflector.peers()).filter(({ name }) => name !== 'client2')
    expect(others.map(({ timesEstablished }) => timesEstablished)).toEqual([1, 1])
  })
})

function pairs() {
  return CLIENTS.flatMap((from) => CLIENTS.filter((to) => to !== from).map((to) => ({ from, to })))
}

function established(peers: Awaited<ReturnType<Routelet['peers']>>): number {
  return peers.filter(({ state }) => state === 'Established').length
}

function start(stage: Stage, daemon: (typeof CLIENTS)[number]['daemon'], host: number): Promise<Running> {
  return daemon.start(stage, {
    host,
    asn: 65000,
    neighbors: [{ address: '10.50.0.1', asn: 65000 }],
    originate4: [`20.${host}.0.0/24`],
    originate6: daemon.bothFamiliesOverOne ? [`2001:db8:${host}::/48`] : [],
  })
}

function objects(): string {
  const peers = CLIENTS.map(
    ({ host }) => `---
apiVersion: routelet.io/v1alpha1
kind: BGPPeer
metadata: { name: client${host} }
spec:
  address: 10.50.0.${host}
  peerASNType: Internal
  routeReflectorClient: true
  timers: { holdSeconds: 9, keepaliveSeconds: 3, connectRetrySeconds: 1 }
`,
  )
  return `apiVersion: routelet.io/v1alpha1
kind: RoutingConfig
metadata: { name: default }
spec: { asn: 65000, topology: { mode: None, reflectors: { clusterID: 1.1.1.1 } } }
${peers.join('')}`
}
