import { afterEach, describe, expect, test, vi } from 'vitest'
import type { PeerConfig } from '../../bgp/contract.ts'
import { Decision } from '../../bgp/rib/decision.ts'
import { hex, message, open, RawPeer, u32, update } from './raw-peer.ts'
import { type Node, peer, Rack } from './speakers.ts'

/** ADD-PATH (RFC 7911). The reflector is 10.0.0.1; 2 and 4 are peers that send, 3 and 5 clients that receive. */
const families = [1, 4, 0, 1, 0, 1, 1, 4, 0, 2, 0, 1, 2, 0, 65, 4, ...u32(65000)]
const RECEIVE = 1
const SEND = 2
const both4and6 = (can: number) => [69, 8, 0, 1, 1, can, 0, 2, 1, can]
const P = '20.0.0.0/8'
const endOfRib = message(2, 0, 0, 0, 0)
const refresh = message(5, 0, 1, 0, 1)

function stage(changes: Partial<PeerConfig> = {}, send = 8) {
  const rack = new Rack()
  const receiver = { passive: true, routeReflectorClient: true, addPath: { send, receive: false } }
  const source = { passive: true, routeReflectorClient: true, addPath: { send: 1, receive: true }, ...changes }
  const node = rack.speaker('10.0.0.1', {
    gracefulRestart: { restartSeconds: 120 },
    peers: [
      peer('10.0.0.2', source),
      peer('10.0.0.3', receiver),
      peer('10.0.0.4', { ...source, addPath: { send, receive: true } }),
      peer('10.0.0.5', receiver),
    ],
  })
  const join = (id: number, capabilities: readonly number[], pathIds = id !== 2) => {
    const raw = new RawPeer(rack, `10.0.0.${id}`)
    raw.pathIds = pathIds
    return raw.establish('10.0.0.1', open({ identifier: [10, 0, 0, id], capabilities: [...families, ...capabilities] }))
  }
  const two = join(2, both4and6(SEND))
  const three = join(3, both4and6(RECEIVE))
  return { rack, node, two, three, join }
}

const route = (id: number, med: number) => ({ nextHop: [10, 0, 1, id], localPref: 100, med })
const say = (pathId: number, med = pathId) => update({ ...route(pathId, med), nlri: [`${P}#${pathId}`] })
const forget = (...pathIds: number[]) => update({ withdrawn: pathIds.map((id) => `${P}#${id}`) })
const nextHops = ({ routes }: RawPeer) => [...routes.values()].map((attributes) => attributes.get(3)!.slice(-2)).sort()
const idOf = ({ routes }: RawPeer, nextHop: number) =>
  [...routes]
    .find(([, attributes]) => attributes.get(3) === hex(Uint8Array.from([10, 0, 1, nextHop])))?.[0]
    .split('#')[1]
const held = (node: Node) =>
  node.speaker
    .routes({ allPaths: true })
    .routes.map(({ prefix, pathId }) => `${prefix} ${pathId}`)
    .sort()
const lastUpdate = ({ received }: RawPeer) => received.filter((octets) => octets[18] === 2).at(-1)!

afterEach(() => void vi.restoreAllMocks())

