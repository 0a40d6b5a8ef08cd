import { describe, expect, test } from 'vitest'
import { message, open, RawPeer, u32, update } from './raw-peer.ts'
import { peer, Rack } from './speakers.ts'

/** Prefix limits with the action discard, and limits that change under a session. */
function stage(action: 'discard' | 'shutdown' | 'warn', ipv4 = 3, capabilities?: number[]) {
  const warnings: string[] = []
  const rack = new Rack({ warn: (_, text) => warnings.push(text) })
  const limited = (limit: number, act = action) =>
    peer('10.0.0.2', {
      passive: true,
      maxPrefixes: { ipv4: limit, warnPercent: 100, action: act, restartSeconds: 60 },
    })
  const node = rack.speaker('10.0.0.1', { peers: [limited(ipv4)] })
  const raw = new RawPeer(rack, '10.0.0.2').establish(
    '10.0.0.1',
    open({ holdSeconds: 0, ...(capabilities && { capabilities }) }),
  )
  const tell = (...numbers: number[]) => raw.send(update({ nlri: numbers.map((n) => `20.${n}.0.0/16`) }))
  const forget = (...numbers: number[]) => raw.send(update({ withdrawn: numbers.map((n) => `20.${n}.0.0/16`) }))
  const held = () => node.prefixes().map((prefix) => Number(prefix.split('.')[1]))
  const family = () => node.peer('10.0.0.2').families[0]
  const asked = () => raw.received.filter((octets) => octets[18] === 5).map((octets) => [...octets.subarray(19)])
  const limit = (to: number) => node.apply({ peers: [limited(to)] })
  return { rack, node, raw, tell, forget, held, family, asked, limit, warnings }
}

describe('with the action discard', () => {
  test('what is over the limit is dropped, counted and warned of once; the session stays', () => {
    const { node, tell, held, family, warnings } = stage('discard')
    tell(1, 2, 3, 4)
    tell(5, 6)
    expect([held(), family()?.overLimit, node.peer('10.0.0.2').state]).toEqual([[1, 2, 3], 3, 'Established'])
    expect(warnings.filter((text) => text.includes('dropped'))).toHaveLength(1)
  })

  test('what is held may change', () => {
    const { raw, node, tell } = stage('discard')
    tell(1, 2, 3, 4)
    raw.send(update({ nlri: ['20.1.0.0/16', '20.9.0.0/16'], med: 5 }))
    expect(node.best().get('20.1.0.0/16')).toMatchObject({ med: 5 })
    expect(node.best().has('20.9.0.0/16')).toBe(false)
  })

  test('room that appears is used: everything is asked for again, not more often than every ten seconds', () => {
    const { rack, tell, forget, held, family, asked } = stage('discard')
    tell(1, 2, 3, 4, 5)
    forget(1)
    expect(asked()).toEqual([])
    rack.settle(11)
    expect(asked()).toEqual([[0, 1, 0, 1]])
    tell(2, 3, 4, 5)
    expect([held(), family()?.overLimit]).toEqual([[2, 3, 4], 1])
    forget(2)
    tell(6)
    rack.settle(11)
    expect([held(), asked().length]).toEqual([[3, 4, 6], 1])
  })

  test('a peer that cannot tell again is not asked', () => {
    const { rack, tell, forget, asked } = stage('discard', 3, [1, 4, 0, 1, 0, 1, 65, 4, ...u32(65000)])
    tell(1, 2, 3, 4, 5)
    forget(1)
    rack.settle(30)
    expect(asked()).toEqual([])
  })

  test('a limit that is lowered takes what is over it, one that is raised lets it in again', () => {
    const { rack, tell, held, family, asked, limit } = stage('discard')
    tell(1, 2, 3)
    limit(1)
    rack.settle(1)
    expect([held().length, family()?.overLimit]).toEqual([1, 2])
    limit(4)
    rack.settle(11)
    expect(asked()).toHaveLength(1)
    tell(1, 2, 3)
    expect([held(), family()?.overLimit]).toEqual([[1, 2, 3], undefined])
  })

  test('IPv6 has a limit of its own', () => {
    const rack = new Rack()
    const maxPrefixes = { ipv6: 1, warnPercent: 100, action: 'discard', restartSeconds: 60 } as const
    const node = rack.speaker('10.0.0.1', { peers: [peer('10.0.0.2', { passive: true, maxPrefixes })] })
    const both = [1, 4, 0, 1, 0, 1, 1, 4, 0, 2, 0, 1, 65, 4, ...u32(65000)]
    const raw = new RawPeer(rack, '10.0.0.2').establish('10.0.0.1', open({ capabilities: both }))
    const nextHop = [0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]
    const reach = [0, 2, 1, 16, ...nextHop, 0, 32, 0x20, 1, 0xd, 0xb8, 32, 0x20, 1, 0xd, 0xb9]
    const attributes = [0x40, 1, 1, 0, 0x40, 2, 0, 0x80, 14, reach.length, ...reach]
    raw.send(message(2, 0, 0, 0, attributes.length, ...attributes), update({ nlri: ['20.0.0.0/8', '21.0.0.0/8'] }))
    expect(node.prefixes()).toEqual(['20.0.0.0/8', '2001:db8::/32', '21.0.0.0/8'])
  })
})

test('a limit that is lowered below what is there ends the session at once, where that is the action', () => {
  const { rack, node, raw, tell, limit } = stage('shutdown', 10)
  tell(1, 2, 3, 4)
  limit(3)
  rack.clock.runUntilIdle()
  expect(raw.notification).toEqual({ code: 6, subcode: 1, data: '00010100000003' })
  expect(node.peer('10.0.0.2').idleReason).toContain('more than 3')
})

test('one source has one connection that is not up yet, however many it opens', () => {
  const { rack } = stage('warn')
  const many = Array.from({ length: 50 }, () => new RawPeer(rack, '10.0.0.2').dial('10.0.0.1'))
  rack.clock.runUntilIdle()
  expect(many.filter(({ closed }) => !closed)).toHaveLength(1)
})
