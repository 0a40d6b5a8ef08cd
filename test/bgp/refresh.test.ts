import { describe, expect, test } from 'vitest'
import { message, open, RawPeer, u32, update } from './raw-peer.ts'
import { own, peer, Rack } from './speakers.ts'

/** Enhanced route refresh (RFC 7313): capability 70, BoRR is subtype 1, EoRR subtype 2. */
const base = [1, 4, 0, 1, 0, 1, 2, 0, 65, 4, ...u32(65000)]
const enhanced = [...base, 70, 0]
const restartable = [...enhanced, 64, 6, 0, 120, 0, 1, 1, 0x80]
const refresh = (subtype: number, ...rest: number[]) => message(5, 0, 1, subtype, 1, ...rest)
const [ask, begin, end] = [refresh(0), refresh(1), refresh(2)]
const endOfRib = message(2, 0, 0, 0, 0)

function stage(capabilities = enhanced) {
  const rack = new Rack()
  const node = rack.speaker('10.0.0.1', {
    gracefulRestart: { restartSeconds: 120 },
    peers: [peer('10.0.0.2', { passive: true, originationSet: 'own' })],
    originationSets: own('10.1.0.0/24', '10.2.0.0/24'),
  })
  const raw = new RawPeer(rack, '10.0.0.2').establish('10.0.0.1', open({ capabilities }))
  const learned = () => node.prefixes().filter((prefix) => prefix.startsWith('2'))
  const tell = (...nlri: string[]) => raw.send(update({ nlri }))
  /** What came since: `U` an UPDATE with routes, `E` End-of-RIB, `0`, `1`, `2` refreshes. */
  const said = (from: number) =>
    raw.received
      .slice(from)
      .map((octets) => (octets[18] === 5 ? octets[21] : octets[18] !== 2 ? '.' : octets.length === 23 ? 'E' : 'U'))
      .join('')
      .replaceAll('.', '')
  return { rack, node, raw, learned, tell, said }
}

describe('asked by the peer', () => {
  test('everything is told again between a beginning and an end', () => {
    const { raw, said } = stage()
    expect(raw.received.map((octets) => octets[18])).toContain(2)
    expect(Buffer.from(raw.received[0]!).toString('hex')).toContain('4600')
    const before = raw.received.length
    raw.routes.clear()
    raw.send(ask)
    expect(said(before)).toBe('1U2')
    expect([...raw.routes.keys()].sort()).toEqual(['10.1.0.0/24', '10.2.0.0/24'])
  })

  test('a peer that has no beginnings and ends gets none', () => {
    const { raw, said } = stage(base)
    const before = raw.received.length
    raw.send(ask)
    expect(said(before)).toBe('U')
  })

  test('asked three times at once, it is done for the first and once more', () => {
    const { raw, said, rack } = stage()
    const before = raw.received.length
    raw.write(ask, ask, ask)
    rack.clock.runUntilIdle()
    expect(said(before)).toBe('1U21U2')
  })

  test('none begins before the End-of-RIB', () => {
    const rack = new Rack()
    rack.speaker(
      '10.0.0.1',
      { peers: [peer('10.0.0.2', { passive: true }), peer('10.0.0.3')], gracefulRestart: { restartSeconds: 120 } },
      { restarting: true },
    )
    const raw = new RawPeer(rack, '10.0.0.2').establish('10.0.0.1', open({ capabilities: enhanced, holdSeconds: 0 }))
    raw.send(ask)
    expect(raw.types().filter((type) => type === 5)).toEqual([])
    rack.settle(61)
    expect(raw.types().filter((type) => type === 2 || type === 5)).toEqual([2, 5, 5])
  })
})

