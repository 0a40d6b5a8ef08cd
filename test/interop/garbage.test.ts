import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { RouteWatch } from '../e2e/route-watch.ts'
import { eventually } from '../eventually.ts'
import { bird, frr, type Running } from './daemons.ts'
import { message } from './raw-session.ts'
import { basics, type Routelet, Stage, whyNot } from './stage.ts'

const ORIGIN = [0x40, 1, 1, 0]
const PATH = [0x40, 2, 6, 2, 1, 0, 0, 0xfd, 0xfc]
const NEXT_HOP = [0x40, 3, 4, 10, 50, 0, 4]
const NLRI = [24, 30, 0, 1]
const MANDATORY = [...ORIGIN, ...PATH, ...NEXT_HOP]
const W = 'lives'

/** An UPDATE with these attributes and NLRI. */
function update(attributes: readonly number[], nlri: readonly number[] = NLRI, withdrawn: readonly number[] = []) {
  const length = (list: readonly number[]) => [list.length >> 8, list.length & 0xff]
  return message(2, [...length(withdrawn), ...withdrawn, ...length(attributes), ...attributes, ...nlri])
}

/** Malformed UPDATEs, and what RFC 7606 (RFC 4271, section 6.3) has for them: the session lives, or what ends it. */
const GARBAGE: readonly (readonly [what: string, octets: Uint8Array, outcome: string])[] = [
  ['ORIGIN of 2 octets', update([0x40, 1, 2, 0, 0, ...PATH, ...NEXT_HOP]), W],
  ['ORIGIN 3', update([0x40, 1, 1, 3, ...PATH, ...NEXT_HOP]), W],
  ['ORIGIN with the flags of an optional one', update([0xc0, 1, 1, 0, ...PATH, ...NEXT_HOP]), W],
  ['no ORIGIN', update([...PATH, ...NEXT_HOP]), W],
  ['no AS_PATH', update([...ORIGIN, ...NEXT_HOP]), W],
  ['no NEXT_HOP', update([...ORIGIN, ...PATH]), W],
  ['a segment of AS_PATH that overruns it', update([...ORIGIN, 0x40, 2, 6, 2, 9, 0, 0, 0xfd, 0xfc, ...NEXT_HOP]), W],
  ['a segment of AS_PATH of type 9', update([...ORIGIN, 0x40, 2, 6, 9, 1, 0, 0, 0xfd, 0xfc, ...NEXT_HOP]), W],
  ['a segment of AS_PATH without numbers', update([...ORIGIN, 0x40, 2, 2, 2, 0, ...NEXT_HOP]), W],
  ['AS 0 in AS_PATH', update([...ORIGIN, 0x40, 2, 6, 2, 1, 0, 0, 0, 0, ...NEXT_HOP]), W],
  ['an AS_SET', update([...ORIGIN, 0x40, 2, 6, 1, 1, 0, 0, 0xfd, 0xfc, ...NEXT_HOP]), W],
  ['NEXT_HOP of 5 octets', update([...ORIGIN, ...PATH, 0x40, 3, 5, 10, 50, 0, 4, 0]), W],
  ['NEXT_HOP 0.0.0.0', update([...ORIGIN, ...PATH, 0x40, 3, 4, 0, 0, 0, 0]), W],
  ['NEXT_HOP 224.0.0.1', update([...ORIGIN, ...PATH, 0x40, 3, 4, 224, 0, 0, 1]), W],
  ['MULTI_EXIT_DISC of 3 octets', update([...MANDATORY, 0x80, 4, 3, 0, 0, 0]), W],
  ['ATOMIC_AGGREGATE of 1 octet', update([...MANDATORY, 0x40, 6, 1, 0]), W],
  ['AGGREGATOR of 6 octets', update([...MANDATORY, 0xc0, 7, 6, 0, 9, 10, 0, 0, 9]), W],
  ['COMMUNITIES of 5 octets', update([...MANDATORY, 0xc0, 8, 5, 0, 0, 0, 0, 0]), W],
  ['COMMUNITIES of none', update([...MANDATORY, 0xc0, 8, 0]), W],
  ['EXTENDED COMMUNITIES of 7 octets', update([...MANDATORY, 0xc0, 16, 7, 0, 2, 0, 0, 0, 0, 0]), W],
  ['LARGE_COMMUNITY of 11 octets', update([...MANDATORY, 0xc0, 32, 11, ...Array<number>(11).fill(0)]), W],
  ['ORIGIN twice', update([...MANDATORY, ...ORIGIN]), W],
  ['an attribute that overruns the others', update([...MANDATORY, 0xc0, 99, 40, 0]), W],
  ['an unknown well-known attribute', update([...MANDATORY, 0x40, 99, 1, 0]), '3/2'],
  ['MP_REACH_NLRI twice', update([...MANDATORY, ...mpReach(4), ...mpReach(4)]), '3/1'],
  ['MP_REACH_NLRI with a next hop of 3 octets', update([...ORIGIN, ...PATH, ...mpReach(3)], []), '3/9'],
  ['a prefix of 33 bits', update(MANDATORY, [33, 30, 0, 1, 0, 0]), '3/10'],
  ['a prefix that is cut short', update(MANDATORY, [24, 30, 0]), '3/10'],
  ['a withdrawn prefix of 40 bits', update([], [], [40, 30, 0, 1, 0, 0]), '3/10'],
  ['attributes longer than the message', message(2, [0, 0, 1, 0, ...MANDATORY]), '3/1'],
]

