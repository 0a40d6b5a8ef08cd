import { describe, expect, test } from 'vitest'
import type { SpeakerConfig } from '../../bgp/contract.ts'
import { message, open, RawPeer, u32, update } from './raw-peer.ts'
import { peer, Rack } from './speakers.ts'

/** 10.0.0.2 restarts; 10.0.0.3 knows long-lived graceful restart (RFC 9494), 10.0.0.4 does not; both look on. */
const base = [1, 4, 0, 1, 0, 1, 65, 4, ...u32(65000)]
const restart = (flags: number, seconds = 120, kept = true) => [
  ...[64, 6, flags | (seconds >> 8), seconds & 0xff, 0, 1, 1, kept ? 0x80 : 0],
]
const longLived = (seconds: number, kept = true) => [
  ...[71, 7, 0, 1, 1, kept ? 0x80 : 0, seconds >> 16, (seconds >> 8) & 0xff, seconds & 0xff],
]
const N = 0x40
const R = 0x80
const endOfRib = message(2, 0, 0, 0, 0)
const LLGR_STALE = 'ffff0006'
const NO_LLGR = 0xffff0007

function stage(capabilities: readonly number[], gracefulRestart: SpeakerConfig['gracefulRestart']) {
  const rack = new Rack()
  const node = rack.speaker('10.0.0.1', {
    ...(gracefulRestart && { gracefulRestart }),
    peers: [2, 3, 4].map((n) => peer(`10.0.0.${n}`, { passive: true, routeReflectorClient: n === 2 })),
  })
  const join = (n: number, more: readonly number[]) =>
    new RawPeer(rack, `10.0.0.${n}`).establish(
      '10.0.0.1',
      open({ identifier: [10, 0, 0, n], holdSeconds: 0, capabilities: [...base, ...more] }),
    )
  const knows = join(3, [...restart(0), 71, 0])
  const doesNot = join(4, [])
  const first = join(2, capabilities)
  first.send(update({ nlri: ['20.0.0.0/8', '21.0.0.0/8'] }))
  first.send(update({ nlri: ['22.0.0.0/8'], communities: [NO_LLGR] }), endOfRib)
  const told = (to: RawPeer) => [...to.routes.keys()].sort()
  const communities = (to: RawPeer) => [...new Set([...to.routes.values()].map((attributes) => attributes.get(8)))]
  return { rack, node, join, knows, doesNot, first, told, communities }
}

const both = { restartSeconds: 120, longLivedStaleSeconds: 3600 }
const all = ['20.0.0.0/8', '21.0.0.0/8', '22.0.0.0/8']
const kept = ['20.0.0.0/8', '21.0.0.0/8']

describe('what is offered', () => {
  const capability = (gracefulRestart: SpeakerConfig['gracefulRestart']) => {
    const { first } = stage([...restart(0), ...longLived(10)], gracefulRestart)
    return Buffer.from(first.received[0]!).toString('hex')
  }

  test('the stale time of each family; none, but the knowledge, where there is no time; nothing without restart', () => {
    expect(capability(both)).toContain('470e' + '00010100000e10' + '00020100000e10')
    expect(capability({ restartSeconds: 120 })).toMatch(/4700/)
    expect(capability(undefined)).not.toMatch(/4700|470e/)
  })

  test('all is shown', () => {
    const { node } = stage([...restart(N), ...longLived(70_000)], both)
    const { sent, received } = node.peer('10.0.0.2').capabilities!
    expect(sent).toContain('long-lived-graceful-restart ipv4-unicast 3600 s ipv6-unicast 3600 s')
    expect(received).toContain('long-lived-graceful-restart ipv4-unicast 70000 s')
  })
})