describe('the capability (section 4)', () => {
  const offered = (octets: Uint8Array) => /45(04|08)((00010[0-9a-f]{3})+(00020[0-9a-f]{3})?)/.exec(hex(octets))?.[0]

  test('says for each family what we do', () => {
    const { two, three } = stage()
    expect(offered(two.received[0]!)).toBe('45080001010100020101')
    expect(offered(three.received[0]!)).toBe('45080001010200020102')
    const { two: reflected } = stage({ addPath: { send: 4, receive: true }, families: ['ipv4-unicast'] })
    expect(offered(reflected.received[0]!)).toBe('450400010103')
  })

  test('is shown as both sides say it', () => {
    const { node } = stage()
    const { sent, received } = node.peer('10.0.0.3').capabilities!
    expect(sent).toContain('add-path ipv4-unicast send ipv6-unicast send')
    expect(received).toContain('add-path ipv4-unicast receive ipv6-unicast receive')
  })

  test.each([
    ['two that both only send', both4and6(SEND), false],
    ['a peer that receives', both4and6(RECEIVE), true],
    ['a peer that does both', both4and6(SEND | RECEIVE), true],
    ['another family alone', [69, 4, 0, 2, 1, RECEIVE], false],
    ['the value 0', [69, 4, 0, 1, 1, 0], false],
    ['the value 4', [69, 4, 0, 1, 1, 4], false],
    ['a family we do not know, and ours', [69, 8, 0, 1, 128, SEND, 0, 1, 1, RECEIVE], true],
    ['two entries: the last one counts', [69, 8, 0, 1, 1, SEND, 0, 1, 1, RECEIVE], true],
    ['two entries the other way round', [69, 8, 0, 1, 1, RECEIVE, 0, 1, 1, SEND], false],
    ['two capabilities', [69, 4, 0, 2, 1, RECEIVE, 69, 4, 0, 1, 1, RECEIVE], true],
    ['none', [], false],
  ])('towards a client, with %s', (_, capabilities, identifiers) => {
    const { two, node, join } = stage()
    two.send(say(1))
    const five = join(5, capabilities, identifiers)
    expect(node.peer('10.0.0.5').state).toBe('Established')
    const keys = [...five.routes.keys()].map((key) => key.split('#').length - 1)
    expect(keys).toEqual([identifiers ? 1 : 0])
  })

  test('of a length that is no multiple of four ends the session', () => {
    const { rack } = stage()
    const five = new RawPeer(rack, '10.0.0.5').dial('10.0.0.1')
    five.send(open({ identifier: [10, 0, 0, 5], capabilities: [...families, 69, 5, 0, 1, 1, 1, 0] }))
    expect(five.notification).toMatchObject({ code: 2, subcode: 0 })
  })
})

describe('octets (section 3)', () => {
  const reach6 = (...nlri: number[]) => {
    const value = [0, 2, 1, 16, 0x20, 1, 0x0d, 0xb8, ...Array(11).fill(0), 2, 0, ...nlri]
    const attributes = [0x40, 1, 1, 0, 0x40, 2, 0, 0x40, 5, 4, ...u32(100), 0x80, 14, value.length, ...value]
    return message(2, 0, 0, 0, attributes.length, ...attributes)
  }
  const v6 = [64, 0x20, 1, 0x0d, 0xb8, 0, 0, 0, 9]
  const unreach6 = (...nlri: number[]) =>
    message(2, 0, 0, 0, 6 + nlri.length, 0x80, 15, 3 + nlri.length, 0, 2, 1, ...nlri)

  test('IPv4: the identifier before length and prefix, announced and withdrawn', () => {
    const { two, three } = stage()
    two.send(say(0xfffffffe))
    const [key = ''] = three.routes.keys()
    const id = hex(Uint8Array.from(u32(Number(key.split('#')[1]))))
    expect(hex(lastUpdate(three))).toMatch(new RegExp(`${id}0814$`))
    two.send(forget(0xfffffffe))
    expect(hex(lastUpdate(three))).toBe(`${'ff'.repeat(16)}001d0200 06${id}08140000`.replaceAll(' ', ''))
  })

  test('IPv6, in MP_REACH_NLRI and MP_UNREACH_NLRI', () => {
    const { node, two, three } = stage()
    two.send(reach6(0, 0, 0, 7, ...v6, 1, 0, 0, 7, ...v6))
    expect(held(node)).toEqual(['2001:db8:0:9::/64 16777223', '2001:db8:0:9::/64 7'])
    const pattern =
      /0002011020010db8000000000000000000000002 00 ([0-9a-f]{8})4020010db800000009 ([0-9a-f]{8})4020010db800000009/
    const found = new RegExp(pattern.source.replaceAll(' ', '')).exec(hex(lastUpdate(three)))!
    expect(found[1]).not.toBe(found[2])
    two.send(unreach6(1, 0, 0, 7, ...v6))
    expect(held(node)).toEqual(['2001:db8:0:9::/64 7'])
    expect(hex(lastUpdate(three))).toMatch(
      new RegExp(
        `800f0010000201(${found[1]}|${found[2]})4020010db800000009$|900f0010000201(${found[1]}|${found[2]})4020010db800000009$`,
      ),
    )
  })

  test('IPv4 in MP_REACH_NLRI has identifiers too', () => {
    const { node, two } = stage()
    const value = [0, 1, 1, 4, 10, 0, 1, 9, 0, 0, 0, 0, 5, 8, 20]
    const attributes = [0x40, 1, 1, 0, 0x40, 2, 0, 0x40, 5, 4, ...u32(100), 0x80, 14, value.length, ...value]
    two.send(message(2, 0, 0, 0, attributes.length, ...attributes))
    expect(held(node)).toEqual(['20.0.0.0/8 5'])
  })

  test.each([
    ['an identifier cut short', [0, 0, 1], '3/10'],
    ['an identifier without a prefix', [0, 0, 0, 1], '3/10'],
    ['a prefix cut short', [0, 0, 0, 1, 16, 20], '3/10'],
    ['a length of 33', [0, 0, 0, 1, 33, 20, 0, 0, 0, 0], '3/10'],
    ['a second one cut short', [0, 0, 0, 1, 8, 20, 0, 0], '3/10'],
  ])('%s ends the session (RFC 7606, section 5.3)', (_, nlri, wanted) => {
    const { two, three } = stage()
    two.send(say(3))
    const attributes = [0x40, 1, 1, 0, 0x40, 2, 0, 0x40, 3, 4, 10, 0, 0, 2, 0x40, 5, 4, ...u32(100)]
    two.send(message(2, 0, 0, 0, attributes.length, ...attributes, ...nlri))
    const { code, subcode } = two.notification!
    expect(`${code}/${subcode}`).toBe(wanted)
    expect(three.routes.size).toBe(0)
  })

  test.each([
    ['reachable', reach6(0, 0, 0, 7, 129, 0x20)],
    ['unreachable', unreach6(0, 0, 0)],
  ])('of IPv6, %s, too', (_, octets) => {
    const { two } = stage()
    two.send(octets)
    expect(two.notification).toMatchObject({ code: 3, subcode: 9 })
  })

  test('an attribute error withdraws the path it came with, and no other (RFC 7606, section 2)', () => {
    const { node, two, three } = stage()
    two.send(say(1), say(2))
    two.send(update({ nlri: [`${P}#1`], origin: 9, localPref: 100 }))
    expect(held(node)).toEqual([`${P} 2`])
    expect(nextHops(three)).toEqual(['02'])
  })
})

