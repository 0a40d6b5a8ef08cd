import { describe, expect, test, vi } from 'vitest'
import { Tables } from '../../bgp/rib/tables.ts'
import { encodePrefix, message, open, RawPeer, u16, u32, update } from './raw-peer.ts'
import { peer, Rack } from './speakers.ts'

/** What UPDATEs do to the tables and to others, where several things come together. */
function stage(capabilities?: readonly number[], source: Parameters<typeof peer>[1] = {}) {
  const spy = vi.spyOn(Tables.prototype, 'takeSlot')
  const rack = new Rack()
  const node = rack.speaker('10.0.0.1', {
    policies: [{ name: 'all', rules: [], defaultAction: 'accept' }],
    peers: [
      peer('10.0.0.2', { passive: true, routeReflectorClient: true, ...source }),
      peer('10.0.0.3', { passive: true }),
      peer('10.0.0.4', { passive: true, remoteAsn: 65004, exportPolicies: ['all'] }),
    ],
  })
  const receiver = new RawPeer(rack, '10.0.0.3').establish('10.0.0.1', open({ identifier: [10, 0, 0, 3] }))
  const external = new RawPeer(rack, '10.0.0.4').establish('10.0.0.1', open({ asn: 65004, identifier: [10, 0, 0, 4] }))
  const asn = typeof source.remoteAsn === 'number' ? source.remoteAsn : 65000
  const first = new RawPeer(rack, '10.0.0.2').establish(
    '10.0.0.1',
    open({ asn, ...(capabilities && { capabilities }) }),
  )
  const tables = spy.mock.contexts[0] as unknown as Tables
  vi.restoreAllMocks()
  return { rack, node, receiver, external, first, tables }
}

function joined(...messages: Uint8Array[]): Uint8Array {
  return Uint8Array.from(messages.flatMap((octets) => [...octets]))
}

/** An UPDATE with these attributes as octets. */
function raw(attributes: readonly number[], nlri: readonly string[]): Uint8Array {
  return message(2, 0, 0, ...u16(attributes.length), ...attributes, ...nlri.flatMap(encodePrefix))
}

const base = [0x40, 1, 1, 0, 0x40, 3, 4, 10, 0, 0, 2]
const emptyPath = [0x40, 2, 0]