describe('a peer that is away longer than its restart time', () => {
  test('keeps its routes, marked, where that is understood, until the stale time is over', () => {
    const { rack, node, knows, doesNot, first, told, communities } = stage([...restart(0), ...longLived(600)], both)
    first.close()
    rack.settle(119)
    expect([told(knows), told(doesNot)]).toEqual([all, all])
    expect(communities(knows)).not.toContain(LLGR_STALE)
    rack.settle(2)
    expect([told(knows), told(doesNot)]).toEqual([kept, []])
    expect(communities(knows)).toEqual([LLGR_STALE])
    expect(node.best().get('20.0.0.0/8')).toMatchObject({ stale: true, communities: ['llgr-stale'] })
    rack.settle(597)
    expect(told(knows)).toEqual(kept)
    rack.settle(4)
    expect([told(knows), node.prefixes()]).toEqual([[], []])
  })

  test('not longer than we say, and not at all when we say nothing', () => {
    const short = stage([...restart(0), ...longLived(600)], { restartSeconds: 120, longLivedStaleSeconds: 60 })
    short.first.close()
    short.rack.settle(150)
    expect(short.node.prefixes()).toEqual(kept)
    short.rack.settle(60)
    expect(short.node.prefixes()).toEqual([])
    const never = stage([...restart(0), ...longLived(600)], { restartSeconds: 120 })
    never.first.close()
    never.rack.settle(121)
    expect(never.node.prefixes()).toEqual([])
  })

  test('at once when its restart time is zero', () => {
    const { rack, first, knows, told, communities } = stage([...restart(0, 0), ...longLived(600)], both)
    first.close()
    rack.settle(1)
    expect([told(knows), communities(knows)]).toEqual([kept, [LLGR_STALE]])
  })

  test('is the last choice: any route that is not stale replaces its routes (section 4.3)', () => {
    const { rack, node, first, knows } = stage([...restart(0, 0), ...longLived(600)], both)
    first.close()
    rack.settle(1)
    knows.send(update({ nlri: ['20.0.0.0/8'], localPref: 1, asPath: [1, 2, 3, 4], nextHop: [10, 0, 0, 3] }))
    expect(node.best().get('20.0.0.0/8')).toMatchObject({ from: '10.0.0.3', decidedBy: 'not-stale' })
    expect(node.best().get('21.0.0.0/8')).toMatchObject({ from: '10.0.0.2', decidedBy: 'only-path' })
  })

  test('tells again what it has, and the rest goes with its End-of-RIB', () => {
    const { rack, node, first, join, knows, doesNot, told, communities } = stage(
      [...restart(0), ...longLived(600)],
      both,
    )
    first.close()
    rack.settle(200)
    const second = join(2, [...restart(R), ...longLived(600)])
    second.send(update({ nlri: ['21.0.0.0/8'] }))
    expect(node.prefixes()).toEqual(kept)
    expect(told(doesNot)).toEqual(['21.0.0.0/8'])
    second.send(endOfRib)
    expect([told(knows), communities(knows)]).toEqual([['21.0.0.0/8'], [undefined]])
    expect(node.best().get('21.0.0.0/8')).toMatchObject({ stale: false, communities: [] })
    rack.settle(1000)
    expect(node.prefixes()).toEqual(['21.0.0.0/8'])
  })

  test.each([
    ['did not keep forwarding', [...restart(R), ...longLived(600, false)]],
    ['says nothing of long-lived routes any more', restart(R)],
    ['takes no part in restarts any more', []],
  ])('loses them at once when it comes back and %s', (_, capabilities) => {
    const { rack, node, first, join } = stage([...restart(0), ...longLived(600)], both)
    first.close()
    rack.settle(200)
    join(2, capabilities)
    rack.clock.runUntilIdle()
    expect(node.prefixes()).toEqual([])
  })

  test('lost again and again, it has no more time than the first time', () => {
    const { rack, node, first, join } = stage([...restart(0, 10), ...longLived(600)], both)
    first.close()
    for (let i = 0; i < 10; i++) {
      rack.settle(50)
      join(2, [...restart(R, 10), ...longLived(600)]).close()
    }
    expect(node.prefixes()).toEqual(kept)
    rack.settle(120)
    expect(node.prefixes()).toEqual([])
  })
})