function mpReach(nextHopLength: number): number[] {
  return [0x80, 14, 9 + nextHopLength, 0, 1, 1, nextHopLength, ...Array<number>(nextHopLength).fill(10), 0, ...NLRI]
}

const NEIGHBOURS = [
  { daemon: frr, host: 2 },
  { daemon: bird, host: 3 },
]
const reason = whyNot(...NEIGHBOURS.flatMap(({ daemon }) => daemon.programs))

describe.skipIf(reason !== undefined)(reason ?? 'a peer that sends garbage', () => {
  let stage: Stage
  let routelet: Routelet
  let watch: RouteWatch
  const running: Running[] = []

  beforeAll(async () => {
    stage = await Stage.open()
    routelet = await stage.routelet(1, 'agent', OBJECTS)
    running.push(...(await Promise.all(NEIGHBOURS.map(({ daemon, host }) => daemon.start(stage, neighbour(host))))))
    for (const each of running) await eventually('our route there', () => each.route('10.1.1.0/24'), 30_000)
    for (const { host } of NEIGHBOURS) {
      await eventually('their route', async () => (await routelet.kernel()).has(`20.${host}.0.0/24`), 30_000)
    }
    watch = await RouteWatch.start(await stage.host(1))
  })
  afterAll(() => stage[Symbol.asyncDispose]())

  test('is answered by the book, each time', async () => {
    const octets = GARBAGE.map(([, each]) => Buffer.from(each).toString('hex'))
    const file = stage.write('garbage.json', JSON.stringify(octets))
    const program = `${import.meta.dirname}/garbage.ts`
    await stage.start(4, 'garbage', [process.execPath, program, '10.50.0.4', '10.50.0.1', '65020', file])
    await eventually('the end of it', () => stage.log('garbage').includes('done'), 50_000)
    const outcomes = stage.log('garbage').trim().split('\n').slice(0, -1)
    expect(GARBAGE.map(([what], i) => [what, outcomes[i]])).toEqual(GARBAGE.map(([what, , outcome]) => [what, outcome]))
  })

  test('is of no concern to FRR and BIRD: their sessions, their routes, and what they say next', async () => {
    const lost = await watch.end()
    expect(lost.filter((prefix) => prefix.startsWith('20.'))).toEqual([])
    for (const { host } of NEIGHBOURS) {
      expect(await routelet.peer(`p${host}`)).toMatchObject({
        ...{ state: 'Established', timesEstablished: 1, notifications: [], discarded: [] },
      })
    }
    await running[0]!.ask('configure terminal\nrouter bgp 65010\naddress-family ipv4 unicast\nnetwork 20.22.0.0/24')
    await eventually('a new route of FRR', async () => (await routelet.kernel()).has('20.22.0.0/24'), 20_000)
    await eventually('it at BIRD', () => running[1]!.route('20.22.0.0/24'), 20_000)
  })
})

function neighbour(host: number) {
  const neighbors = [{ address: '10.50.0.1', asn: 65000 }]
  return { host, asn: host === 2 ? 65010 : 65011, neighbors, originate4: [`20.${host}.0.0/24`], originate6: [] }
}

function peer(host: number, asn: number): string {
  return `---
apiVersion: routelet.io/v1alpha1
kind: BGPPeer
metadata: { name: p${host} }
spec:
  address: 10.50.0.${host}
  peerASN: ${asn}
  passive: true
  timers: { holdSeconds: 9, keepaliveSeconds: 3, connectRetrySeconds: 1 }
  importPolicies: [all]
  exportPolicies: [all]
`
}

const OBJECTS = `${basics(1)}${peer(2, 65010)}${peer(3, 65011)}${peer(4, 65020)}`