describe('attribute sets', () => {
  test('attributes out of order are told in order, and each once (RFC 4271, section 5)', () => {
    const { first, receiver } = stage()
    const sent = [
      [0xc0, 8, 4, 0xfd, 0xe8, 0, 1],
      [0x40, 5, 4, 0, 0, 0, 150],
      [0x80, 4, 4, 0, 0, 0, 7],
      [0x40, 3, 4, 10, 0, 0, 2],
      emptyPath,
      [0x40, 1, 1, 0],
    ]
    first.send(raw(sent.flat(), ['20.0.0.0/8']))
    expect([...receiver.routes.get('20.0.0.0/8')!]).toEqual([
      [1, '00'],
      [2, ''],
      [3, '0a000002'],
      [4, '00000007'],
      [5, '00000096'],
      [8, 'fde80001'],
      [9, '0a000002'],
      [10, '0a000001'],
    ])
  })

  test('a set whose last route is withdrawn by the very UPDATE that announces another one with it', () => {
    const { first, receiver, node, tables } = stage()
    // In one chunk: nobody has been told, so nothing else holds the set.
    first.send(
      joined(
        update({ nlri: ['20.0.0.0/8'], med: 7 }),
        update({ withdrawn: ['20.0.0.0/8'], nlri: ['21.0.0.0/8'], med: 7 }),
        update({ nlri: ['22.0.0.0/8'], med: 9 }),
      ),
    )
    expect([...receiver.routes].map(([at, attributes]) => [at, attributes.get(4)])).toEqual([
      ['21.0.0.0/8', '00000007'],
      ['22.0.0.0/8', '00000009'],
    ])
    expect(node.prefixes()).toEqual(['21.0.0.0/8', '22.0.0.0/8'])
    expect(tables.sets.size).toBe(2)
  })

  test('the same prefix withdrawn and announced: the announcement counts, known attributes or not', () => {
    const { first, receiver } = stage()
    for (const med of [1, 1, 2]) {
      first.send(update({ withdrawn: ['20.0.0.0/8'], nlri: ['20.0.0.0/8'], med }))
      expect(receiver.routes.get('20.0.0.0/8')?.get(4)).toBe(`0000000${med}`)
    }
  })

  test('a 2-octet path whose octets are those of a kept 4-octet one says what it says', () => {
    const { first, receiver } = stage([1, 4, 0, 1, 0, 1])
    const routeOf = (path: number[], nlri: string, as4: number[] = []) =>
      raw([...base.slice(0, 4), 0x40, 2, path.length, ...path, ...base.slice(4), ...as4], [nlri])
    first.send(routeOf([2, 2, 0, 1, 0, 2], '20.0.0.0/8'))
    expect(receiver.routes.get('20.0.0.0/8')?.get(2)).toBe('02020000000100000002')
    // The octets kept of that: as 2-octet numbers AS 0, and cut short.
    first.send(routeOf([2, 2, 0, 0, 0, 1, 0, 0, 0, 2], '20.0.0.0/8'))
    expect(receiver.routes.has('20.0.0.0/8')).toBe(false)
  })

  test('an AS_SET in AS4_PATH is as unwelcome as in AS_PATH (RFC 9774)', () => {
    const { first, receiver } = stage([1, 4, 0, 1, 0, 1])
    const path = [0x40, 2, 6, 2, 2, 0, 1, 0x5b, 0xa0]
    const as4 = (type: number) => [0xc0, 17, 6, type, 1, ...u32(70000)]
    first.send(raw([...base.slice(0, 4), ...path, ...base.slice(4), ...as4(2)], ['20.0.0.0/8']))
    expect(receiver.routes.get('20.0.0.0/8')?.get(2)).toBe('02020000000100011170')
    first.send(raw([...base.slice(0, 4), ...path, ...base.slice(4), ...as4(1)], ['20.0.0.0/8']))
    expect(receiver.routes.size).toBe(0)
    expect(first.closed).toBe(false)
  })

  test('a path that is too long for wide AS numbers is withdrawn, and nothing else is touched', () => {
    const { first, receiver } = stage([1, 4, 0, 1, 0, 1, 6, 0])
    first.send(raw([...base, ...emptyPath], ['20.0.0.0/8', '21.0.0.0/8']))
    const segments = Array.from({ length: 80 }, () => [
      2,
      255,
      ...Array.from({ length: 255 }, () => [0, 9]).flat(),
    ]).flat()
    first.send(raw([0x50, 2, ...u16(segments.length), ...segments, ...base], ['20.0.0.0/8']))
    expect([...receiver.routes.keys()]).toEqual(['21.0.0.0/8'])
    expect(first.closed).toBe(false)
  })
})

test('what a policy makes longer than attributes can be is refused', () => {
  const communities = Array.from({ length: 9 }, (_, i) => `1:${i}`)
  const add = { name: 'r', match: {}, set: { addCommunities: communities }, action: 'accept' as const }
  const tag = { name: 'tag', rules: [add], defaultAction: 'accept' as const }
  const extended = [1, 4, 0, 1, 0, 1, 6, 0, 65, 4, ...u32(65000)]
  const { node, first, receiver } = stage(extended, { importPolicies: ['tag'] })
  node.apply({ policies: [tag] })
  const rest = 65535 - 19 - 4 - 2 - 14 - 4
  const lead = [...base.slice(0, 4), ...emptyPath, ...base.slice(4)]
  first.send(raw([...lead, 0xd0, 99, ...u16(rest), ...Array<number>(rest).fill(7)], ['20.0.0.0/8']))
  first.send(raw(lead, ['21.0.0.0/8']))
  expect([...receiver.routes.keys()]).toEqual(['21.0.0.0/8'])
  expect(node.best().has('20.0.0.0/8')).toBe(false)
})