describe('with partial deployment (section 4.6)', () => {
  const partial = { ...both, longLivedPartialDeployment: true }

  test('internal peers that do not know of it get the routes with LOCAL_PREF 0 and NO_EXPORT, the others as they are', () => {
    const { rack, first, join, knows, doesNot, told } = stage([...restart(0, 0), ...longLived(600)], partial)
    first.close()
    rack.settle(1)
    expect([told(knows), told(doesNot)]).toEqual([kept, kept])
    const seen = (by: RawPeer) => [5, 8].map((code) => by.routes.get('20.0.0.0/8')?.get(code))
    expect(seen(knows)).toEqual(['00000064', LLGR_STALE])
    expect(seen(doesNot)).toEqual(['00000000', `${LLGR_STALE}ffffff01`])
    const second = join(2, [...restart(R), ...longLived(600)])
    second.send(update({ nlri: kept }), endOfRib)
    expect(seen(doesNot)).toEqual(['00000064', undefined])
    expect(told(doesNot)).toEqual(kept)
  })

  test('external peers that do not know of it lose them; a change of mind is told at once', () => {
    const { rack, node, first, doesNot, told } = stage([...restart(0, 0), ...longLived(600)], partial)
    const outside = peer('10.0.0.5', { passive: true, remoteAsn: 65005, exportPolicies: ['all'] })
    const policies = [{ name: 'all', rules: [], defaultAction: 'accept' }] as const
    node.apply({ policies, peers: [...node.config.peers, outside] })
    const external = new RawPeer(rack, '10.0.0.5').establish(
      '10.0.0.1',
      open({ asn: 65005, identifier: [10, 0, 0, 5] }),
    )
    expect(told(external)).toEqual(all)
    first.close()
    rack.settle(1)
    expect([told(external), told(doesNot)]).toEqual([[], kept])
    node.apply({ gracefulRestart: both })
    rack.settle(1)
    expect(told(doesNot)).toEqual([])
    node.apply({ gracefulRestart: partial })
    rack.settle(1)
    expect(doesNot.routes.get('20.0.0.0/8')?.get(5)).toBe('00000000')
  })
})

describe('a route that came with LLGR_STALE', () => {
  test('is the last choice, keeps the community, and goes to nobody who does not know it', () => {
    const { node, knows, doesNot, first } = stage([...restart(0), 71, 0], { restartSeconds: 120 })
    first.send(update({ nlri: ['30.0.0.0/8'], localPref: 900, communities: [0xffff0006] }))
    expect(knows.routes.get('30.0.0.0/8')?.get(8)).toBe(LLGR_STALE)
    expect(doesNot.routes.has('30.0.0.0/8')).toBe(false)
    knows.send(update({ nlri: ['30.0.0.0/8'], localPref: 1 }))
    expect(node.best().get('30.0.0.0/8')).toMatchObject({ from: '10.0.0.3' })
  })

  test('two of them are compared as any other two', () => {
    const { node, knows, first } = stage([...restart(0), 71, 0], both)
    first.send(update({ nlri: ['30.0.0.0/8'], localPref: 1, communities: [0xffff0006] }))
    knows.send(update({ nlri: ['30.0.0.0/8'], localPref: 900, communities: [0xffff0006] }))
    expect(node.best().get('30.0.0.0/8')).toMatchObject({ from: '10.0.0.3', decidedBy: 'local-preference' })
  })
})

