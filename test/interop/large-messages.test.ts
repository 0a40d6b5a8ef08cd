import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { eventually } from '../eventually.ts'
import { bird, frr, type Running } from './daemons.ts'
import { type Routelet, Stage, whyNot } from './stage.ts'

/** Routes of one attribute set: more than one message of 4096 octets holds. */
const ROUTES = 1_500
/** Of FRR, which are more. */
const THEIRS = 6_000
/** Its large communities alone are longer than that. */
const LONG = '22.0.0.0/24'
const COMMUNITIES = 400
const MARKED = '23.0.0.0/24'

const [SOURCE, FRR, PLAIN] = [2, 3, 4]
const reason = whyNot(...frr.programs, ...bird.programs)

/** A reflector between BIRD and FRR, which take long messages (RFC 8654), and another BIRD, which does not. */
describe.skipIf(reason !== undefined)(reason ?? 'long messages', () => {
  let stage: Stage
  let reflector: Routelet
  let viaFrr: Running
  let plain: Running

  beforeAll(async () => {
    // tshark 4.0 takes nothing for a message that is longer than 4096 octets.
    stage = await Stage.open({ captured: false })
    reflector = await stage.routelet(1, 'reflector', OBJECTS)
    const source = { ...client(SOURCE, SAYS), originate4: [...table(21), LONG, MARKED] }
    const starts = [
      frr.start(stage, { ...client(FRR), originate4: table(24, THEIRS) }),
      bird.start(stage, client(PLAIN)),
      bird.start(stage, source),
    ] as const
    ;[viaFrr, plain] = await Promise.all(starts)
    await eventually('the last route at FRR', () => viaFrr.route(table(21).at(-1)!), 40_000)
    await eventually('and at BIRD', () => plain.route(table(21).at(-1)!), 40_000)
  })
  afterAll(() => stage[Symbol.asyncDispose]())

  test('go where they are taken: a table in a few, and attributes that need more than 4096 octets', async () => {
    const route = await eventually('the long one', () => viaFrr.route(LONG), 20_000)
    expect(route.largeCommunities.split(' ')).toHaveLength(COMMUNITIES)
    const to = (await reflector.peer(`p${FRR}`))!
    expect(to.capabilities?.received).toContain('extended-message')
    expect(to).toMatchObject({ timesEstablished: 1, notifications: [] })
    // Told all again in one go: the table of the source, the long route and the marked one.
    expect(await toldAgain(FRR, () => viaFrr.ask('clear bgp 10.50.0.1 soft in'))).toBe(3)
    expect(await toldAgain(PLAIN, () => plain.ask('reload', 'in', 'peer0'))).toBeGreaterThan(3)
  })

  test('come from FRR', async () => {
    const last = table(24, THEIRS).at(-1)!
    await eventually('its last route', async () => (await reflector.routes(last)).length > 0, 20_000)
    const { messages } = (await reflector.peer(`p${FRR}`))!
    // Its End-of-RIB and what it says besides are UPDATEs too.
    expect(messages.updatesReceived).toBeLessThan((THEIRS * 4) / 4096)
  })

  test('do not go where they are not: the table in messages that fit, and no route that does not', async () => {
    const to = (await reflector.peer(`p${PLAIN}`))!
    expect(to.capabilities?.received).not.toContain('extended-message')
    expect(to).toMatchObject({ state: 'Established', timesEstablished: 1, notifications: [] })
    // The table of the source and that of FRR, and the marked one.
    await eventually('all but one', async () => (await told(PLAIN)) === ROUTES + THEIRS + 1, 20_000)
    expect(await told(FRR)).toBe(ROUTES + 2)
    expect(await plain.route(LONG)).toBeUndefined()
  })

  test('communities of all three kinds pass from BIRD to FRR and to BIRD', async () => {
    const seen = await eventually('the route at FRR', () => viaFrr.route(MARKED), 20_000)
    expect(seen).toMatchObject({ communities: '65000:7', largeCommunities: '65000:1:2' })
    expect(await viaFrr.ask(`show bgp ipv4 unicast ${MARKED}`)).toContain('RT:65000:5')
    expect(await plain.route(MARKED)).toMatchObject({ communities: '65000:7', largeCommunities: '65000:1:2' })
    expect(await plain.ask('show', 'route', 'all', 'for', MARKED)).toMatch(/ext_community: \(rt, 65000, 5\)/)
    const [ours] = await reflector.routes(MARKED)
    expect([...ours!.communities].sort()).toEqual(['65000:7', 'large:65000:1:2', 'rt:65000:5'])
  })

  /** UPDATEs that tell a peer everything, when it asks for that. */
  async function toldAgain(host: number, ask: () => Promise<string>): Promise<number> {
    const before = (await reflector.peer(`p${host}`))!.messages
    await ask()
    // What is told stands between its beginning and its end (RFC 7313).
    const others = ({ sent, updatesSent }: typeof before) => sent - updatesSent
    const after = await eventually(
      'the end',
      async () => {
        const { messages } = (await reflector.peer(`p${host}`))!
        return others(messages) >= others(before) + 2 && messages.updatesSent > before.updatesSent
          ? messages
          : undefined
      },
      20_000,
    )
    return after.updatesSent - before.updatesSent
  }

  async function told(host: number): Promise<number | undefined> {
    return (await reflector.peer(`p${host}`))?.families[0]?.advertised
  }
})

function table(first: number, routes = ROUTES): string[] {
  return Array.from({ length: routes }, (_, n) => `${first}.${n >> 8}.${n & 255}.0/24`)
}

const many = Array.from({ length: COMMUNITIES }, (_, i) => `bgp_large_community.add((65000, 2, ${i}));`).join(' ')
const kinds =
  'bgp_community.add((65000, 7)); bgp_ext_community.add((rt, 65000, 5)); bgp_large_community.add((65000, 1, 2));'
const SAYS = [
  'enable extended messages on;',
  `ipv4 { import all; next hop self; export filter {
    if net = ${LONG} then { ${many} }
    if net = ${MARKED} then { ${kinds} }
    accept;
  }; };`,
]

function client(host: number, more: readonly string[] = []) {
  const neighbors = [{ address: '10.50.0.1', asn: 65000, more }]
  return { host, asn: 65000, neighbors, originate4: [] as string[], originate6: [] }
}

const OBJECTS = `apiVersion: routelet.io/v1alpha1
kind: RoutingConfig
metadata: { name: default }
spec: { asn: 65000, topology: { mode: None, reflectors: { clusterID: 1.1.1.1 } } }
${[SOURCE, FRR, PLAIN]
  .map(
    (host) => `---
apiVersion: routelet.io/v1alpha1
kind: BGPPeer
metadata: { name: p${host} }
spec:
  address: 10.50.0.${host}
  peerASN: 65000
  families: [ipv4-unicast]
  routeReflectorClient: true
  passive: true
  timers: { holdSeconds: 9, keepaliveSeconds: 3, connectRetrySeconds: 1 }
`,
  )
  .join('')}`