test('errors of ever new kinds are counted together', () => {
  const { node, first } = stage()
  for (let value = 3; value < 200; value++) {
    first.send(raw([0x40, 1, 1, value, ...emptyPath, ...base.slice(4)], ['20.0.0.0/8']))
  }
  const { discarded } = node.peer('10.0.0.2')
  expect(discarded.length).toBe(65)
  expect(discarded.reduce((sum, { count }) => sum + count, 0)).toBe(197)
})

test('prefixes are freed once the consumer of best routes has seen them go', () => {
  const { node, first, rack, tables } = stage()
  const { feed } = node.speaker
  first.send(update({ nlri: ['20.0.0.0/8'] }), update({ withdrawn: ['20.0.0.0/8'] }))
  expect(tables.ribs.get('ipv4-unicast')!.prefixes.size).toBe(1)
  feed.drain(10, () => {})
  rack.clock.runUntilIdle()
  expect(tables.ribs.get('ipv4-unicast')!.prefixes.size).toBe(0)
})

test('prefixes that were never chosen are forgotten when they are withdrawn', () => {
  const { first, tables } = stage(undefined, { remoteAsn: 65002 })
  const loop = { asPath: [65002, 65000], nlri: ['20.0.0.0/8', '21.0.0.0/8'] }
  first.send(update({ asPath: [65002], nlri: ['22.0.0.0/8'] }), update(loop))
  expect(tables.ribs.get('ipv4-unicast')!.prefixes.size).toBe(3)
  first.send(update({ withdrawn: ['20.0.0.0/8', '21.0.0.0/8', '22.0.0.0/8'] }))
  expect(tables.ribs.get('ipv4-unicast')!.prefixes.size).toBe(0)
  expect(tables.sets.size).toBe(0)
})

describe('attributes that fill a message', () => {
  /** A whole UPDATE of `octets` octets for 20.0.0.0/8, filled up with an unknown transitive attribute. */
  function filled(octets: number): Uint8Array {
    const lead = [...base.slice(0, 4), ...emptyPath, ...base.slice(4)]
    const rest = octets - 19 - 4 - 2 - lead.length - 4
    return raw([...lead, 0xd0, 99, ...u16(rest), ...Array<number>(rest).fill(7)], ['20.0.0.0/8'])
  }

  test('the largest that still fits once it is reflected is told', () => {
    const { first, receiver } = stage()
    first.send(filled(4096 - 21 - 3))
    expect(receiver.routes.get('20.0.0.0/8')?.has(99)).toBe(true)
    expect(receiver.received.every((octets) => octets.length <= 4096)).toBe(true)
  })

  test('what fits no more is withdrawn, not left as it was', () => {
    const { first, receiver, external } = stage()
    first.send(update({ nlri: ['20.0.0.0/8'] }))
    expect(receiver.routes.size + external.routes.size).toBe(2)
    first.send(filled(4096))
    expect(first.closed).toBe(false)
    expect(receiver.routes.size).toBe(0)
    expect(external.routes.size).toBe(0)
    first.send(update({ nlri: ['20.0.0.0/8'] }))
    expect(receiver.routes.size).toBe(1)
  })

  test('an AS is put before a full segment as a segment of its own', () => {
    const { first, external } = stage()
    const asns = Array.from({ length: 255 }, (_, i) => u32(i + 1)).flat()
    first.send(raw([0x50, 2, ...u16(2 + asns.length), 2, 255, ...asns, ...base], ['20.0.0.0/8']))
    expect(external.routes.get('20.0.0.0/8')?.get(2)).toMatch(/^02010000fde802ff00000001/)
  })
})