describe('told by the peer', () => {
  test('what is not told again is gone at the end, and not before', () => {
    const { raw, learned, tell } = stage()
    tell('20.0.0.0/8', '21.0.0.0/8')
    raw.send(begin)
    tell('21.0.0.0/8', '22.0.0.0/8')
    expect(learned()).toEqual(['20.0.0.0/8', '21.0.0.0/8', '22.0.0.0/8'])
    raw.send(end)
    expect(learned()).toEqual(['21.0.0.0/8', '22.0.0.0/8'])
  })

  test('begun twice, only what came after the second time stays', () => {
    const { rack, raw, learned, tell } = stage()
    tell('20.0.0.0/8', '21.0.0.0/8')
    raw.send(begin)
    tell('20.0.0.0/8')
    rack.settle(2)
    raw.send(begin)
    tell('21.0.0.0/8')
    raw.send(end)
    expect(learned()).toEqual(['21.0.0.0/8'])
  })

  test('an end without a beginning means nothing', () => {
    const { raw, learned, tell } = stage()
    tell('20.0.0.0/8')
    raw.send(end)
    expect(learned()).toEqual(['20.0.0.0/8'])
  })

  test('one without an end is ended for it', () => {
    const { rack, raw, learned, tell } = stage([...enhanced])
    tell('20.0.0.0/8', '21.0.0.0/8')
    raw.send(begin)
    tell('21.0.0.0/8')
    for (let second = 0; second < 610; second += 20) {
      rack.settle(20)
      raw.send(message(4))
    }
    expect(learned()).toEqual(['21.0.0.0/8'])
  })

  test('it means nothing before the End-of-RIB of a peer that sends one', () => {
    const { raw, learned, tell } = stage(restartable)
    tell('20.0.0.0/8')
    raw.send(begin, end)
    expect(learned()).toEqual(['20.0.0.0/8'])
    raw.send(endOfRib, begin, end)
    expect(learned()).toEqual([])
  })

  test('nor from a peer that has not agreed to it', () => {
    const { raw, node, learned, tell } = stage(base)
    tell('20.0.0.0/8')
    raw.send(begin, end)
    expect([learned(), node.peer('10.0.0.2').state]).toEqual([['20.0.0.0/8'], 'Established'])
  })

  test('a peer that is lost in the middle of one restarts with all it had', () => {
    const { rack, raw, learned, tell } = stage(restartable)
    tell('20.0.0.0/8', '21.0.0.0/8')
    raw.send(endOfRib, begin)
    tell('21.0.0.0/8')
    raw.close()
    rack.settle(10)
    expect(learned()).toEqual(['20.0.0.0/8', '21.0.0.0/8'])
  })

  test('a thousand beginnings and ends in one second cost one walk over the routes', () => {
    const { raw, learned, tell, rack } = stage()
    tell('20.0.0.0/8')
    for (let i = 0; i < 1000; i++) raw.write(end, begin)
    rack.clock.runUntilIdle()
    raw.send(end)
    // Those that came too soon make nothing stale, so nothing is lost by them.
    expect(learned()).toEqual([])
    tell('20.0.0.0/8')
    raw.send(begin, end)
    expect(learned()).toEqual(['20.0.0.0/8'])
  })
})

describe('errors (RFC 7313, section 5)', () => {
  test.each([
    ['a beginning', refresh(1, 7)],
    ['an end', refresh(2, 7)],
    ['a message without a body', message(5)],
  ])('%s of a wrong length is 7/1, with the whole message', (_, octets) => {
    const { raw } = stage()
    raw.send(octets)
    expect(raw.notification).toEqual({ code: 7, subcode: 1, data: Buffer.from(octets).toString('hex') })
  })

  test('without the agreement a short one is 1/2', () => {
    const { raw } = stage(base)
    raw.send(message(5))
    expect(raw.notification).toEqual({ code: 1, subcode: 2, data: '0013' })
  })

  test('unknown subtypes are ignored, whatever their length', () => {
    const { raw, node } = stage()
    raw.send(refresh(3), refresh(8, 1, 2, 3))
    expect(node.peer('10.0.0.2').state).toBe('Established')
  })
})