describe('a NOTIFICATION (RFC 8538)', () => {
  const left = (capabilities: readonly number[], octets: Uint8Array) => {
    const { rack, node, first } = stage(capabilities, { restartSeconds: 120 })
    first.send(octets)
    rack.settle(1)
    return node.prefixes()
  }

  test('is a restart when both sides say so, whatever it says', () => {
    expect(left(restart(N), message(3, 6, 4))).toEqual(all)
    expect(left(restart(N), message(3, 3, 1))).toEqual(all)
    expect(left(restart(0), message(3, 6, 4))).toEqual([])
  })

  test('is none when it is a Hard Reset; what that says is shown', () => {
    expect(left(restart(N), message(3, 6, 9, 6, 2, 4, ...Buffer.from('away')))).toEqual([])
    const { node, first } = stage(restart(N), { restartSeconds: 120 })
    first.send(message(3, 6, 9, 6, 2, 4, ...Buffer.from('away')))
    expect(node.peer('10.0.0.2').lastError).toMatchObject({
      code: 6,
      subcode: 9,
      text: expect.stringMatching(/Hard Reset.*Administrative Shutdown: "away"/),
    })
    expect(left(restart(N), message(3, 6, 9))).toEqual([])
  })

  test('that we send for an error of the peer keeps its routes', () => {
    const { rack, node, first } = stage(restart(N), { restartSeconds: 120 })
    first.send(message(2, 0, 9, 0, 0))
    expect(first.notification).toMatchObject({ code: 3, subcode: 1 })
    rack.settle(1)
    expect(node.prefixes()).toEqual(all)
  })

  test('of ours that is to last is a Hard Reset with the real one inside, where it is understood', () => {
    for (const [flags, expected] of [
      [N, { code: 6, subcode: 9, data: '060203627965' }],
      [0, { code: 6, subcode: 2, data: '03627965' }],
    ] as const) {
      const { rack, node, first } = stage(restart(flags), { restartSeconds: 120 })
      const peers = node.config.peers.map((one) => ({ ...one, shutdown: { message: 'bye' } }))
      node.apply({ peers })
      rack.settle(1)
      expect(first.notification).toEqual(expected)
      expect(node.prefixes()).toEqual([])
    }
  })

  test('too many prefixes are no restart', () => {
    const { rack, node, first } = stage(restart(N), { restartSeconds: 120 })
    const maxPrefixes = { ipv4: 3, warnPercent: 100, action: 'restart', restartSeconds: 60 } as const
    node.apply({ peers: node.config.peers.map((one) => ({ ...one, maxPrefixes })) })
    first.send(update({ nlri: ['23.0.0.0/8'] }))
    expect(first.notification).toEqual({ code: 6, subcode: 9, data: '0601' + '00010100000003' })
    rack.settle(1)
    expect(node.prefixes()).toEqual([])
  })

  test('stale twice, routes stay, but not longer than two restart times and some', () => {
    const { rack, node, first, join } = stage(restart(N, 60), { restartSeconds: 120 })
    first.send(message(3, 6, 4))
    for (let second = 50; second < 150; second += 50) {
      rack.settle(50)
      join(2, restart(R | N, 60)).send(message(3, 6, 4))
    }
    expect(node.prefixes()).toEqual(all)
    rack.settle(55)
    expect(node.prefixes()).toEqual([])
  })

  test('a hold time that is over is a restart too', () => {
    const rack = new Rack()
    const node = rack.speaker('10.0.0.1', {
      gracefulRestart: { restartSeconds: 120 },
      peers: [peer('10.0.0.2', { passive: true })],
    })
    const raw = new RawPeer(rack, '10.0.0.2').establish(
      '10.0.0.1',
      open({ holdSeconds: 9, capabilities: [...base, ...restart(N)] }),
    )
    raw.send(update({ nlri: ['20.0.0.0/8'] }))
    rack.settle(20)
    expect(raw.notification).toMatchObject({ code: 4 })
    expect(node.best().get('20.0.0.0/8')).toMatchObject({ stale: true })
  })
})

test('after a session of the same process forwarding is said to be kept, before the first it is not', () => {
  const { join, doesNot } = stage(restart(N), { restartSeconds: 120 })
  const said = [doesNot, join(4, [])].map((raw) => Buffer.from(raw.received[0]!).toString('hex'))
  expect(said[0]).toContain('400a4078' + '00010100' + '00020100')
  expect(said[1]).toContain('400a4078' + '00010180' + '00020180')
})