test('flags that mean nothing are not passed on, Partial only where it can be', () => {
  const { first, receiver } = stage()
  const odd = [0x6f, 1, 1, 0, 0x6f, 2, 0, 0x6f, 3, 4, 10, 0, 0, 2, 0xaf, 4, 4, 0, 0, 0, 1]
  first.send(raw([...odd, 0xef, 7, 8, ...u32(9), 10, 0, 0, 9, 0xff, 8, 0, 4, 0, 1, 0, 1], ['20.0.0.0/8']))
  const octets = receiver.received.at(-1)!
  const flags: number[] = []
  for (let at = 23; at < octets.length - 2; ) {
    flags.push(octets[at]!)
    at += octets[at]! & 0x10 ? 4 + octets[at + 3]! : 3 + octets[at + 2]!
  }
  // ORIGIN, AS_PATH, NEXT_HOP, MED, LOCAL_PREF; AGGREGATOR, COMMUNITIES; ORIGINATOR_ID, CLUSTER_LIST.
  expect(flags).toEqual([0x40, 0x40, 0x40, 0x80, 0x40, 0xe0, 0xf0, 0x80, 0x80])
})

test('AIGP goes on to internal peers as it came, and to no external one (RFC 7311, section 3.4)', () => {
  const { first, receiver, external } = stage()
  const aigp = [1, 0, 11, 0, 0, 0, 0, 0, 0, 0, 99]
  first.send(raw([...base.slice(0, 4), ...emptyPath, ...base.slice(4), 0x80, 26, aigp.length, ...aigp], ['20.0.0.0/8']))
  expect(receiver.routes.get('20.0.0.0/8')?.get(26)).toBe('01000b0000000000000063')
  expect(external.routes.get('20.0.0.0/8')?.has(26)).toBe(false)
})

describe('an IPv6 next hop of 32 octets (RFC 2545, section 3)', () => {
  const GLOBAL = `20010db8${'0'.repeat(22)}02`
  const LINK_LOCAL = `fe80${'0'.repeat(26)}07`
  const UNSPECIFIED = '0'.repeat(32)
  const MULTICAST = `ff02${'0'.repeat(26)}01`

  const learned = (nextHop: string) => {
    const { first, node } = stage([1, 4, 0, 1, 0, 1, 1, 4, 0, 2, 0, 1, 65, 4, ...u32(65000)])
    const octets = [...Buffer.from(nextHop, 'hex')]
    const reach = (last: number, hop: readonly number[]) => [
      ...[0x80, 14, 5 + hop.length + 5, 0, 2, 1, hop.length, ...hop, 0, 32, 0x20, 1, 0x0d, last],
    ]
    const whole = (attribute: readonly number[]) =>
      raw([0x40, 1, 1, 0, ...emptyPath, 0x40, 5, 4, ...u32(100), ...attribute], [])
    // It was there before: what has no next hop is withdrawn (RFC 7606, section 5.2 has nothing else to offer).
    first.send(whole(reach(0xb8, [...Buffer.from(GLOBAL, 'hex')])))
    first.send(whole(reach(0xb8, octets)))
    return { nextHop: node.best().get('2001:db8::/32')?.nextHop, closed: first.closed }
  }

  test.each([
    ['global and link-local', GLOBAL + LINK_LOCAL, '2001:db8::2'],
    ['a second that is not link-local, which means nothing', GLOBAL + MULTICAST, '2001:db8::2'],
    ['a second that is unspecified, as RFC 2545 never meant it but some send it', GLOBAL + UNSPECIFIED, '2001:db8::2'],
    ['no global one', UNSPECIFIED + LINK_LOCAL, 'fe80::7'],
    ['twice the link-local one', LINK_LOCAL + LINK_LOCAL, 'fe80::7'],
    ['none at all', UNSPECIFIED + UNSPECIFIED, undefined],
    ['a global one in the place of the link-local one', UNSPECIFIED + GLOBAL, undefined],
    ['multicast alone', UNSPECIFIED + MULTICAST, undefined],
  ])('%s', (_, nextHop, expected) => {
    expect(learned(nextHop)).toEqual({ nextHop: expected, closed: false })
  })
})