describe('paths of one peer', () => {
  test('live and die one by one, and the lowest identifier decides between equals', () => {
    const { node, two } = stage()
    two.send(update({ nlri: [`${P}#9`, `${P}#4`], localPref: 100 }))
    expect(node.best().get(P)).toMatchObject({ pathId: 4, decidedBy: 'path-id' })
    two.send(forget(4))
    expect(node.best().get(P)).toMatchObject({ pathId: 9, decidedBy: 'only-path' })
    expect(node.peer('10.0.0.2').families[0]).toMatchObject({ received: 1 })
    two.send(forget(4), forget(9))
    expect(held(node)).toEqual([])
  })

  test('each count towards a prefix limit', () => {
    const { two } = stage({ maxPrefixes: { ipv4: 2, warnPercent: 80, action: 'shutdown', restartSeconds: 1 } })
    two.send(say(1), say(2))
    expect(two.notification).toBeUndefined()
    two.send(say(3))
    expect(two.notification).toMatchObject({ code: 6, subcode: 1 })
  })

  test('that a restarted peer does not tell again go, one by one (RFC 4724, section 4.2)', () => {
    const { rack, node, two, three, join } = stage()
    two.close()
    const restarts = [64, 6, 0x80, 120, 0, 1, 1, 0x80]
    const first = join(2, [...both4and6(SEND), ...restarts]).send(say(1), say(2), endOfRib)
    const named = idOf(three, 1)
    first.close()
    rack.settle(5)
    expect(nextHops(three)).toEqual(['01', '02'])
    const again = join(2, [...both4and6(SEND), ...restarts]).send(say(1))
    expect(nextHops(three)).toEqual(['01', '02'])
    again.send(endOfRib)
    rack.settle(1)
    expect(held(node)).toEqual([`${P} 1`])
    expect(nextHops(three)).toEqual(['01'])
    expect(idOf(three, 1)).toBe(named)
  })

  test('not told between beginning and end of a refresh go (RFC 7313)', () => {
    const { rack, node, two, join } = stage()
    two.close()
    const one = join(2, [...both4and6(SEND), 70, 0]).send(say(1), say(2))
    one.send(message(5, 0, 1, 1, 1), say(2), message(5, 0, 1, 2, 1))
    rack.settle(1)
    expect(held(node)).toEqual([`${P} 2`])
  })

  test('may be used together (ECMP)', () => {
    const { node, two } = stage()
    node.apply({ maxPaths: 4 })
    two.send(update({ ...route(1, 0), nlri: [`${P}#1`] }), update({ ...route(2, 0), nlri: [`${P}#2`] }))
    const drained: string[][] = []
    node.speaker.feed.rewind()
    node.speaker.feed.drain(10, ({ paths }) => drained.push(paths.map(({ nextHop }) => nextHop)))
    expect(drained).toEqual([['10.0.1.1', '10.0.1.2']])
  })
})

