import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { eventually } from '../eventually.ts'
import { bird, frr, gobgp, type OtherDaemon, type Running } from './daemons.ts'
import { basics, type Routelet, Stage, whyNot } from './stage.ts'

const ANYCAST = '20.0.0.0/24'

interface Side {
  readonly daemon: OtherDaemon
  readonly host: number
  /** Lines that make it send and take several paths, as a peer and as a reflector of the peer. */
  readonly several: readonly string[]
  readonly reflects: readonly string[]
  /** Next hops of the paths it holds for the prefix that stand in what it prints. */
  nextHops(running: Running): Promise<string>
}

const SIDES: readonly Side[] = [
  {
    daemon: frr,
    host: 2,
    several: ['addpath-tx-all-paths'],
    reflects: ['route-reflector-client'],
    nextHops: ({ ask }) => ask(`show bgp ipv4 unicast ${ANYCAST}`),
  },
  {
    daemon: bird,
    host: 3,
    several: ['ipv4 { import all; export all; add paths on; };'],
    reflects: ['rr client;'],
    nextHops: ({ ask }) => ask('show', 'route', 'all', 'for', ANYCAST),
  },
  {
    daemon: gobgp,
    host: 4,
    several: ['[neighbors.afi-safis.add-paths.config]', 'receive = true', 'send-max = 8'],
    reflects: [
      '[neighbors.route-reflector.config]',
      'route-reflector-client = true',
      'route-reflector-cluster-id = "9.9.9.9"',
    ],
    nextHops: ({ ask }) => ask('global', 'rib', ANYCAST),
  },
]

const reason = whyNot(...SIDES.flatMap(({ daemon }) => daemon.programs))

const peerObject = (host: number, spec: string) => `---
apiVersion: routelet.io/v1alpha1
kind: BGPPeer
metadata: { name: client${host} }
spec:
  address: 10.50.0.${host}
  peerASNType: Internal
  timers: { holdSeconds: 9, keepaliveSeconds: 3, connectRetrySeconds: 1 }
  ${spec}
`

describe.skipIf(reason !== undefined)(reason ?? 'an address that several clients announce', () => {
  let stage: Stage
  let reflector: Routelet
  const running = new Map<number, Running>()

  beforeAll(async () => {
    stage = await Stage.open()
    const clients = SIDES.map(({ host }) =>
      peerObject(host, 'routeReflectorClient: true\n  addPath: { send: 8, receive: true }'),
    )
    const config = `apiVersion: routelet.io/v1alpha1
kind: RoutingConfig
metadata: { name: default }
spec: { asn: 65000, topology: { mode: None } }
`
    reflector = await stage.routelet(1, 'reflector', config + clients.join(''))
    for (const { daemon, host, several } of SIDES) {
      const neighbors = [{ address: '10.50.0.1', asn: 65000, more: several }]
      const routes = { originate4: [ANYCAST], originate6: [] }
      running.set(host, await daemon.start(stage, { host, asn: 65000, neighbors, ...routes }))
    }
  })
  afterAll(() => stage[Symbol.asyncDispose]())

  test.each(SIDES)('reaches $daemon.name with the next hops of all the others', async ({ host, nextHops }) => {
    const others = SIDES.filter((side) => side.host !== host).map((side) => `10.50.0.${side.host}`)
    await eventually(
      'all paths',
      async () => {
        const text = await nextHops(running.get(host)!).catch(() => '')
        return others.every((nextHop) => text.includes(nextHop))
      },
      30_000,
    )
    const told = await reflector.routes('--advertised-to', `client${host}`)
    expect(told.map(({ nextHop }) => nextHop).sort()).toEqual(others)
    expect(new Set(told.map(({ pathId }) => pathId)).size).toBe(2)
  })

  test('both sides say so', async () => {
    for (const { host } of SIDES) {
      const { sent, received } = (await reflector.peer(`client${host}`))!.capabilities!
      expect(sent.join()).toContain('add-path ipv4-unicast send/receive')
      expect(received.join()).toMatch(/add-path .*ipv4-unicast send\/receive/)
    }
  })

  test('loses the one path of a client that goes, and gets it back', async () => {
    const [first, second, third] = SIDES
    await stage.kill(running.get(second!.host)!.child)
    const holds = async (side: Side) => (await side.nextHops(running.get(side.host)!)).includes('10.50.0.3')
    for (const side of [first!, third!]) {
      await eventually('forgotten', async () => !(await holds(side)), 20_000)
      const other = side === first ? '10.50.0.4' : '10.50.0.2'
      expect(await side.nextHops(running.get(side.host)!)).toContain(other)
    }
    const neighbors = [{ address: '10.50.0.1', asn: 65000, more: second!.several }]
    const config = { host: 3, asn: 65000, neighbors, originate4: [ANYCAST], originate6: [] }
    running.set(3, await second!.daemon.start(stage, config))
    for (const side of [first!, third!]) await eventually('there again', () => holds(side), 30_000)
  })
})

describe.skipIf(reason !== undefined).each(SIDES)(reason ?? '$daemon.name as a reflector', (side) => {
  let stage: Stage
  let agent: Routelet
  const sources: Routelet[] = []
  const clients = [5, 6]

  beforeAll(async () => {
    stage = await Stage.open()
    agent = await stage.routelet(1, 'agent', basics(1) + peerObject(side.host, 'addPath: { receive: true }'))
    const anycast = `---
apiVersion: routelet.io/v1alpha1
kind: BGPAdvertisement
metadata: { name: anycast }
spec: { type: Prefix, prefixes: [${ANYCAST}] }
`
    for (const n of clients)
      sources.push(await stage.routelet(n, 'agent', basics(n) + anycast + peerObject(side.host, '')))
    const { daemon, host, several, reflects } = side
    const neighbors = [1, ...clients].map((n) => ({
      address: `10.50.0.${n}`,
      asn: 65000,
      more: [...several, ...reflects],
    }))
    await daemon.start(stage, { host, asn: 65000, neighbors, originate4: [], originate6: [] })
  })
  afterAll(() => stage[Symbol.asyncDispose]())

  const held = async () =>
    (await agent.routes('--received-from', `client${side.host}`)).filter(({ prefix }) => prefix === ANYCAST)

  test('tells all paths, which go to the kernel together', async () => {
    await eventually('both paths', async () => (await held()).length === 2, 30_000)
    const routes = await held()
    expect(routes.map(({ nextHop }) => nextHop).sort()).toEqual(clients.map((n) => `10.50.0.${n}`))
    expect(new Set(routes.map(({ pathId }) => pathId)).size).toBe(2)
    expect(routes.every(({ from }) => from === `client${side.host}`)).toBe(true)
    const ways = clients.map((n) => `10.50.0.${n}`)
    await eventually('in the kernel', async () => String((await agent.kernel()).get(ANYCAST)) === String(ways), 20_000)
  })

  test('withdraws one, and the other stays', async () => {
    sources[0]!.configure(basics(5) + peerObject(side.host, ''))
    await eventually('one path', async () => (await held()).length === 1, 20_000)
    expect((await held())[0]!.nextHop).toBe('10.50.0.6')
    await eventually('in the kernel', async () => String((await agent.kernel()).get(ANYCAST)) === '10.50.0.6', 20_000)
  })
})