describe('what a client is told', () => {
  test('all paths, also when it comes late or asks again, under the same identifiers', () => {
    const { two, three, join } = stage()
    two.send(say(1), say(2), say(3))
    const five = join(5, both4and6(RECEIVE))
    expect(nextHops(five)).toEqual(['01', '02', '03'])
    for (const id of [1, 2, 3]) expect(idOf(five, id)).toBe(idOf(three, id))
    const before = new Map(three.routes)
    three.routes.clear()
    three.send(refresh)
    expect(new Set(three.routes.keys())).toEqual(new Set(before.keys()))
    expect(five.received.filter((octets) => hex(octets) === hex(endOfRib))).toHaveLength(1)
  })

  test('a path whose attributes change keeps its identifier', () => {
    const { two, three } = stage()
    two.send(say(1), say(2))
    const named = idOf(three, 2)
    two.send(say(2, 77))
    expect(three.routes.get(`${P}#${named}`)?.get(4)).toBe('0000004d')
    expect(three.routes.size).toBe(2)
  })

  test('at most as many as it is to be sent: what falls behind is withdrawn, what takes its place is told', () => {
    const { two, three } = stage({}, 2)
    two.send(say(1, 10), say(2, 20), say(3, 30))
    expect(nextHops(three)).toEqual(['01', '02'])
    two.send(say(3, 5))
    expect(nextHops(three)).toEqual(['01', '03'])
    two.send(forget(1))
    expect(nextHops(three)).toEqual(['02', '03'])
  })

  test('never its own paths', () => {
    const { two, three, join } = stage()
    two.send(say(1))
    const four = join(4, both4and6(SEND | RECEIVE)).send(say(8), say(9))
    expect(nextHops(four)).toEqual(['01'])
    expect(nextHops(three)).toEqual(['01', '08', '09'])
  })

  test('another number takes effect on the running session, none ends it', () => {
    const { rack, node, two, three } = stage()
    two.send(say(1), say(2), say(3))
    const sending = (send: number) =>
      node.apply({
        peers: node.config.peers.map((one) =>
          one.name === '10.0.0.3' ? { ...one, addPath: { send, receive: false } } : one,
        ),
      })
    sending(2)
    rack.settle(1)
    expect(nextHops(three)).toEqual(['01', '02'])
    sending(1)
    rack.settle(1)
    expect(three.notification).toMatchObject({ code: 6, subcode: 6 })
  })

  test('is shown with our identifiers', () => {
    const { node, two, three } = stage()
    two.send(say(1), say(2))
    const { routes } = node.speaker.routes({ advertisedTo: '10.0.0.3' })
    expect(routes.map(({ pathId, nextHop, best }) => [String(pathId), nextHop, best])).toEqual(
      expect.arrayContaining([
        [idOf(three, 1), '10.0.1.1', true],
        [idOf(three, 2), '10.0.1.2', false],
      ]),
    )
    expect(node.peer('10.0.0.3').families[0]).toMatchObject({ advertised: 2 })
  })
})

test.each([4, 1000])('a change costs no more the more paths there are, at most %i of them told', (send) => {
  const cost = (paths: number) => {
    const { two } = stage({}, send)
    two.send(...Array.from({ length: paths }, (_, i) => say(i + 1)))
    const compared = vi.spyOn(Decision.prototype, 'compare')
    // A change of the last one, and its end.
    two.send(say(paths, paths + 1), forget(paths))
    const calls = compared.mock.calls.length
    vi.restoreAllMocks()
    return calls
  }
  expect(cost(400)).toBeLessThan(cost(100) * 4.5)
})
